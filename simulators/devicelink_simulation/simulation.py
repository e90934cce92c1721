"""A simulated device on its wire: with faults, things that happen later, and the truth.

A `Plan` is what a person asked for, checked before anything is opened; `Plan.build` makes the
`Simulation` of it, which has no I/O and is told the time.
"""

from __future__ import annotations

import os
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devicelink.errors import ConfigError
from devicelink.runtime import nanoseconds
from devicelink_simulation.device import Device, Reply, Simulator, Surroundings
from devicelink_simulation.faults import WIRE_FAULTS, FaultKind, Faults, garbage_bytes, parse_fault
from devicelink_simulation.noise import Noise
from devicelink_simulation.settable import named, number, pair

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from devicelink_simulation.truth import Truth

_MAX_WAITING = 10_000


@dataclass(frozen=True, slots=True)
class Plan:
    """A simulator with every value, fault and later act, all checked."""

    simulator: Simulator
    values: Mapping[str, str]
    faults: tuple[str, ...]
    later: tuple[tuple[float, str, str], ...]
    seed: int

    @classmethod
    def of(
        cls,
        simulator: Simulator,
        *,
        values: Mapping[str, str] | None = None,
        setup: str | None = None,
        faults: Sequence[str] = (),
        at: Sequence[str] = (),
        seed: int = 0,
    ) -> Plan:
        """Check all of it; `at` holds texts SECONDS:KEY=VALUE. Raises `ConfigError`."""
        chosen = {settable.name: settable.default for settable in simulator.settables}
        broken = _setup(simulator, setup)
        for key, value in [*broken.items(), *(values or {}).items()]:
            chosen[key] = named(key, simulator.settables, _whose(simulator)).check(value)
        planted = (*(simulator.setups[setup].faults if setup else ()), *faults)
        for spec in planted:
            parse_fault(spec, known_faults(simulator))
        later = tuple(sorted((_later(simulator, each) for each in at), key=lambda act: act[0]))
        return cls(simulator, chosen, planted, later, seed)

    def build(self, truth: Truth, now_ns: int) -> Simulation:
        """The simulation, beginning at `now_ns`."""
        truth.note(
            now_ns,
            "start",
            simulator=self.simulator.name,
            seed=self.seed,
            pid=os.getpid(),
            values=dict(self.values),
        )
        faults = Faults(known_faults(self.simulator), truth)
        for spec in self.faults:
            faults.add(spec, now_ns)
        device = self.simulator.build(
            Surroundings(self.values, Noise(self.seed), faults, truth, now_ns)
        )
        later = [(now_ns + nanoseconds(at_s), key, value) for at_s, key, value in self.later]
        return Simulation(self.simulator, device, faults, truth, later)


