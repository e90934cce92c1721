"""The driver `ipg`: one maker's lasers, each in the dialect that its configuration names."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from devicelink.driver import Line
from devicelink.errors import ConfigError
from devicelink_ipg.engine import BAUDRATES
from devicelink_ipg.yar import Yar
from devicelink_ipg.ylr_qcw import YlrQcw
from devicelink_ipg.ylr_sm import YlrSm

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devicelink.driver import Driver

DIALECTS: dict[str, type[YlrSm | Yar | YlrQcw]] = {
    "ylr-sm": YlrSm,
    "yar": Yar,
    "ylr-qcw": YlrQcw,
}
"""The first is the default."""


class Family:
    """Makes the driver of one IPG laser."""

    declaration = replace(
        YlrSm.declaration,
        dialects={name: dialect.declaration for name, dialect in DIALECTS.items()},
    )

    def __call__(self, configuration: Mapping[str, str]) -> Driver:
        """In the configured dialect; raises `ConfigError` for a dialect or speed unknown to it."""
        dialect = configuration.get("dialect", "ylr-sm")
        if dialect not in DIALECTS:
            raise ConfigError(
                f"The driver ipg does not know the dialect {dialect!r}; "
                f"use one of {', '.join(DIALECTS)}."
            )
        baudrate = configuration.get("baudrate", BAUDRATES[0])
        if baudrate not in BAUDRATES:
            raise ConfigError(
                f"An IPG laser does not speak at {baudrate!r} baud; "
                f"use one of {', '.join(BAUDRATES)}."
            )
        return DIALECTS[dialect](Line(baudrate=int(baudrate)))


Ipg = Family()
