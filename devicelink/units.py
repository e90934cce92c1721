"""Quantities as annotated types: the unit stands last in a name, its range here."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Annotated

from pydantic import Field

from devicelink.errors import ConfigError

Percent = Annotated[Decimal, Field(ge=0, le=100)]
Seconds = Annotated[Decimal, Field(ge=0)]


def decimal(text: str, what: str) -> Decimal:
    """Read a number exactly as it is written; raises `ConfigError` naming `what`."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ConfigError(f"{what} must be a number, not {text!r}.") from None
    if not value.is_finite():
        raise ConfigError(f"{what} must be a finite number, not {text!r}.")
    return value
