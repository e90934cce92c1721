"""A session's transcript as a recording: the driver itself tells which of its calls sent what.

A transcript holds bytes and times only. Every call of the driver is tried wherever a call may have
begun; the fewest calls that together send exactly these bytes were made, or some that cannot be
told from them. Bytes that no call sends stay in the recording as bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from devicelink.config import read_text
from devicelink.errors import ConfigError
from devicelink.recordings.calls import Differs, Outcome
from devicelink.recordings.file import Called, Event, Hex, Passed, first_problem
from devicelink.recordings.playing import Player
from devicelink.recordings.recording import ending

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from devicelink.driver import Driver
    from devicelink.recordings.file import CallName


class _Noted(BaseModel):
    """One line of a transcript, as `devicelink.link.transcript` writes it."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    mono_ns: Annotated[int, Field(ge=0, le=2**63 - 1)]
    dir: Literal[">", "<", "!"]
    hex: Hex


def read_transcript(path: Path) -> tuple[Passed, ...]:
    """The bytes of a transcript, by times since the first; raises `ConfigError` with the line."""
    lines = read_text(path, "transcript").split("\n")
    if lines.pop():
        raise ConfigError(f"{path}, line {len(lines) + 1}: the file ends within this line.")
    passed: list[Passed] = []
    began_ns = 0
    for number, line in enumerate(lines, 1):
        try:
            noted = _Noted.model_validate_json(line)
        except ValidationError as error:
            raise ConfigError(f"{path}, line {number}: {first_problem(error)}.") from None
        began_ns = noted.mono_ns if number == 1 else began_ns
        at_ns = noted.mono_ns - began_ns
        if at_ns < (passed[-1].at_ns if passed else 0):
            raise ConfigError(f"{path}, line {number}: mono_ns goes back.")
        passed.append(Passed(at_ns=at_ns, dir=noted.dir, hex=noted.hex))
    if not passed:
        raise ConfigError(f"{path} is empty: no byte passed.")
    return tuple(passed)


@dataclass(slots=True)
class _Way:
    """A way to explain all bytes up to a position; the cheapest one to each position is kept."""

    cost: int
    at: int
    player: Player | None
    """After the last call; None once all that may follow was tried."""
    called: Called | None = None
    """The last call; None where the last bytes belong to none."""
    told: Outcome = field(default_factory=Outcome)
    before: _Way | None = None


def as_calls(
    passed: tuple[Passed, ...], driver: Driver, settings: Mapping[str, str] | None
) -> tuple[Event, ...]:
    """The bytes with the calls that sent them; `settings` are what was asked for, where known."""
    ways = {0: _Way(0, 0, Player(passed, driver))}
    for at in range(len(passed)):
        if (way := ways.get(at)) is None or way.player is None:
            continue
        for longer in (
            *_calls_from(way, way.player, passed[at].at_ns, driver, settings),
            _without_call(way, way.player, passed),
        ):
            if longer.at not in ways or longer.cost < ways[longer.at].cost:
                ways[longer.at] = longer
        way.player = None
    return tuple(_told(ways[len(passed)], passed))


def _calls_from(
    way: _Way, player: Player, at_ns: int, driver: Driver, settings: Mapping[str, str] | None
) -> list[_Way]:
    """Every call that sends what follows here; in doubt only where none does without."""
    found: list[_Way] = []
    for doubt in (False, True):
        for called in _candidates(driver, settings, at_ns, doubt=doubt):
            tried = player.branch()
            try:
                told = tried.call(called)
            except Differs:
                continue
            if tried.tape.sent > player.tape.sent:
                cost = way.cost + _cost(way, called, told)
                found.append(_Way(cost, tried.tape.at, tried, called, told, way))
        if found:
            break
    return found


def _without_call(way: _Way, player: Player, passed: tuple[Passed, ...]) -> _Way:
    """A frame that no call sends, with what came after it."""
    at = way.at + 1
    while at < len(passed) and passed[at].dir != ">":
        at += 1
    after = player.branch()
    after.tape.at = at
    return _Way(way.cost + _NO_CALL, at, after, None, before=way)


def _cost(way: _Way, called: Called, told: Outcome) -> int:
    """Few calls explain best; a session identifies once, and asks after a lock whether it holds."""
    cost = _CALL + (told.error is not None)
    if called.call == "identify" and way.before is not None:
        return cost + _AGAIN
    if called.call == "read_lock":
        return cost - (way.called is not None and way.called.call == "reduce")
    return cost - (called.call == "identify") * _CALL


def _told(end: _Way, passed: tuple[Passed, ...]) -> list[Event]:
    steps: list[list[Event]] = []
    way = end
    while (before := way.before) is not None:
        events: list[Event] = [*passed[before.at : way.at]]
        if way.called is not None:
            events = [way.called, *events, ending(way.told, passed[way.at - 1].at_ns)]
        steps.append(events)
        way = before
    return [event for events in reversed(steps) for event in events]


_CALL, _AGAIN, _NO_CALL = 4, 12, 1000
_PLAIN_FIRST: tuple[CallName, ...] = ("read_status", "read_lock", "identify", "bounds")
_PLAIN_LAST: tuple[CallName, ...] = ("unlock", "ready", "standby", "clear_fault")


def _candidates(
    driver: Driver, settings: Mapping[str, str] | None, at_ns: int, *, doubt: bool
) -> Iterator[Called]:
    """Every call that could be next; of equals the first one counts."""
    wanted = dict(settings or {})
    for way in driver.declaration.lock_ways:
        yield Called(at_ns=at_ns, call="reduce", way=way.name, doubt=doubt)
    for name in _PLAIN_FIRST:
        yield Called(at_ns=at_ns, call=name, doubt=doubt)
    yield Called(at_ns=at_ns, call="read_effective", settings=wanted, doubt=doubt)
    if settings is not None:
        yield Called(at_ns=at_ns, call="prepare", settings=wanted, doubt=doubt)
    for name in _PLAIN_LAST:
        yield Called(at_ns=at_ns, call=name, doubt=doubt)
