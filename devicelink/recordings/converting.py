"""A session's transcript as a recording: the driver itself tells which of its calls sent what.

A transcript holds bytes and times only. Every call of the driver is tried on what follows; the one
that sends the most of exactly these bytes was made, or one that cannot be told from it. Bytes that
no call sends stay in the recording as bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from devicelink.config import read_text
from devicelink.errors import ConfigError
from devicelink.recordings.calls import Differs
from devicelink.recordings.file import Called, Event, Hex, Passed, first_problem
from devicelink.recordings.playing import Player
from devicelink.recordings.recording import ending

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from devicelink.driver import Driver
    from devicelink.recordings.calls import Outcome
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


def as_calls(
    passed: tuple[Passed, ...], driver: Driver, settings: Mapping[str, str] | None
) -> tuple[Event, ...]:
    """The bytes with the calls that sent them; `settings` are what was asked for, where known."""
    events: list[Event] = []
    player = Player(passed, driver)
    at = 0
    while at < len(passed):
        found = _next_call(player, driver, settings, passed[at].at_ns)
        if found is None:
            # no call sends this: it stays as it is, with what came after it
            begin, at = at, at + 1
            while at < len(passed) and passed[at].dir != ">":
                at += 1
            player.tape.at = at
            events += passed[begin:at]
        else:
            player, called, told = found
            events += [called, *passed[at : player.tape.at]]
            at = player.tape.at
            events.append(ending(told, passed[at - 1].at_ns))
    return tuple(events)


def _next_call(
    player: Player, driver: Driver, settings: Mapping[str, str] | None, at_ns: int
) -> tuple[Player, Called, Outcome] | None:
    """The call that goes furthest from here, with the player after it; doubted only if need be."""
    best: tuple[Player, Called, Outcome] | None = None
    for doubt in (False, True):
        for called in _candidates(driver, settings, at_ns, doubt=doubt):
            tried = player.branch()
            try:
                told = tried.call(called)
            except Differs:
                continue
            if tried.tape.sent == player.tape.sent:
                continue
            if best is None or tried.tape.at > best[0].tape.at:
                best = tried, called, told
        if best is not None:
            break
    return best


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
