"""Quantities as they are written: the unit stands last in a name, the number stays text."""

from __future__ import annotations

import re
from decimal import Decimal

from devicelink.errors import ConfigError

_PLAIN = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?", re.ASCII)


def decimal(text: str, what: str) -> Decimal:
    """Read a plain decimal number, as a wire takes it; raises `ConfigError` naming `what`."""
    if not _PLAIN.fullmatch(text):
        raise ConfigError(f"{what} must be a number like 35 or 35.5, not {text!r}.")
    return Decimal(text)
