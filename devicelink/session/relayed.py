"""A relay in a laser's interlock circuit, in the hands of one session or one check.

It is asked by queries, closed once under the token of a durable intent, and from then on beaten by
whoever beats the guard: the session's own thread. Letting go of it needs nothing, and ends its
beats for good.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from devicelink import registry
from devicelink.devices.register import simulated_serial
from devicelink.errors import DeviceFault, DeviceLinkError, LinkLost, NoReply, RelayLost, Stopped
from devicelink.link.link import Link
from devicelink.link.port import open_port, port_kind
from devicelink.runtime import nanoseconds, seconds
from devicelink.session.facts import RelayFacts

if TYPE_CHECKING:
    from devicelink.devices.register import RelayBinding
    from devicelink.driver import EnableToken
    from devicelink.link.port import Port
    from devicelink.link.transcript import Transcript
    from devicelink.relay import Relay, RelayIdentity, RelayStatus
    from devicelink.runtime import Latch, Runtime
    from devicelink.session.guard import Guard

BEATS_IN_HOLD = 5
CLOSES_WITHIN_S = 0.3
OPENS_WITHIN_S = 0.6
"""Tried for so long at the end. Whatever comes of it, without beats it opens by itself."""
_LOOK_EVERY_S = 0.01


class HeldRelay:
    """One relay; what stands in its way is kept as `problem`, for the verdict."""

    def __init__(self, binding: RelayBinding, runtime: Runtime, transcript: Transcript) -> None:
        self.binding = binding
        self._runtime = runtime
        self._transcript = transcript
        self._reached: tuple[Relay, Port, Link] | None = None
        self.identity: RelayIdentity | None = None
        self.problem: str | None = "It was not asked."
        self._status: RelayStatus | None = None
        self._asked = self._is_another = False
        self._seen_ns = 0
        self._beat_ns = 0
        self._ordered = False
        self._beaten = False
        self.last_word: tuple[str, dict[str, object]] | None = None
        """How its opening went: an entry's type and data."""

    def reach(self, *, simulated: bool, stop: Latch | None = None) -> None:
        """Open its port, ask who and how it is; raises `Stopped` alone."""
        binding, self._asked = self.binding, True
        try:
            driver = registry.make_relay(binding.driver, binding.configuration)
            port = open_port(binding.port, driver.line, self._runtime, simulated=simulated)
            link = Link(port, driver.wire, self._runtime, self._transcript, stop)
            self._reached = driver, port, link
            identity = driver.identify(link)
            self.identity, self.problem = identity, self._why_another(identity)
            self._is_another = self.problem is not None
            self._ask(driver, link)
        except Stopped:
            raise
        except DeviceLinkError as error:
            self.problem = str(error)

    def facts(self) -> RelayFacts:
        """For a verdict."""
        status, identity = self._status, self.identity
        age_s = seconds(self._runtime.mono_ns() - self._seen_ns)
        return RelayFacts(
            serial=self.binding.serial,
            driver=self.binding.driver,
            port=self.binding.port,
            asked=self._asked,
            problem=self.problem,
            firmware=identity.firmware if identity else None,
            bound_ms=identity.bound_ms if identity else None,
            ordered=self._ordered,
            holds=status is not None and status.holds,
            is_open=status is not None and status.is_open,
            contact=status.contact.value if status else None,
            faults=status.faults if status else (),
            opened_by=status.opened_by if status else None,
            words=status.words if status else None,
            age_s=round(age_s, 3) if status else None,
        )

    def close(self, token: EnableToken) -> None:
        """Order it to close, once, and read that back; raises `RelayLost`, `Stopped`."""
        driver, _, link = self._in_reach()
        identity, status = self.identity, self._status
        if identity is None or status is None or self.problem is not None:
            raise RelayLost(f"The relay {self.binding.serial} cannot be closed: {self.problem}")
        give_up_ns = self._runtime.mono_ns() + nanoseconds(CLOSES_WITHIN_S)
        self._ordered = True
        self._beat_ns = self._runtime.mono_ns()
        try:
            status = driver.close(link, identity.serial, status, token)
            while not status.holds and self._runtime.mono_ns() < give_up_ns:
                link.wait(_LOOK_EVERY_S)
                status = self._ask(driver, link)
        except Stopped:
            raise
        except DeviceLinkError as error:
            raise RelayLost(f"The relay {self.binding.serial} did not close: {error}") from error
        if not status.holds:
            raise RelayLost(self._why_not_closed())
        self._status, self._beaten = status, True

    def beat(self) -> None:
        """One heartbeat, where one is due and the relay is held; raises `RelayLost`, `Stopped`.

        One lost reply is forgiven: the relay is asked for its challenge, and beaten again.
        """
        now_ns = self._runtime.mono_ns()
        if not self._beaten or now_ns - self._beat_ns < self._beat_every_ns:
            return
        driver, _, link = self._in_reach()
        try:
            status = self._one_beat(driver, link)
        except Stopped:
            raise
        except DeviceLinkError as error:
            raise RelayLost(
                f"The relay {self.binding.serial} in the laser's interlock circuit does not "
                f"answer; it opens by itself. {error}"
            ) from error
        self._status, self._seen_ns, self._beat_ns = status, now_ns, now_ns
        if not status.holds:
            raise RelayLost(self._why_not_closed())

    def let_go(self) -> None:
        """Send what opens it, wait for nothing; from now on it is not beaten. Never raises."""
        self._beaten = False
        if self._reached is None or self._is_another:
            return
        driver, port, link = self._reached
        link.only_reduce()
        order = driver.declaration.open_bytes
        self._transcript.note(self._runtime.mono_ns(), ">", order)
        with contextlib.suppress(DeviceLinkError):  # repeated until read back, a moment later
            port.write(order)

    def open(self) -> None:
        """Order it to open until that is read back; `last_word` tells how it went. Never raises.

        One that does not even say who it is, is told to open all the same; another one is not.
        """
        if self.last_word is not None or self._reached is None or self._is_another:
            return
        self.let_go()
        driver, _, link = self._reached
        began_ns = self._runtime.mono_ns()
        give_up_ns, tries, why_not = began_ns + nanoseconds(OPENS_WITHIN_S), 0, ""
        status: RelayStatus | None = None
        while tries == 0 or self._runtime.mono_ns() < give_up_ns:
            tries += 1
            try:
                with contextlib.suppress(NoReply, DeviceFault):
                    driver.open(link)
                link.doubt()
                status = self._ask(driver, link)
            except LinkLost as error:
                status, why_not = None, str(error)
                break
            except DeviceLinkError as error:
                status, why_not = None, str(error)
            if status is not None and status.is_open:
                break
            self._runtime.sleep(_LOOK_EVERY_S)
        confirmed = status is not None and status.is_open
        data = self.as_data() | {"tries": tries, "began_mono_ns": began_ns}
        if not confirmed:
            data["why_not"] = why_not or self._why_not_open()
        self.last_word = ("relay.opened" if confirmed else "relay.unconfirmed", data)

    def leave(self) -> None:
        """Let go of the relay, and of its port."""
        self.open()
        self.part()

    def part(self) -> None:
        """Let go of its port."""
        if self._reached is not None:
            self._reached[1].close()
        self._transcript.close()

    def as_data(self) -> dict[str, object]:
        """For an entry about it."""
        reached, identity, status = self._reached, self.identity, self._status
        return {
            "relay": self.binding.serial,
            "bound_ms": identity.bound_ms if identity else None,
            "contact": status.contact.value if status else None,
            "evidence": reached[0].declaration.evidence.value if reached else None,
            "words": status.words if status else None,
            "read_mono_ns": self._seen_ns,
            "transcript_sha256": self._transcript.sha256(),
        }

    @property
    def _beat_every_ns(self) -> int:
        hold_ms = self.identity.hold_ms if self.identity else 0
        return nanoseconds(hold_ms / 1000 / BEATS_IN_HOLD)

    def _in_reach(self) -> tuple[Relay, Port, Link]:
        if self._reached is None:
            raise RelayLost(f"The relay {self.binding.serial} cannot be had: {self.problem}")
        return self._reached

    def _why_another(self, identity: RelayIdentity) -> str | None:
        """Why this is not the relay that is registered, if it is not."""
        only_simulators = port_kind(self.binding.port).only_simulators
        told = simulated_serial(identity.serial) if only_simulators else identity.serial
        if told == self.binding.serial:
            return None
        return f"The relay on this port says that it is {told}."

    def _ask(self, driver: Relay, link: Link) -> RelayStatus:
        asked_ns = self._runtime.mono_ns()
        self._status = driver.read_status(link)
        self._seen_ns = asked_ns
        return self._status

    def _one_beat(self, driver: Relay, link: Link) -> RelayStatus:
        """What it tells to a beat; where it refuses one, or does not answer, how it is."""
        last = self._status
        try:
            if last is not None:
                return driver.beat(link, last)
        except DeviceFault:
            return driver.read_status(link)
        except NoReply:
            pass
        asked = driver.read_status(link)
        return driver.beat(link, asked) if asked.holds else asked

    def _why_not_closed(self) -> str:
        status = self._status
        why = (status.opened_by if status else None) or "its contact is not read back closed"
        faults = ", ".join(status.faults).replace("_", " ") if status else ""
        return (
            f"The relay {self.binding.serial} does not hold the laser's interlock circuit closed: "
            f"{faults or why}."
        )

    def _why_not_open(self) -> str:
        faults = ", ".join(self._status.faults).replace("_", " ") if self._status else ""
        return faults or "its contact is not read back open"


class BesideGuard:
    """A guard with a relay beside it: whoever beats the one beats the other."""

    def __init__(self, guard: Guard, relay: HeldRelay) -> None:
        self._guard = guard
        self._relay = relay
        self.kind = guard.kind

    def beat(self) -> None:
        """Say that the owner's own loop lives; raises `GuardGone`, `RelayLost`."""
        self._guard.beat()
        self._relay.beat()

    def farewell(self) -> None:
        """As the guard's."""
        self._guard.farewell()

    def take_over(self) -> None:
        """As the guard's."""
        self._guard.take_over()