class Simulation:
    """One simulated device on its wire; see `Device` for the meaning of times."""

    __slots__ = ("_device", "_faults", "_later", "_outbox", "_plugged", "_simulator", "_truth")

    def __init__(
        self,
        simulator: Simulator,
        device: Device,
        faults: Faults,
        truth: Truth,
        later: list[tuple[int, str, str]],
    ) -> None:
        self._simulator = simulator
        self._device = device
        self._faults = faults
        self._truth = truth
        self._later = deque(later)
        self._outbox: deque[Reply] = deque()
        self._plugged = True

    @property
    def plugged(self) -> bool:
        """Whether the port is still there."""
        return self._plugged

    def receive(self, data: bytes, now_ns: int) -> None:
        """Bytes from the host; nothing arrives through a port that is unplugged."""
        self.advance(now_ns)
        if self._plugged:
            self._device.receive(data, now_ns)
            self._collect(now_ns)

    def advance(self, now_ns: int) -> None:
        """Let everything happen that is due by `now_ns`, in the order of its times."""
        while self._later and self._later[0][0] <= now_ns:
            at_ns, key, value = self._later.popleft()
            self._device.advance(at_ns)
            try:
                self._act(key, value, at_ns)
            except ConfigError:
                continue  # the truth has it as `no_effect`; nobody waits for an answer
        self._device.advance(now_ns)
        self._collect(now_ns)

    def transmit(self, now_ns: int) -> bytes:
        """The bytes that are due by `now_ns`; they leave now."""
        self.advance(now_ns)
        sent = b""
        while self._outbox and self._outbox[0].due_ns <= now_ns:
            reply = self._outbox.popleft()
            if not self._faults.holds("silence", reply.due_ns):
                sent += reply.data
        return sent

    def set(self, key: str, value: str, now_ns: int) -> None:
        """Turn a knob, set a fault (`fault`, SPEC) or clear all (`fault`, `none`).

        Raises `ConfigError` for an unknown key, a value out of its type, and a knob without effect.
        """
        self.advance(now_ns)
        self._act(key, _checked(self._simulator, key, value), now_ns)
        self._collect(now_ns)

    def end(self, now_ns: int) -> None:
        """Nobody will ask any more; the truth has it as `end`."""
        self.advance(now_ns)
        self._truth.note(now_ns, "end")

    def next_event_ns(self) -> int | None:
        """When something will next happen by itself, replies included; may lie in the past."""
        times = [self._device.next_event_ns()]
        if self._outbox:
            times.append(self._outbox[0].due_ns)
        if self._later:
            times.append(self._later[0][0])
        if self._plugged:
            times.append(self._faults.begins_ns("unplug"))
        return min((time for time in times if time is not None), default=None)

    def _act(self, key: str, value: str, now_ns: int) -> None:
        self._truth.note(now_ns, "set", key=key, value=value)
        if key == "fault":
            if value == "none":
                self._faults.clear()
            else:
                self._faults.add(value, now_ns)
            return
        try:
            self._device.set(key, value, now_ns)
        except ConfigError as error:
            self._truth.note(now_ns, "no_effect", key=key, value=value, why=str(error))
            raise

    def _collect(self, now_ns: int) -> None:
        """Put new replies on the wire, one after the other; notice an unplugged cable."""
        for reply in self._device.take_replies():
            struck = reply.exchange.faults if reply.exchange else {}
            if "drop" in struck or len(self._outbox) >= _MAX_WAITING:
                continue
            data, due_ns = reply.data, reply.due_ns
            if "delay" in struck:
                due_ns += nanoseconds(float(struck["delay"]["seconds"]))
            if "garbage" in struck:
                data = garbage_bytes(struck["garbage"]) + data
            if self._outbox:
                due_ns = max(due_ns, self._outbox[-1].due_ns)
            self._outbox.append(Reply(data, due_ns, reply.exchange))
        begins_ns = self._faults.begins_ns("unplug")
        if self._plugged and begins_ns is not None and begins_ns <= now_ns:
            self._plugged = False
            self._truth.note(begins_ns, "unplugged")
        if not self._plugged:
            self._outbox.clear()


def known_faults(simulator: Simulator) -> tuple[FaultKind, ...]:
    """The faults of every wire and the device's own."""
    return (*WIRE_FAULTS, *simulator.faults)


def _whose(simulator: Simulator) -> str:
    return f"The simulator {simulator.name}"


def _setup(simulator: Simulator, name: str | None) -> Mapping[str, str]:
    if name is None:
        return {}
    if name not in simulator.setups:
        known = ", ".join(sorted(simulator.setups)) or "none"
        raise ConfigError(f"{_whose(simulator)} has no set-up {name!r}. Known: {known}.")
    return simulator.setups[name].values


def _checked(simulator: Simulator, key: str, value: str) -> str:
    if key == "fault":
        if value != "none":
            parse_fault(value, known_faults(simulator))
        return value
    return named(key, simulator.settables, _whose(simulator)).check(value)


def _later(simulator: Simulator, text: str) -> tuple[float, str, str]:
    at, colon, act = text.partition(":")
    if not colon:
        raise ConfigError(f"--at must be written as SECONDS:KEY=VALUE, not {text!r}.")
    at_s = number("The time of --at", "0", "", low=0).number(at)
    key, value = pair(act, "--at SECONDS:KEY=VALUE")
    return at_s, key, _checked(simulator, key, value)
