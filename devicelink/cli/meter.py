"""Asking a meter who it is and how it is set up, by questions alone."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from devicelink.errors import NoReply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devicelink.meter import MeterIdentity, Reading, Setup


def probe_meter(
    name: str, configuration: Mapping[str, str], port: str
) -> tuple[dict[str, object], str]:
    """What `driver probe` tells of a meter: a document, and a sentence."""
    from devicelink.cli.asking import asking
    from devicelink.registry import make_meter

    meter = make_meter(name, configuration)
    try:
        with asking(meter, port) as link:
            identity = meter.identify(link)
            setup = meter.read_setup(link) if identity.head else None
    except NoReply as error:
        raise NoReply(
            f"{error} Check that the meter is on, its cable, and its --set (speed)."
        ) from None
    document = {**asdict(identity), "setup": asdict(setup) if setup else None}
    return document, _sentence(identity, setup)


def _sentence(identity: MeterIdentity, setup: Setup | None) -> str:
    instrument, head = identity.instrument, identity.head
    told = (
        f"A meter answers: {instrument.model or 'model not told'}, serial number "
        f"{instrument.serial or 'not told'}, firmware {instrument.firmware or 'not told'}."
    )
    if head is None or setup is None:
        return f"{told} NO HEAD is plugged in."
    return (
        f"{told} Its head: {head.model or head.kind}, serial number {head.serial or 'not told'}. "
        f"It is set to {setup.mode.value}, wavelength {_shown(setup.wavelength)}, range "
        f"{_shown(setup.range)}."
    )


def _shown(reading: Reading) -> str:
    return reading.value or f"not told ({reading.why})"
