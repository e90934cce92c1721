"""The technician's face on the terminal: says what the laser says, renews the lease, stops.

The main thread is the face; the owner's thread runs the session. When this process is stopped or
its terminal closes, the lease runs out or the guard acts: nothing here keeps light alive by itself.
"""

from __future__ import annotations

import base64
import signal
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console

from devicelink.cli.words import SIMULATED, verdict_text
from devicelink.driver import DeviceState, Shown
from devicelink.errors import JournalUnwritable
from devicelink.runtime import nanoseconds
from devicelink.session import start, state
from devicelink.session.attending import attend, hear_line
from devicelink.session.work import Request
from devicelink.treatment import clients
from devicelink.treatment.sessions import NEED_CLIENT, signature

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from devicelink.driver import Status
    from devicelink.session.permit import Verdict
    from devicelink.session.procedure import Result, Session
    from devicelink.station import Station
    from devicelink.treatment.checks import CheckRequest

LINE_WIDTH = 70
HINTS = {
    state.Phase.STANDBY: (
        "Let go of footswitch and modulation, then: r Enter for READY.  q Enter: end."
    ),
    state.Phase.READY: (
        "Enter: STANDBY.  q Enter: end.  Ctrl-C: stop by software; in danger press the laser's own "
        "red button first."
    ),
}


class Terminal:
    """Prints phases and sentences; on a terminal also a live line with the age of what was read."""

    def __init__(self, *, quiet: bool, hints: bool, runtime_ns: Callable[[], int]) -> None:
        self._console = Console(highlight=False, quiet=quiet, soft_wrap=True)
        self._hints = hints
        self._now_ns = runtime_ns
        self._phase: state.Phase | None = None
        self._drawn_ns = 0
        self._verdict: Verdict | None = None

    def say(self, sentence: str) -> None:
        """One sentence."""
        self._console.print(f"  {sentence}", markup=False)

    def verdict(self, verdict: Verdict) -> None:
        """The verdict with all its findings; the same again is said in one line."""
        if verdict == self._verdict:
            self._console.print("PERMITTED again" if verdict.permitted else "REFUSED again")
        else:
            self._console.print(verdict_text(verdict), markup=False)
        self._verdict = verdict

    def seen(self, phase: state.Phase, status: Status | None, age_s: float) -> None:
        """A line for each new phase; in between only where a person looks."""
        if phase is not self._phase:
            self._phase = phase
            self._line(phase, status, age_s, end="\n")
            if phase is state.Phase.ARMING:
                self.say("Keep off footswitch and modulation until READY has stood for a second.")
            if self._hints and phase in HINTS:
                self._console.print(f"  {HINTS[phase]}", markup=False)
        elif self._console.is_terminal and self._now_ns() - self._drawn_ns > nanoseconds(0.5):
            self._drawn_ns = self._now_ns()
            self._line(phase, status, age_s, end="\r")

    def _line(self, phase: state.Phase, status: Status | None, age_s: float, *, end: str) -> None:
        """A line at its full width, so that nothing of the one before shows through."""
        text = f"{phase.value:<14} {_words(status, age_s)}"
        width = LINE_WIDTH if self._console.is_terminal else 0
        self._console.print(f"{text:<{width}}", end=end, markup=False)


def lock_told(result: Result) -> str:
    """How the laser was left, and how that is known."""
    if result.confirmed is None:
        return "only asked, nothing was set"
    known = result.evidence.words if result.evidence else "read back"
    return f"locked, {known}{result.who_clause}" if result.confirmed else "NOT CONFIRMED LOCKED"


def _words(status: Status | None, age_s: float) -> str:
    if status is None:
        return f"UNKNOWN: the laser has not answered for {age_s:.1f} s"
    power = status.measured.get("output_power_w")
    watts = f", output {power.value} W" if power and power.value else ""
    lit = status.state is DeviceState.READY and status.output_seen is Shown.NOT_REPORTED
    unseen = " (take it for light: it does not tell)" if lit else ""
    return f"laser reports {status.state.value}{unseen}{watts}, {age_s:.1f} s ago"


