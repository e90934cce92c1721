"""Planted faults: a small language, and the box that decides when each one strikes.

A fault is written as ``NAME[:PARAMETER=VALUE,…][@WHEN=VALUE,…]``::

    refused_off                      from now on, always
    delay:seconds=0.3@nth=5          the reply to the fifth exchange comes 0.3 s late
    drop@cmd=STA,count=2             the next two replies to STA are lost
    silence@at=2.5,for=1             no reply from 2.5 s to 3.5 s
    unplug@cmd=EMON                  the cable leaves as EMON is carried out

WHEN: ``at=SECONDS`` counts from the moment the fault is set (for ``--fault`` from the ready line);
``cmd=WORD`` only for that command; ``nth=N`` at the Nth exchange that fits, once unless ``count``
says more; ``count=N`` strikes N times; ``for=SECONDS`` ends it that long after it began. A lasting
fault (silence, unplug) begins with its first strike and stays.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from devicelink.errors import ConfigError
from devicelink.runtime import nanoseconds
from devicelink_simulation.settable import Settable, named, number, pair, text, whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from devicelink_simulation.truth import Truth

_WHEN = (
    number("at", "0", "seconds after the fault was set", low=0),
    text("cmd", "", "only for this command word"),
    whole("nth", "1", "at the Nth exchange that fits", low=1, high=1e9),
    whole("count", "1", "strikes this many times", low=1, high=1e9),
    number("for", "0", "ends so many seconds after it began", low=0),
)


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A fault that can be planted; a `lasting` one begins once and stays."""

    name: str
    meaning: str
    parameters: tuple[Settable, ...] = ()
    lasting: bool = False

    def as_json(self) -> dict[str, object]:
        """For `sim describe --json`."""
        return {
            "name": self.name,
            "meaning": self.meaning,
            "parameters": [parameter.as_json() for parameter in self.parameters],
            "lasting": self.lasting,
        }


WIRE_FAULTS = (
    FaultKind("delay", "a reply comes late", (number("seconds", "0.3", "how late", low=0),)),
    FaultKind("drop", "a reply is lost; the command was carried out"),
    FaultKind("garbage", "bytes before a reply", (text("hex", "00ff55", "the bytes, in hex"),)),
    FaultKind("silence", "no replies; commands are still carried out", lasting=True),
    FaultKind("unplug", "the port goes away and does not come back", lasting=True),
)


@dataclass(frozen=True, slots=True)
class Fault:
    """A parsed fault, not yet set."""

    kind: FaultKind
    parameters: Mapping[str, str]
    at_s: float = 0.0
    word: str | None = None
    nth: int | None = None
    count: int | None = None
    for_s: float | None = None

    @property
    def by_exchange(self) -> bool:
        """Whether it waits for a command, not only for time."""
        return self.word is not None or self.nth is not None


@dataclass(frozen=True, slots=True)
class Exchange:
    """One command that reached the device, with the faults that strike it and their parameters."""

    number: int
    word: str
    at_ns: int
    faults: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def parse_fault(spec: str, known: Iterable[FaultKind]) -> Fault:
    """Read a fault; raises `ConfigError` that names what is known."""
    kinds = {kind.name: kind for kind in known}
    what, at_sign, when = spec.partition("@")
    name, colon, parameters = what.partition(":")
    kind = kinds.get(name.strip())
    if kind is None:
        names = ", ".join(sorted(kinds))
        raise ConfigError(f"There is no fault {name.strip()!r}. Known faults: {names}.")
    whose = f"The fault {kind.name}"
    values = {each.name: each.default for each in kind.parameters}
    values |= _pairs(parameters, kind.parameters, whose) if colon else {}
    if "hex" in values:
        _hex(values["hex"])
    told = _pairs(when, _WHEN, f"{whose} (after @)") if at_sign else {}
    if kind.name == "unplug" and "for" in told:
        raise ConfigError("The fault unplug lasts: the port does not come back. Leave out for=.")
    return Fault(
        kind=kind,
        parameters=values,
        at_s=float(told.get("at", "0")),
        word=told["cmd"].upper() if told.get("cmd") else None,
        nth=int(told["nth"], 0) if "nth" in told else None,
        count=int(told["count"], 0) if "count" in told else None,
        for_s=float(told["for"]) if "for" in told else None,
    )


