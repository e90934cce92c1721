"""A simulated device on its wire: with faults, things that happen later, and the truth.

A `Plan` is what a person asked for, checked before anything is opened; `Plan.build` makes the
`Simulation` of it, which has no I/O and is told the time.
"""

from __future__ import annotations

import contextlib
import os
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devicelink.errors import ConfigError
from devicelink.runtime import nanoseconds
from devicelink_simulation.damage import leaving
from devicelink_simulation.device import Device, Simulator, Surroundings
from devicelink_simulation.faults import WIRE_FAULTS, FaultKind, Faults, parse_fault
from devicelink_simulation.noise import Noise
from devicelink_simulation.plug import Plug
from devicelink_simulation.settable import named, number, pair

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from devicelink_simulation.device import Light
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
        asked = {
            key: named(key, simulator.settables, _whose(simulator)).check(value)
            for key, value in [*_setup(simulator, setup).items(), *(values or {}).items()]
        }
        for key, presets in simulator.presets.items():
            chosen |= presets.get(asked.get(key, chosen[key]), {})
        chosen |= asked
        planted = (*(simulator.setups[setup].faults if setup else ()), *faults)
        for spec in planted:
            parse_fault(spec, known_faults(simulator))
        later = tuple(sorted((_later(simulator, each) for each in at), key=lambda act: act[0]))
        return cls(simulator, chosen, planted, later, seed)

    @property
    def replugs(self) -> bool:
        """Whether a fault of it brings an unplugged port back."""
        later = [value for _, key, value in self.later if key == "fault"]
        return any(replugs(self.simulator, spec) for spec in (*self.faults, *later))

    def build(
        self,
        truth: Truth,
        now_ns: int,
        light: Light | None = None,
        into: Callable[..., Simulation] | None = None,
    ) -> Simulation:
        """The simulation, beginning at `now_ns`; `light` sees its pulses, `into` is what it is."""
        truth.note(
            now_ns,
            "start",
            simulator=self.simulator.name,
            seed=self.seed,
            pid=os.getpid(),
            values=dict(self.values),
        )
        faults = Faults(known_faults(self.simulator), truth, self.seed)
        for spec in self.faults:
            faults.add(spec, now_ns)
        device = self.simulator.build(
            Surroundings(self.values, Noise(self.seed), faults, truth, now_ns, light)
        )
        later = [(now_ns + nanoseconds(at_s), key, value) for at_s, key, value in self.later]
        return (into or Simulation)(self.simulator, device, faults, truth, later)


class Simulation:
    """One simulated device on its wire; see `Device` for the meaning of times.

    A port is opened under the number that `plugs` then has, and that opening lives while
    `carries` says so of it: a port that left and came back has to be opened anew. Ask after
    `advance`, before bytes of that opening are handed in or taken out.
    """

    __slots__ = ("_device", "_faults", "_later", "_outbox", "_plug", "_simulator", "_truth")

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
        self._outbox: deque[tuple[int, bytes]] = deque()
        self._plug = Plug(faults, truth)

    @property
    def plugged(self) -> bool:
        """Whether the port is there, at the time that was last told."""
        return self._plug.plugged

    @property
    def plugs(self) -> int:
        """How often the port was plugged in; the first time, at the beginning, is 1."""
        return self._plug.plugs

    def carries(self, opening: int) -> bool:
        """Whether a port that was opened under that number of `plugs` still works."""
        return self._plug.plugged and self._plug.plugs == opening

    def receive(self, data: bytes, now_ns: int) -> None:
        """Bytes from the host; nothing arrives through a port that is unplugged."""
        self.advance(now_ns)
        if self._plug.plugged:
            self._device.receive(data, now_ns)
            self._collect()
            if self._plug.next_ns() is not None:  # a command may have taken it
                self._replug(now_ns)

    def advance(self, now_ns: int) -> None:
        """Let everything happen that is due by `now_ns`, in the order of its times."""
        while (at_ns := self._next_act_ns()) is not None and at_ns <= now_ns:
            self._device.advance(at_ns)
            self._collect()
            self._replug(at_ns)
            if self._later and self._later[0][0] <= at_ns:
                _, key, value = self._later.popleft()
                # what had no effect is in the truth as `no_effect`; nobody waits for an answer
                with contextlib.suppress(ConfigError):
                    self._act(key, value, at_ns)
        self._device.advance(now_ns)
        self._collect()

    def transmit(self, now_ns: int) -> bytes:
        """The bytes that are due by `now_ns`; they leave now."""
        self.advance(now_ns)
        outbox = self._outbox
        sent = b""
        while outbox and outbox[0][0] <= now_ns:
            due_ns, data = outbox.popleft()
            if not self._faults.mutes(due_ns):
                sent += data
        return sent

    def set(self, key: str, value: str, now_ns: int) -> None:
        """Turn a knob, set a fault (`fault`, SPEC) or clear all (`fault`, `none`).

        Raises `ConfigError` for an unknown key, a value out of its type, and a knob without effect.
        """
        self.advance(now_ns)
        self._act(key, _checked(self._simulator, key, value), now_ns)
        self.advance(now_ns)

    def plug_in(self, now_ns: int) -> None:
        """A cable that was pulled out is put back."""
        self.advance(now_ns)
        self._plug.put_in(now_ns)

    def end(self, now_ns: int) -> None:
        """Nobody will ask any more; the truth has it as `end`."""
        self.advance(now_ns)
        self._truth.note(now_ns, "end")

    def next_event_ns(self) -> int | None:
        """When something will next happen by itself, replies included; may lie in the past."""
        times = [self._device.next_event_ns(), self._next_act_ns()]
        if self._outbox:
            times.append(self._outbox[0][0])
        return min((time for time in times if time is not None), default=None)

    def _next_act_ns(self) -> int | None:
        """When the world next acts: a later act, or a hand on the plug."""
        plug_ns = self._plug.next_ns()
        if not self._later:
            return plug_ns
        later_ns = self._later[0][0]
        return later_ns if plug_ns is None else min(later_ns, plug_ns)

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

    def _collect(self) -> None:
        """Put new replies on the wire, one after the other."""
        replies = self._device.take_replies()
        if not replies:
            return
        outbox = self._outbox
        for reply in replies:
            struck = reply.exchange.faults if reply.exchange else None
            pieces = (
                leaving(reply.data, reply.due_ns, struck)
                if struck
                else [(reply.due_ns, reply.data)]
            )
            for at_ns, data in pieces:
                due_ns = max(at_ns, outbox[-1][0]) if outbox else at_ns
                if len(outbox) < _MAX_WAITING and self._plug.carries(due_ns):
                    outbox.append((due_ns, data))

    def _replug(self, now_ns: int) -> None:
        """Let the port leave and come back; what would have come meanwhile is lost with it."""
        if self._plug.leave(now_ns):
            carried = [piece for piece in self._outbox if self._plug.carries(piece[0])]
            self._outbox = deque(carried)
        self._plug.come_back(now_ns)


def known_faults(simulator: Simulator) -> tuple[FaultKind, ...]:
    """The faults of every wire and the device's own."""
    return (*WIRE_FAULTS, *simulator.faults)


def replugs(simulator: Simulator, spec: str) -> bool:
    """Whether a fault, or `none`, brings an unplugged port back; raises `ConfigError`."""
    return spec != "none" and parse_fault(spec, known_faults(simulator)).replugs


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
