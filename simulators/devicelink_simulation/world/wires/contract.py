"""What the world has to know of a protocol, to play with its laser and to judge its driver.

Each protocol's module is written from the maker's description, never from the driver: an oracle
that read replies with the driver's code would share its mistakes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from devicelink_simulation.world.dice import Dice

Passed: TypeAlias = "Sequence[Piece]"
"""Everything that passed on the host's side of the wire, in order."""
Pairs: TypeAlias = tuple[tuple[str, str], ...]


SET = "last set-point"


class Piece(NamedTuple):
    """Bytes that a process sent or took at once."""

    at_ns: int
    process: int
    sent: bool
    data: bytes


class Does(Enum):
    """What a command does, as far as the rules ask."""

    ENABLES = auto()
    DARKENS = auto()
    """The one that takes light away first; what else a lock sends is not looked at."""
    SUSTAINS = auto()
    """Lets a hand make the laser READY, and keeps it so for a while; answered by the status."""
    PERMITS = auto()
    """A signed permit, by which a console leaves LOCKED; it makes nothing READY."""
    ASKS = auto()
    """A question for the laser's status."""
    SETS = auto()
    """The set-point that light is made with."""
    FORBIDDEN = auto()
    """Never sent: light at power-up, settings stored, replies switched off, and the like."""
    ELSE = auto()


@dataclass(frozen=True, slots=True)
class Frame:
    """One command or reply on the host's side of the wire, whole."""

    at_ns: int
    process: int
    text: str
    to: str = ""
    """Of a reply: the command that its process had sent last."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one reply says of the laser's state."""

    word: str
    """As the maker writes it, and as the record carries it."""
    ends: bool
    """A fault, an interlock, the key or unexpected emission: light has to end."""
    lit: bool
    """Emission is on, or starting."""
    may_be_locked: bool
    """Dark and under the host's control, as far as this reply shows it."""
    denies: frozenset[str]
    """States that nobody may report on this reply."""


class Speech(Protocol):
    """How the bytes of a protocol are read. Texts are those of `Frame` and of the truth."""

    lies: frozenset[str]
    """Faults under which a whole, well-formed reply may not be what the laser says."""

    def cut(self, passed: Passed) -> tuple[list[Frame], list[Frame]]:
        """Each process's whole commands and replies; one in pieces counts when it is whole."""
        ...

    def does(self, command: str) -> Does:
        """What a command does."""
        ...

    def said(self, reply: str, to: str) -> Said | None:
        """What a reply to a command says of the state; None for one that says nothing of it."""
        ...

    def shows_output(self, reply: str) -> bool:
        """Whether a reply shows light that leaves the laser."""
        ...

    def lock_words(self, words: Mapping[str, Any]) -> tuple[Said, ...]:
        """What the words of a confirmed lock say; empty where what they must say is missing."""
        ...

    def unsettled(self, passed: Passed) -> Iterator[tuple[int, str]]:
        """One process's questions asked while another's answer may still come: when, and which."""
        ...

    def lit_otherwise(
        self, effective: Mapping[str, Any], lit: Mapping[str, Any], highest: float
    ) -> Iterator[str]:
        """How the laser's truth differs from settings that a verdict judged.

        `lit` is the event `enabled`, and under `SET` the answer to the last set-point that the
        laser took; None where something else may have changed it since.
        """
        ...


class Read(NamedTuple):
    """How far a console was read: what a status tells, and what a sustaining command shows."""

    nonce: str
    last_event: int


class Account(Protocol):
    """What only a console tells that keeps account of itself; frames as in `Speech`."""

    outlive: frozenset[str]
    """Faults under which a lease does not end."""

    def told(self, reply: str) -> Read | None:
        """What a status tells; None for a reply that is none."""
        ...

    def shown(self, command: str) -> Read | None:
        """What a sustaining command shows as read; None for any other command."""
        ...

    def events_in(self, reply: str) -> tuple[int, ...]:
        """The numbers of the events that a reply tells."""
        ...

    def lease_ns(self, command: str, reply: str) -> int | None:
        """For how long one sustaining command lasts, by a permit that was taken; None else."""
        ...

    def takes(self, command: str, reply: str) -> bool:
        """Whether a sustaining command was taken."""
        ...


@dataclass(frozen=True, slots=True)
class Hands:
    """What people and surroundings may do to the laser, as its simulator's knobs."""

    press: str
    """The hand's or foot's control, pressed; empty where the wire has none."""
    release: str
    lights: frozenset[tuple[str, str]]
    """Knobs that start emission by themselves: the panel's own."""
    touches_light: frozenset[str]
    """Knobs after which a dark read-back may have been true."""
    touches_settings: frozenset[str]
    """Knobs that change what was judged."""
    troubles: tuple[str, ...]
    """KEY=VALUE, each of which is undone some time later."""
    again: Mapping[str, Pairs]
    """What has to be done besides when a knob is undone: somebody presses START."""
    put_right: Pairs
    """What somebody does at the end."""
    faults: tuple[str, ...]
    """The laser's own faults, with `{for_s}` for how long."""
    words: tuple[str, ...]
    """Commands that faults of the wire are aimed at; empty for any."""
    enabling_words: tuple[str, ...]
    """Commands that enable, as faults of the wire name them."""
    settings: Callable[[Dice, str, bool], tuple[Pairs, bool]]
    """Of a visit of some kind, clean or not; and whether its light is the host's own."""
    values: Callable[[Dice], Pairs]
    """What the simulated laser has that is not its default."""
    kinds: tuple[str, ...]
    """Kinds of sessions that people hold at it, and how often each."""
    kind_weights: tuple[int, ...]
    well: Pairs
    """Settings of a session in which all goes well."""
    well_kind: str = "treatment"
    overheats: str = ""
    """A knob whose fault comes and goes by itself; empty where the wire shows none."""
    turned: str = ""
    """A setting, turned at the panel."""
    key: str = ""
    """The key, turned away from the host."""
    refuses: str = ""
    """A fault under which what takes light away is not carried out."""
    others: tuple[str, ...] = ()
    """What a second host on the same wire sends, in hex; also what it leaves half written."""
    others_enable: tuple[str, ...] = ()
    """What of it makes the laser ready, in order."""
    standby_s: float = 0.1
    """About so long it takes from signing in to STANDBY, at the speed of the wire."""
    ready_s: float = 1.0
    """By then READY has begun after STANDBY, where nothing holds it up."""
    makes_ready: str = ""
    """The console's own READY key, pressed; empty where the host's order is enough."""
    services: tuple[str, ...] = ()
    """What somebody from the maker does at a locked laser: it makes light that no session knows."""
    memory_s: float = 0.0
    """For so long the laser's own meter shows light that has ended."""


@dataclass(frozen=True, slots=True, eq=False)
class Make:
    """One kind of laser in the clinic: its protocol, and how it is registered."""

    simulator: str
    driver: str
    model: str
    configuration: Mapping[str, str]
    trigger: str
    accepted: tuple[str, ...]
    """Findings of its wire that the clinic has accepted."""
    limits: Mapping[str, str]
    """What the catalogue allows: the highest value of each setting."""
    highest: float
    """The same as the truth has it: `drive_percent`, or the set-point."""
    baudrate: int
    first_values: Mapping[str, str]
    speech: Speech
    hands: Hands
    identity: str = "asserted"
    account: Account | None = None
    """Where the laser is a console that keeps account of itself."""
    permit_key: str = ""
    """The knob that holds the station's public key for permits; empty where nobody signs any."""
