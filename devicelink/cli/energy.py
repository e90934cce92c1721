"""`devicelink device energy-check`: what the clinic asks for before a client, and how it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from devicelink.cli.common import By, Data, Json, PinFile, acting, emit, open_station
from devicelink.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping


def energy_check(
    serial: str,
    tolerance: Annotated[
        float, typer.Option("--tolerance-percent", help="The mean may be so far off, at most 20.")
    ] = 0.0,
    valid: Annotated[
        int, typer.Option("--valid-hours", help="So long a check that passed counts.")
    ] = 0,
    not_asked: Annotated[
        bool, typer.Option("--not-asked-for", help="Sessions need no check any more.")
    ] = False,
    by: By = None,
    pin_file: PinFile = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Ask for energy checks of a laser before clients, or for none; an administrator does."""
    from devicelink.treatment.energy import rule_draft

    if not not_asked and not (tolerance and valid):
        raise ConfigError("Say --tolerance-percent NUMBER and --valid-hours NUMBER.")
    station = open_station(data)
    station.device(serial)
    person = acting(station, by, pin_file, "administrator")
    draft = rule_draft(
        serial,
        tolerance_percent=tolerance,
        valid_hours=valid,
        by=person.id,
        asked_for=not not_asked,
    )
    entry = station.journal.append(draft)
    text = (
        f"No energy check of {serial} is asked for any more (entry {entry.index})."
        if not_asked
        else f"Before a client {serial} needs an energy check: within {tolerance:g} %, not older "
        f"than {valid} h (entry {entry.index})."
    )
    emit(as_json, {"index": entry.index, **entry.data}, text)


def energy_lines(known: Mapping[str, Any]) -> list[str]:
    """What the clinic asks for, and the last check of its energy, where there is any."""
    rule, last, void = known.get("rule"), known.get("last"), known.get("void")
    told = []
    if rule:
        told.append(f"asked for: {rule['tolerance_percent']:g} %, every {rule['valid_hours']} h")
    if last:
        told.append(f"last: {last['result']}, {last['at']} ({last['session']})")
    if last and void:
        told.append(f"counts no more: {void}")
    return [f"    energy check: {'; '.join(told)}"] if told else []
