"""A host for one session, written from docs/protocols/olcp.md alone.

`python -m tests.protocols.stranger_client PORT --seed HEX --pulses N` prints one JSON line for each
step, tells the person when to press READY and to step on the pedal, and ends with LOCK and a
result.
"""

from __future__ import annotations

import argparse
import hashlib
import secrets
import struct
import sys
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.protocols import stranger_host as host
from tests.protocols import stranger_settings as settings
from tests.protocols import stranger_wire as wire
from tests.protocols.stranger_permit import KINDS, Permit, key_id, public_bytes, sign
from tests.protocols.stranger_wire import ARMING, EMITTING, LOCKED, READY, STANDBY

BEAT_S = 0.1
HOST_SETTINGS = 1 << 1


class Failed(Exception):
    """The session cannot go on; the argument says why."""


def say(step: str, **told: object) -> None:
    """Print one step as a line of JSON."""
    shown = {n: value.hex() if isinstance(value, bytes) else value for n, value in told.items()}
    wire.tell_person(step=step, **shown)


class Session:
    """One session from identification to LOCK."""

    def __init__(self, console: host.Host, key: Ed25519PrivateKey, energy_uj: int | None) -> None:
        self.console, self.key, self.energy_uj = console, key, energy_uj
        self.seen_event, self.next_report = 0, 1
        self.reports: list[host.Report] = []
        self.events: list[host.Event] = []
        self.beats = self.unread = 0

    # --- before light

    def identify(self) -> None:
        """Ask what the console is, and take it for unlocked until it is LOCKED by its own word."""
        status = self.console.status()
        if not status.locked:
            _, status = self.console.lock()
        if status.state != LOCKED or not status.locked:
            raise Failed(f"not LOCKED: state {status.state}, faults {status.faults:08x}")
        self.ident = host.read_ident(self.console.ask("IDENT"))
        say("identified", **self.ident)
        self.caps = host.read_caps(self.console.ask("CAPS"))
        say(
            "capabilities",
            **{name: value for name, value in self.caps.items() if name != "parameters"},
        )
        self.tip = host.read_tip(self.console.ask("TIP"))
        say("tip", **self.tip)
        self.counted = host.read_counters(self.console.ask("COUNTERS"))
        say("counters", **self.counted)
        time_told = wire.Fields(self.console.ask("TIME"))
        if time_told.raw(16) != self.ident["boot_id"]:
            raise Failed("TIME and IDENT tell of different boots")
        self.next_report = status.next_report
        self.seen_event = max(0, status.next_event - 1 - 40)
        self.read_events()
        self.console.ask("EVENTS_ACK", struct.pack("<Q", self.seen_event))
        say("events", seen=self.seen_event, names=[event.event for event in self.events])

    def choose_settings(self) -> None:
        """Propose and commit settings, and look that what is in force is what was named."""
        payload = self.console.ask("SETTINGS_READ")
        self.block = settings.read_block(payload[32:])
        energy = self.energy_uj or self.block.values[settings.ENERGY]
        if self.caps["flags"] & HOST_SETTINGS:
            asked = struct.pack("<BBI", 1, settings.ENERGY, energy)
            payload = self.console.ask("SETTINGS_PROPOSE", asked)
            proposal, settings_id, told = payload[:4], payload[4:36], payload[36:]
            if hashlib.sha256(told).digest() != settings_id:
                raise Failed("the proposal's settings_id is not that of its block")
            self.console.ask("SETTINGS_COMMIT", proposal + settings_id)
            payload = self.console.ask("SETTINGS_READ")
            if payload != settings_id + told:
                raise Failed("what is in force is not what was committed")
        self.settings_id, self.block = payload[:32], settings.read_block(payload[32:])
        if self.block.id != self.settings_id:
            raise Failed("settings_id is not SHA-256 of the block")
        say("settings", settings_id=self.settings_id, energy_uj=self.block.values[settings.ENERGY])

    def unlock(self, kind: str, max_pulses: int, seconds: int) -> None:
        """Ask a challenge, sign a permit over it, and be in STANDBY."""
        challenge = wire.Fields(self.console.ask("CHALLENGE"))
        nonce, boot_id = challenge.raw(16), challenge.raw(16)
        if boot_id != self.ident["boot_id"]:
            raise Failed("the console has booted since it was identified")
        permit = Permit(
            key_id=key_id(public_bytes(self.key)),
            boot_id=boot_id,
            nonce=nonce,
            permit_id=secrets.token_bytes(16),
            session_hash=hashlib.sha256(b"a stranger's session").digest(),
            person_hash=hashlib.sha256(secrets.token_bytes(16) + b"a stranger").digest(),
            kind=KINDS[kind],
            duration_s=seconds,
            lease_ms=min(max(1000, self.caps["lease_min_ms"]), self.caps["lease_max_ms"]),
            max_energy_uj=self.block.values[settings.ENERGY],
            max_pulses=max_pulses,
            wavelengths=(self.block.values.get(settings.WAVELENGTH, self.caps["wavelengths"][0]),),
            handpieces=(self.tip["handpiece"],),
            device_serial=self.ident["serial"],
        )
        answer = wire.Fields(self.console.ask("PERMIT", sign(permit, self.key)))
        if answer.raw(16) != permit.permit_id:
            raise Failed("another permit was accepted")
        self.permit_id = permit.permit_id
        say("permit", ends_clock_ms=answer.number(8), lease_ms=answer.number(2))
        self.status = self.console.status()
        if self.status.state != STANDBY:
            raise Failed(f"not STANDBY but {self.status.state}")

    def begin_check(self, pulses: int) -> None:
        """Begin an energy check, without which the READY key is dead under its kind of permit."""
        self.status = host.read_status(self.console.ask("CHECK_BEGIN", bytes((pulses,))))
        say("check begun", pulses=pulses, in_progress=bool(self.status.inputs >> 15 & 1))

    def end_check(self) -> None:
        """Say STANDBY, and ask what the console counted and measured."""
        self.console.ask("STANDBY")
        fields = wire.Fields(self.console.ask("CHECK_END"))
        told = [(fields.number(4), fields.number(4)) for _ in range(fields.number(1))]
        say("check ended", pulses=told)

    # --- the lease

    def read_events(self) -> None:
        """Read all events that were not read yet, each once."""
        while True:
            asked = struct.pack("<QB", self.seen_event + 1, host.MOST_EVENTS)
            oldest, following, events = host.read_events(self.console.ask("EVENTS_READ", asked))
            for event in events:
                if event.number != self.seen_event + 1 and event.number != oldest:
                    raise Failed(f"event {self.seen_event + 1} is missing")
                self.seen_event = event.number
                self.events.append(event)
            if not events or self.seen_event + 1 >= following:
                return

    def read_reports(self) -> None:
        """Read all reports that were not read yet."""
        while self.next_report < self.status.next_report:
            asked = struct.pack("<QB", self.next_report, host.MOST_REPORTS)
            _, _, reports = host.read_reports(self.console.ask("REPORTS_READ", asked))
            if not reports or reports[0].number != self.next_report:
                raise Failed(f"report {self.next_report} is missing")
            for report in reports:
                self.reports.append(report)
                pulses = (report.first_pulse, report.last_pulse)
                say("report", number=report.number, pulses=pulses, outcome=report.outcome)
            self.next_report = reports[-1].number + 1

    def beat(self) -> None:
        """Read what the last STATUS told of, then beat; an answer that is lost costs one STATUS."""
        if self.seen_event + 1 < self.status.next_event:
            self.read_events()
        payload = self.status.nonce + struct.pack("<Q", self.seen_event) + self.settings_id
        try:
            self.status = host.read_status(self.console.ask("BEAT", payload))
            self.beats += 1
        except (host.Unanswered, host.ErrorAnswer) as why:
            self.unread += 1
            say("beat failed", why=str(why))
            self.status = self.console.status()

    def treat(self, pulses: int, seconds: float) -> None:
        """Keep the lease until so many reports have come, or the time is over."""
        self.beat()
        say("press READY now", lease_left_ms=self.status.lease_left_ms)
        ends, due, state = time.monotonic() + seconds, time.monotonic(), self.status.state
        while len(self.reports) < pulses and time.monotonic() < ends:
            self.beat()
            self.read_reports()
            if self.status.state != state:
                state = self.status.state
                say("state", state=wire.STATES[state])
                if state == READY:
                    say("press the footswitch now")
            if state not in (STANDBY, ARMING, READY, EMITTING):
                return
            due = max(due + BEAT_S, time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))

    # --- after light

    def finish(self) -> dict:
        """STANDBY, LOCK, read all back, and look whether it agrees."""
        try:
            self.status = host.read_status(self.console.ask("STANDBY"))
            say("standby", state=wire.STATES[self.status.state])
        finally:
            told, self.status = self.console.lock()
        say(
            "locked",
            answered=told is not None,
            state=wire.STATES[self.status.state],
            locked=self.status.locked,
        )
        self.read_events()
        self.read_reports()
        self.console.ask("EVENTS_ACK", struct.pack("<Q", self.seen_event))
        counted = host.read_counters(self.console.ask("COUNTERS"))
        made = counted["pulses"] - self.counted["pulses"]
        reported = sum(report.last_pulse - report.first_pulse + 1 for report in self.reports)
        expected = self.counted["pulses"] + 1
        unbroken = True
        for report in self.reports:
            unbroken = unbroken and report.first_pulse == expected
            expected = report.last_pulse + 1
        own = all(
            r.permit == self.permit_id[:8] and r.settings == self.settings_id[:8]
            for r in self.reports
        )
        return {
            "reports": len(self.reports),
            "pulses_counted": made,
            "pulses_reported": reported,
            "agrees": made == reported and unbroken and self.status.pulses == counted["pulses"],
            "of_this_session": own,
            "locked": self.status.locked,
            "beats": self.beats,
            "beats_failed": self.unread,
            "events": [event.event for event in self.events],
        }


