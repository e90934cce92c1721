"""Calling a driver by name, and what it makes of the answers, as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING

from devicelink.errors import DeviceLinkError

if TYPE_CHECKING:
    from pydantic import JsonValue

    from devicelink.driver import Driver, Settings, WireLink
    from devicelink.recordings.file import CallName

QUESTIONS: Mapping[CallName, Callable[[Driver, WireLink, Settings], object]] = {
    "identify": lambda driver, link, _: driver.identify(link),
    "read_status": lambda driver, link, _: driver.read_status(link),
    "bounds": lambda driver, link, _: driver.bounds(link),
    "read_effective": lambda driver, link, settings: driver.read_effective(link, settings),
    "read_lock": lambda driver, link, _: driver.read_lock(link),
}
"""Calls that ask and change nothing, in the order in which they are recorded."""


class Differs(BaseException):
    """What is played is not what was recorded; told with the position of the event.

    No `Exception`: a driver that catches those must not hide it.
    """

    call = ""
    """Within which call."""

    def __init__(self, position: int, sentence: str) -> None:
        super().__init__(sentence)
        self.position = position


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one call: what the driver made, or the error that it raised."""

    made: JsonValue = None
    error: str | None = None
    sentence: str = ""


def outcome(work: Callable[[], object]) -> Outcome:
    """What becomes of a call; only `Differs` leaves, all else that is raised is its outcome."""
    try:
        return Outcome(made=as_json(work()))
    except DeviceLinkError as error:
        return Outcome(error=type(error).__name__, sentence=str(error))
    except Exception as error:  # noqa: BLE001  (a driver's own mistake is what is recorded)
        return Outcome(error=type(error).__name__, sentence=f"the driver failed: {error!r}")


def as_json(value: object) -> JsonValue:
    """Anything of the contract as JSON; bytes in hex."""
    if is_dataclass(value):
        return {field.name: as_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): as_json(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(each) for each in value]
    if isinstance(value, bool | int | float) or value is None:
        return value
    return value.hex() if isinstance(value, bytes) else str(value)


def difference(recorded: JsonValue, made: JsonValue, at: str = "") -> str | None:
    """The first difference, as words; None where there is none."""
    if isinstance(recorded, dict) and isinstance(made, dict):
        for key in sorted({*recorded, *made}):
            where = f"{at}.{key}" if at else key
            if key not in recorded or key not in made:
                return f"{where} is only {'recorded' if key in recorded else 'made now'}"
            if found := difference(recorded[key], made[key], where):
                return found
        return None
    if isinstance(recorded, list) and isinstance(made, list) and len(recorded) == len(made):
        pairs = enumerate(zip(recorded, made, strict=True))
        return next(
            (found for n, (a, b) in pairs if (found := difference(a, b, f"{at}[{n}]"))), None
        )
    if type(recorded) is type(made) and recorded == made:
        return None
    return f"{at or 'the answer'} was {recorded!r} and is now {made!r}"
