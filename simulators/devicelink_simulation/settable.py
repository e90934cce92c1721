"""What can be set on a simulated device, with type, default and meaning, and how it is checked."""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from devicelink.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHORT_LIST = 12


class Kind(StrEnum):
    """The type of a settable value."""

    CHOICE = "choice"
    NUMBER = "number"
    WHOLE = "whole number"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Settable:
    """One value that `--set`, `--at`, standard input and `sim://` may name.

    Values travel as text, the way a person writes them. `later` holds choices that the interface
    names and that are not there yet.
    """

    name: str
    kind: Kind
    default: str
    meaning: str
    choices: tuple[str, ...] = ()
    later: tuple[str, ...] = ()
    low: float = -math.inf
    high: float = math.inf

    def check(self, value: str) -> str:
        """The value as it is kept; raises `ConfigError` with what is allowed."""
        if self.kind is Kind.CHOICE:
            return self._choice(value)
        if self.kind is Kind.TEXT:
            return self._text(value)
        self.number(value)
        return value

    def number(self, value: str) -> float:
        """The value as a number (whole ones may be written in hexadecimal: 0x1F)."""
        try:
            number = float(int(value, 0)) if self.kind is Kind.WHOLE else float(value)
        except (ValueError, OverflowError):
            raise ConfigError(f"{self.name} must be a {self.kind}, not {value!r}.") from None
        if not (math.isfinite(number) and self.low <= number <= self.high):
            raise ConfigError(f"{self.name} must be {self._range()}, not {value!r}.")
        return number

    def as_json(self) -> dict[str, object]:
        """For `sim describe --json`; a missing bound is null."""
        return {
            "name": self.name,
            "type": self.kind.value,
            "default": self.default,
            "choices": list(self.choices),
            "later": list(self.later),
            "low": self.low if math.isfinite(self.low) else None,
            "high": self.high if math.isfinite(self.high) else None,
            "meaning": self.meaning,
        }

    def allowed(self) -> str:
        """What may be set, in a few words."""
        if self.kind is Kind.CHOICE:
            return " | ".join(self.choices)
        return self.kind.value if self.kind is Kind.TEXT else self._range()

    def _choice(self, value: str) -> str:
        if value in self.choices:
            return value
        if value in self.later:
            raise ConfigError(
                f"{self.name}={value} is not there yet; it comes with a later version. "
                f"Use one of: {', '.join(self.choices)}."
            )
        raise ConfigError(f"{self.name} must be one of {', '.join(self.choices)}, not {value!r}.")

    def _text(self, value: str) -> str:
        if not (value.isascii() and value.isprintable()):
            raise ConfigError(f"{self.name} must be printable ASCII text, not {value!r}.")
        return value

    def _range(self) -> str:
        if math.isfinite(self.low) and math.isfinite(self.high):
            return f"a {self.kind} from {self.low:.10g} to {self.high:.10g}"
        if math.isfinite(self.low):
            return f"a {self.kind} of at least {self.low:.10g}"
        return f"a {self.kind}"


def choice(
    name: str, choices: tuple[str, ...], meaning: str, *, later: tuple[str, ...] = ()
) -> Settable:
    """A value out of a few words; the first is the default."""
    return Settable(name, Kind.CHOICE, choices[0], meaning, choices=choices, later=later)


def number(
    name: str, default: str, meaning: str, *, low: float = -math.inf, high: float = math.inf
) -> Settable:
    """A finite number between `low` and `high`, both allowed."""
    return Settable(name, Kind.NUMBER, default, meaning, low=low, high=high)


def whole(name: str, default: str, meaning: str, *, low: float, high: float) -> Settable:
    """A whole number between `low` and `high`, both allowed."""
    return Settable(name, Kind.WHOLE, default, meaning, low=low, high=high)


def text(name: str, default: str, meaning: str) -> Settable:
    """Printable ASCII."""
    return Settable(name, Kind.TEXT, default, meaning)


def named(name: str, among: Iterable[Settable], whose: str) -> Settable:
    """The settable of that name; raises `ConfigError` naming the known ones, or the nearest."""
    by_name = {settable.name: settable for settable in among}
    if name in by_name:
        return by_name[name]
    if len(by_name) > _SHORT_LIST:
        near = difflib.get_close_matches(name, by_name, n=3)
        hint = f"Did you mean {' or '.join(sorted(near))}? " if near else ""
        raise ConfigError(f"{whose} knows no {name!r}. {hint}All are told by `sim describe`.")
    known = ", ".join(sorted(by_name)) or "none"
    raise ConfigError(f"{whose} knows no {name!r}. Known: {known}.")


def pair(text: str, what: str) -> tuple[str, str]:
    """Split KEY=VALUE; raises `ConfigError`."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise ConfigError(f"{what} must be written as KEY=VALUE, not {text!r}.")
    return key.strip(), value.strip()