def run(port: str, seed: str, asked: argparse.Namespace) -> dict:
    """Hold one session on a port; whatever happens, LOCK is said before the port is closed."""
    console = host.Host(port)
    session = Session(
        console, Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed)), asked.energy_uj
    )
    try:
        session.identify()
        session.choose_settings()
        session.unlock(asked.kind, asked.max_pulses, int(asked.seconds) + 60)
        if asked.kind == "energy_check":
            session.begin_check(asked.pulses)
        session.treat(asked.pulses, asked.seconds)
        if asked.kind == "energy_check":
            session.end_check()
        result = session.finish()
        return {
            "complete": result["reports"] >= asked.pulses and result["agrees"] and result["locked"],
            **result,
        }
    except (Failed, host.ErrorAnswer, host.Unanswered) as why:
        _, status = console.lock()
        return {"complete": False, "why": str(why) or type(why).__name__, "locked": status.locked}
    finally:
        console.close()


def main(arguments: list[str] | None = None) -> int:
    """Hold one session and print its result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port")
    parser.add_argument("--seed", required=True, help="the Ed25519 seed, 32 bytes in hex")
    parser.add_argument("--pulses", type=int, default=1, help="how many reports to wait for")
    parser.add_argument("--seconds", type=float, default=60, help="how long to wait for them")
    parser.add_argument("--energy-uj", type=int, help="the energy to propose")
    parser.add_argument("--max-pulses", type=int, default=100_000)
    parser.add_argument("--kind", choices=KINDS, default="treatment")
    asked = parser.parse_args(arguments)
    result = run(asked.port, asked.seed, asked)
    say("result", **result)
    return 0 if result["complete"] else 1


if __name__ == "__main__":
    sys.exit(main())