def garbage_bytes(parameters: Mapping[str, str]) -> bytes:
    """The bytes that a `garbage` fault puts before a reply."""
    return _hex(parameters["hex"])


def _pairs(listed: str, among: tuple[Settable, ...], whose: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for item in listed.split(","):
        key, value = pair(item, whose)
        values[key] = named(key, among, whose).check(value)
    return values


def _hex(digits: str) -> bytes:
    try:
        return bytes.fromhex(digits)
    except ValueError:
        raise ConfigError(f"hex must be pairs of hexadecimal digits, not {digits!r}.") from None


class _Set:
    """A fault that was set, and how often it has struck."""

    __slots__ = ("begun_ns", "fault", "from_ns", "hits", "seen")

    def __init__(self, fault: Fault, now_ns: int) -> None:
        self.fault = fault
        self.from_ns = now_ns + nanoseconds(fault.at_s)
        self.begun_ns = None if fault.by_exchange else self.from_ns
        self.seen = 0
        self.hits = 0

    def holds(self, now_ns: int) -> bool:
        """Whether it has begun and is not over."""
        if self.begun_ns is None or now_ns < self.begun_ns:
            return False
        for_s = self.fault.for_s
        return for_s is None or now_ns < self.begun_ns + nanoseconds(for_s)

    def strikes(self, word: str, now_ns: int) -> bool:
        """Whether it strikes this exchange; counts it."""
        fault = self.fault
        if fault.kind.lasting and self.begun_ns is not None:
            return self.holds(now_ns)
        if now_ns < self.from_ns or fault.word not in {None, word.upper()}:
            return False
        self.seen += 1
        if self.seen < (fault.nth or 1):
            return False
        if self.begun_ns is None:
            self.begun_ns = now_ns
        limit = fault.count if fault.count is not None or fault.nth is None else 1
        if not self.holds(now_ns) or (limit is not None and self.hits >= limit):
            return False
        self.hits += 1
        return True


class Faults:
    """The faults of one simulated device: they are set, strike, and are cleared."""

    __slots__ = ("_count", "_known", "_set", "_truth")

    def __init__(self, known: Iterable[FaultKind], truth: Truth) -> None:
        self._known = tuple(known)
        self._truth = truth
        self._set: list[_Set] = []
        self._count = 0

    def add(self, spec: str, now_ns: int) -> None:
        """Set one more; raises `ConfigError`."""
        self._set.append(_Set(parse_fault(spec, self._known), now_ns))

    def clear(self) -> None:
        """Take all away; a port that was unplugged stays away."""
        self._set.clear()

    def exchange(self, word: str, now_ns: int) -> Exchange:
        """Count a command that reached the device, with the faults that strike it."""
        self._count += 1
        struck = {
            each.fault.kind.name: each.fault.parameters
            for each in self._set
            if each.strikes(word, now_ns)
        }
        for name in struck:
            self._truth.note(now_ns, "fault", name=name, word=word)
        return Exchange(self._count, word, now_ns, struck)

    def holds(self, name: str, now_ns: int) -> bool:
        """Whether a lasting fault of that name is at work."""
        return any(each.fault.kind.name == name and each.holds(now_ns) for each in self._set)

    def begins_ns(self, name: str) -> int | None:
        """When the first lasting fault of that name begins, as far as is known."""
        times = [
            each.begun_ns
            for each in self._set
            if each.fault.kind.name == name and each.begun_ns is not None
        ]
        return min(times, default=None)