@dataclass(frozen=True, slots=True)
class Ran:
    """What a session came to, for people and for machines."""

    result: Result
    station: Station
    device: str
    signed: bool

    @property
    def confirmed(self) -> bool | None:
        """Whether the lock was read back."""
        return self.result.confirmed

    @property
    def end(self) -> state.End:
        """Why it ended."""
        return self.result.end

    @property
    def at_the_laser(self) -> str:
        """What a person does at the laser when nothing is confirmed."""
        return self.result.at_the_laser

    @property
    def ended_badly(self) -> bool:
        """Refused, or ended by a hard end, or not recorded whole."""
        bad = {state.EndKind.HARD, state.EndKind.REFUSED}
        return self.result.end.kind in bad or self.result.evidence_kept

    def as_json(self) -> dict[str, object]:
        """One document."""
        end, verdict = self.result.end, self.result.verdict
        return {
            "session": self.result.session,
            "end": {"code": end.code, "kind": end.kind.value, "sentence": end.sentence},
            "confirmed_locked": self.result.confirmed,
            "verdict": verdict.as_json() if verdict else None,
            "signed": self.signed,
            "simulated": self.station.simulated,
            "receipt": self._receipt(),
        }

    def text(self) -> str:
        """The receipt."""
        receipt = self._receipt()
        lines = [
            "",
            f"Session {self.result.session}: {self.end.sentence}",
            f"  laser     {lock_told(self.result)}",
            f"  signed    {'yes' if self.signed else 'no'}",
            *(f"  paper     {sentence}" for sentence in self._attested()),
            f"  journal   {receipt['size']} entries, head {receipt['root']}",
            f"  station   {self.station.origin}",
        ]
        if self.end.latch or self.result.confirmed is False:
            lines.append(
                f"  held      when its cause is gone: devicelink device acknowledge "
                f"{self.device} --by ID"
            )
        if self.station.simulated:
            lines.append("  SIMULATED: made on a simulated laser")
        return "\n".join(lines)

    def _receipt(self) -> dict[str, object]:
        journal = self.station.journal
        root = base64.b64encode(journal.root).decode()
        return {"size": journal.size, "root": root, "attested_by_clinic": self._attested()}

    def _attested(self) -> list[str]:
        """What a receipt says of a certificate that only the clinic attests."""
        findings = self.result.verdict.findings if self.result.verdict else ()
        return [one.sentence for one in findings if one.code == "attested_by_clinic"]


def run_session(
    station: Station,
    device: str,
    *,
    technician: str,
    pin: str,
    kind: str,
    client: str | None,
    settings: Mapping[str, str],
    ready_for_s: float | None,
    quiet: bool,
    check: CheckRequest | None = None,
) -> Ran:
    """Sign in, take the device, run the session, sign it; raises what refuses before it opens."""
    person = station.sign_in(technician, pin)
    pseudonym = clients.bind(station.folder, client, station.runtime) if client else None
    face = Terminal(quiet=quiet, hints=ready_for_s is None, runtime_ns=station.runtime.mono_ns)
    if station.simulated:
        face.say(SIMULATED)
    request = Request(
        person=person,
        kind=kind,
        client=pseudonym if kind in NEED_CLIENT else None,
        settings=settings,
        answered_by="person" if ready_for_s is None else "script",
        ready_for_s=ready_for_s,
        check=check,
    )
    session = start.begin(station, device, request, face)
    result = _attend(station, session, interactive=ready_for_s is None)
    if result.confirmed is False:
        face.say(f"NOT CONFIRMED LOCKED: {result.at_the_laser} {result.end.sentence}")
    else:
        face.say(f"{result.session}: {lock_told(result)}. {result.end.sentence}")
    signed = result.may_be_signed and _sign(station, result, request, device)
    return Ran(result, station, device, signed)


def _attend(station: Station, session: Session, *, interactive: bool) -> Result:
    """Stay with a running session until its end."""
    runtime = station.runtime

    def hear() -> None:
        if interactive and runtime.wait_readable(sys.stdin.fileno(), 0):
            hear_line(session, sys.stdin.readline(), runtime.mono_ns())

    with _signals_stop(session):
        return attend(session, runtime, hear)


@contextmanager
def _signals_stop(session: Session) -> Iterator[None]:
    """Ctrl-C, a closed terminal and a polite kill are stops, never an end without a lock."""

    def stop(number: int, _frame: object) -> None:
        name = signal.Signals(number).name
        session.stop(state.End("stop", state.EndKind.PERSON, f"Stopped by the person ({name})."))

    names = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {name: signal.signal(name, stop) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


def _sign(station: Station, result: Result, request: Request, device: str) -> bool:
    """The signature: a script's follows from its PIN file, a person gives the PIN once more."""
    person = request.person
    if request.answered_by == "person":
        from devicelink.cli.common import read_pin

        try:
            pin = read_pin(
                station, None, f"Sign this record of {result.session} with your PIN ({person.id})"
            )
            station.sign_in(person.id, pin)
        except Exception:  # noqa: BLE001 - unsigned is shown; a lost terminal changes no outcome
            return False
    signed = signature(
        result.session,
        device,
        person=person.id,
        name=person.name,
        answered_by=request.answered_by,
    )
    try:
        station.journal.append(signed)
    except JournalUnwritable:
        return False
    return True
