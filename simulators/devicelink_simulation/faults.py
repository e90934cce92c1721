"""Planted faults: a small language, and the box that decides when each one strikes.

A fault is written as ``NAME[:PARAMETER=VALUE,…][@WHEN=VALUE,…]``::

    refused_off                      from now on, always
    delay:seconds=0.3@nth=5          the reply to the fifth exchange comes 0.3 s late
    drop@cmd=STA,count=2             the next two replies to STA are lost
    corrupt@p=0.05                   one reply in twenty has a wrong byte, drawn from the seed
    silence@at=2.5,for=1             no reply from 2.5 s to 3.5 s
    unplug@cmd=EMON,for=4            the cable leaves as EMON is carried out, and returns after 4 s

WHEN, any of them together: ``at=SECONDS`` counts from the moment the fault is set (for ``--fault``
from the ready line); ``cmd=WORD`` only for that command; ``nth=N`` at the Nth exchange that fits,
once unless ``count`` or ``p`` says more; ``p=PROBABILITY`` strikes an exchange that fits by chance,
the same for the same seed; ``count=N`` strikes at most N times; ``for=SECONDS`` ends it that long
after it began. A lasting fault (the kinds say which) begins with its first strike and stays. An
exchange is a command as the host sent it. All of it, by example: docs/faults.md.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from devicelink.errors import ConfigError
from devicelink.runtime import nanoseconds
from devicelink_simulation.noise import Chance
from devicelink_simulation.settable import Settable, named, number, pair, text, whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from devicelink_simulation.truth import Truth

WHEN = (
    number("at", "0", "seconds after the fault was set", low=0),
    text("cmd", "", "only for this command word"),
    whole("nth", "1", "at the Nth exchange that fits", low=1, high=1e9),
    number("p", "1", "strikes an exchange that fits with this probability", low=0, high=1),
    whole("count", "1", "strikes at most so many times", low=1, high=1e9),
    number("for", "0", "ends so many seconds after it began", low=0),
)
_NOTHING: Mapping[str, Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A fault that can be planted; a `lasting` one begins once and stays.

    While a `mute` one lasts, no reply leaves. `lasts` names the parameter, in seconds, that says
    how long it lasts, where that is the fault's own affair and not that of `for`.
    """

    name: str
    meaning: str
    parameters: tuple[Settable, ...] = ()
    lasting: bool = False
    mute: bool = False
    lasts: str | None = None

    def as_json(self) -> dict[str, object]:
        """For `sim describe --json`."""
        return {
            "name": self.name,
            "meaning": self.meaning,
            "parameters": [parameter.as_json() for parameter in self.parameters],
            "lasting": self.lasting,
        }


_ONE_BYTE = (
    whole(
        "position",
        "0",
        "which byte, from 0; -1 is the last; beyond the end it is counted round",
        low=-1e6,
        high=1e6,
    ),
    whole(
        "value",
        "0x3F",
        "what it becomes; where it is that already, its lowest bit flips",
        low=0,
        high=255,
    ),
)

WIRE_FAULTS = (
    FaultKind("delay", "a reply comes late", (number("seconds", "0.3", "how late", low=0),)),
    FaultKind("drop", "a reply is lost; the command was carried out"),
    FaultKind("garbage", "bytes before a reply", (text("hex", "00ff55", "the bytes, in hex"),)),
    FaultKind("duplicate", "a reply comes twice"),
    FaultKind("corrupt", "one byte of a reply is another", _ONE_BYTE),
    FaultKind(
        "truncate",
        "a reply ends early, at least its last byte is lost",
        (whole("keep", "3", "how many bytes come", low=0, high=1e6),),
    ),
    FaultKind(
        "split",
        "a reply comes byte by byte",
        (number("gap", "0.002", "seconds between two bytes", low=0),),
    ),
    FaultKind("lost_command", "a command never reaches the device"),
    FaultKind("mangled_command", "one byte of a command is another for the device", _ONE_BYTE),
    FaultKind("silence", "no replies; commands are still carried out", lasting=True, mute=True),
    FaultKind("unplug", "the port goes away; with for= it comes back", lasting=True),
)


@dataclass(frozen=True, slots=True)
class Fault:
    """A parsed fault, not yet set."""

    kind: FaultKind
    parameters: Mapping[str, str]
    at_s: float = 0.0
    word: str | None = None
    nth: int | None = None
    probability: float | None = None
    count: int | None = None
    for_s: float | None = None

    @property
    def by_exchange(self) -> bool:
        """Whether it waits for a command, not only for time."""
        return (self.word, self.nth, self.probability) != (None, None, None)

    @property
    def replugs(self) -> bool:
        """Whether it takes the port away and brings it back."""
        return self.kind.name == "unplug" and self.for_s is not None


class Exchange(NamedTuple):
    """One command as it was sent, with the faults that strike it and their parameters."""

    number: int
    word: str
    at_ns: int
    faults: Mapping[str, Mapping[str, str]] = _NOTHING


