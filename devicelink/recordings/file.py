"""The file of a recording: JSON lines, version 1; `docs/recordings.md` describes it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError

from devicelink.config import read_text
from devicelink.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from devicelink.runtime import Disk

VERSION = 1
Nanoseconds = Annotated[int, Field(ge=0, le=2**63 - 1)]
Hex = Annotated[str, Field(pattern=r"^([0-9a-f]{2})+$")]

CallName = Literal[
    "identify",
    "read_status",
    "bounds",
    "read_effective",
    "read_lock",
    "prepare",
    "unlock",
    "ready",
    "standby",
    "reduce",
    "clear_fault",
]
"""The calls of a driver's contract that talk."""


class _Line(BaseModel):
    """One line of the file; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Redacted(_Line):
    """Something that names one device, and what stands in the file in its place."""

    what: str
    stand_in: str
    times: Annotated[int, Field(ge=0)]


class Head(_Line):
    """The first line: of which driver, set up how, and what was replaced."""

    kind: Literal["recording"] = "recording"
    v: Literal[1] = 1
    source: Literal["port", "transcript"]
    driver: str
    distribution: str
    version: str
    configuration: dict[str, str]
    redacted: tuple[Redacted, ...] = Field(default=(), strict=False)


class Called(_Line):
    """The driver was called; `doubt` where its link had to prove first that nothing old comes."""

    kind: Literal["call"] = "call"
    at_ns: Nanoseconds
    call: CallName
    settings: dict[str, str] | None = None
    way: str | None = None
    doubt: bool = False


class Passed(_Line):
    """Bytes on the wire: `>` to the device, `<` from it, `!` received and dropped by the link."""

    kind: Literal["bytes"] = "bytes"
    at_ns: Nanoseconds
    dir: Literal[">", "<", "!"]
    hex: Hex

    @property
    def data(self) -> bytes:
        """The bytes."""
        return bytes.fromhex(self.hex)


class Silent(_Line):
    """The driver waited until now, and nothing more had come."""

    kind: Literal["silence"] = "silence"
    at_ns: Nanoseconds


class Made(_Line):
    """The call ended: what the driver made of the bytes."""

    kind: Literal["made"] = "made"
    at_ns: Nanoseconds
    made: JsonValue


class Raised(_Line):
    """The call ended with an error, by the name of its class."""

    kind: Literal["raised"] = "raised"
    at_ns: Nanoseconds
    error: str
    sentence: str


Event = Called | Passed | Silent | Made | Raised
_EVENTS: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="kind")])


@dataclass(frozen=True, slots=True)
class Recording:
    """A whole recording; the event at position n is line n + 2 of its file."""

    head: Head
    events: tuple[Event, ...]

    @property
    def passed(self) -> tuple[Passed, ...]:
        """The bytes alone."""
        return tuple(event for event in self.events if isinstance(event, Passed))

    def encoded(self) -> bytes:
        """As the file holds it."""
        lines = [self.head, *self.events]
        return b"".join(
            json.dumps(line.model_dump(mode="json", exclude_none=isinstance(line, Called))).encode()
            + b"\n"
            for line in lines
        )

    def write(self, path: Path, disk: Disk) -> None:
        """Into a new file, whole or not at all; raises `ConfigError` where one is there."""
        try:
            disk.create(path, self.encoded())
        except FileExistsError:
            refuse_existing(path)
            raise
        except OSError as error:
            raise ConfigError(f"{path} cannot be written: {error.strerror}.") from None


def refuse_existing(path: Path) -> None:
    """Raise `ConfigError` where something has that name: no recording is written over."""
    if os.path.lexists(path):
        raise ConfigError(f"{path} is there already; it is not written over.")


def line_of(position: int) -> int:
    """The line of the file at which an event stands."""
    return position + 2


def read_recording(path: Path) -> Recording:
    """Read a file; raises `ConfigError` that names the damaged line."""
    text = read_text(path, "recording")
    lines = text.split("\n")
    if lines.pop():
        raise ConfigError(f"{path}, line {len(lines) + 1}: the file ends within this line.")
    if not lines:
        raise ConfigError(f"{path} is empty; a recording begins with its head.")
    head = _head(path, lines[0])
    events = tuple(_event(path, number, line) for number, line in enumerate(lines[1:], 2))
    _check_order(path, events)
    return Recording(head, events)


def _head(path: Path, line: str) -> Head:
    try:
        found = json.loads(line)
        version = found["v"] if found["kind"] == "recording" else None
    except (ValueError, KeyError, TypeError, RecursionError):
        version = None
    if not isinstance(version, int):
        raise ConfigError(
            f"{path}, line 1: this is no recording. Make one with `devicelink driver record`; "
            "a session's transcript becomes one with --from."
        )
    if version != VERSION:
        raise ConfigError(
            f"{path}, line 1: this recording has version {version}; this devicelink reads "
            f"version {VERSION}."
        )
    try:
        return Head.model_validate_json(line)
    except ValidationError as error:
        raise ConfigError(f"{path}, line 1: {first_problem(error)}.") from None


def _event(path: Path, number: int, line: str) -> Event:
    try:
        return _EVENTS.validate_json(line)
    except ValidationError as error:
        raise ConfigError(f"{path}, line {number}: {first_problem(error)}.") from None


def _check_order(path: Path, events: tuple[Event, ...]) -> None:
    """Time does not go back; calls end before others begin."""
    at_ns, calling = 0, False
    for position, event in enumerate(events):
        where = f"{path}, line {line_of(position)}"
        if event.at_ns < at_ns:
            raise ConfigError(f"{where}: at_ns goes back.")
        at_ns = event.at_ns
        if isinstance(event, Called) and calling:
            raise ConfigError(f"{where}: a call begins, and the one before has not ended.")
        if isinstance(event, Made | Raised) and not calling:
            raise ConfigError(f"{where}: a call ends that has not begun.")
        if isinstance(event, Called | Made | Raised):
            calling = isinstance(event, Called)
    if calling:
        raise ConfigError(f"{path}: the file ends within a call.")


def first_problem(error: ValidationError) -> str:
    """The first of the reader's complaints, with its place in the line."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else str(first["msg"])