class Begun(NamedTuple):
    """A lasting fault at the moment at which it began; `until_ns` is None where it stays."""

    name: str
    at_ns: int
    until_ns: int | None
    parameters: Mapping[str, str]


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
    told = _pairs(when, WHEN, f"{whose} (after @)") if at_sign else {}
    if kind.lasts is not None:
        if "for" in told:
            raise ConfigError(f"{whose} lasts as long as its {kind.lasts}=. Leave out for=.")
        told["for"] = values[kind.lasts]
    return Fault(
        kind=kind,
        parameters=values,
        at_s=float(told.get("at", "0")),
        word=told["cmd"].upper() if told.get("cmd") else None,
        nth=int(told["nth"], 0) if "nth" in told else None,
        probability=float(told["p"]) if "p" in told else None,
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

    __slots__ = (
        *("begun_ns", "fault", "name", "until_ns"),
        *("_chance", "_for_ns", "_from_ns", "_hits", "_lasting", "_limit", "_nth", "_seen"),
        "_word",
    )

    def __init__(self, fault: Fault, chance: Chance | None, now_ns: int) -> None:
        self.fault = fault
        self.name = fault.kind.name
        self.begun_ns: int | None = None
        self.until_ns: int | None = None
        self._chance = chance
        self._for_ns = None if fault.for_s is None else nanoseconds(fault.for_s)
        self._from_ns = now_ns + nanoseconds(fault.at_s)
        self._lasting = fault.kind.lasting
        self._word = fault.word
        self._nth = fault.nth or 1
        once = fault.nth is not None and fault.probability is None
        self._limit = 1 if once and fault.count is None else fault.count
        self._seen = 0
        self._hits = 0
        if not fault.by_exchange:
            self._begin(self._from_ns)

    def holds(self, now_ns: int) -> bool:
        """Whether it has begun and is not over."""
        if self.begun_ns is None or now_ns < self.begun_ns:
            return False
        return self.until_ns is None or now_ns < self.until_ns

    def strikes(self, word: str, now_ns: int) -> bool:
        """Whether it strikes this exchange; counts it. The word is in upper case."""
        if self._lasting and self.begun_ns is not None:
            return self.holds(now_ns)
        if now_ns < self._from_ns or (self._word is not None and self._word != word):
            return False
        self._seen += 1
        if self._seen < self._nth or (self._chance is not None and not self._chance.falls()):
            return False
        if self.begun_ns is None:
            self._begin(now_ns)
        if not self.holds(now_ns) or (self._limit is not None and self._hits >= self._limit):
            return False
        self._hits += 1
        return True

    def _begin(self, at_ns: int) -> None:
        self.begun_ns = at_ns
        self.until_ns = None if self._for_ns is None else at_ns + self._for_ns


class Faults:
    """The faults of one simulated device: they are set, strike, and are cleared.

    A fault with a probability draws from the seed and its own text, so that neither another fault
    nor the device's noise is changed by it.
    """

    __slots__ = ("_awaited", "_count", "_known", "_mutes", "_seed", "_set", "_told", "_truth")

    def __init__(self, known: Iterable[FaultKind], truth: Truth, seed: int = 0) -> None:
        self._known = tuple(known)
        self._truth = truth
        self._seed = seed
        self._told: Counter[str] = Counter()  # how often a fault of the same text was set
        self._set: list[_Set] = []
        self._mutes: list[_Set] = []
        self._awaited: list[_Set] = []  # lasting ones whose beginning was not yet taken
        self._count = 0

    def add(self, spec: str, now_ns: int) -> None:
        """Set one more; raises `ConfigError`."""
        fault = parse_fault(spec, self._known)
        self._told[spec] += 1
        name = f"fault {spec} {self._told[spec]}"
        chance = fault.probability
        new = _Set(fault, None if chance is None else Chance(chance, self._seed, name), now_ns)
        self._set.append(new)
        if new.fault.kind.mute:
            self._mutes.append(new)
        if new.fault.kind.lasting:
            self._awaited.append(new)

    def clear(self) -> None:
        """Take all away; a port that was unplugged, or a restart that began, is not undone."""
        self._set.clear()
        self._mutes.clear()
        self._awaited.clear()

    def exchange(self, word: str, now_ns: int) -> Exchange:
        """Count a command that was sent to the device, with the faults that strike it."""
        self._count += 1
        if not self._set:
            return Exchange(self._count, word, now_ns)
        upper = word.upper()
        struck = {
            each.name: each.fault.parameters for each in self._set if each.strikes(upper, now_ns)
        }
        for name in struck:
            self._truth.note(now_ns, "fault", name=name, word=word)
        return Exchange(self._count, word, now_ns, struck)

    def holds(self, name: str, now_ns: int) -> bool:
        """Whether a lasting fault of that name is at work."""
        return any(each.name == name and each.holds(now_ns) for each in self._set)

    def mutes(self, at_ns: int) -> bool:
        """Whether a fault keeps a reply back that would leave then."""
        return bool(self._mutes) and any(each.holds(at_ns) for each in self._mutes)

    def next_ns(self, *names: str) -> int | None:
        """When the next lasting fault of these names begins that was not yet taken by `begun`."""
        if not self._awaited:
            return None
        first_ns = None
        for each in self._awaited:
            at_ns = each.begun_ns
            if at_ns is not None and each.name in names and (first_ns is None or at_ns < first_ns):
                first_ns = at_ns
        return first_ns

    def begun(self, now_ns: int, *names: str) -> list[Begun]:
        """The lasting faults of these names that began by now, in order; each is told once.

        One that began by its time alone is noted in the truth here, with an empty word.
        """
        begun = []
        for each in [each for each in self._awaited if each.name in names]:
            if each.begun_ns is None or each.begun_ns > now_ns:
                continue
            self._awaited.remove(each)
            fault = each.fault
            if not fault.by_exchange:
                self._truth.note(each.begun_ns, "fault", name=each.name, word="")
            begun.append(Begun(each.name, each.begun_ns, each.until_ns, fault.parameters))
        return sorted(begun, key=lambda one: one.at_ns)
