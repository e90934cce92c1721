"""`devicelink meter`: the register of meters, with what their papers say."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from devicelink.cli.common import By, Data, Json, PinFile, acting, emit, key_values, open_station
from devicelink.errors import ConfigError

if TYPE_CHECKING:
    from devicelink.devices.meters import Meter

app = typer.Typer(help="The register of meters, for checks of energy.", no_args_is_help=True)

_SERIAL = re.compile(r"[!-~]{1,60}", re.ASCII)


@app.command("add")
def add(
    serial: str,
    driver: Annotated[str, typer.Option(help="The meter's driver.")],
    port: Annotated[str, typer.Option(help="Path or URL of the port.")],
    head: Annotated[str, typer.Option(help="Serial number of the head it is calibrated with.")],
    calibrated: Annotated[
        str | None, typer.Option(help="Day of the calibration of both, YYYY-MM-DD.")
    ] = None,
    valid_until: Annotated[
        str | None, typer.Option(help="Last day on which that counts, YYYY-MM-DD.")
    ] = None,
    max_energy_mj: Annotated[
        str | None, typer.Option(help="What the head bears by its papers: energy of a pulse.")
    ] = None,
    max_power_w: Annotated[str | None, typer.Option(help="The same, mean power.")] = None,
    max_density_j_cm2: Annotated[
        str | None, typer.Option("--max-density-j-cm2", help="The same, density of a pulse.")
    ] = None,
    wavelengths_nm: Annotated[
        str | None, typer.Option(help="For which the head is made, LOWEST-HIGHEST.")
    ] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="KEY=VALUE.")] = None,
    by: By = None,
    pin_file: PinFile = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Register a meter and its head, or change that; an administrator does, from their papers.

    What the papers do not say is left out: a check says then what is missing.
    """
    from devicelink.cli.device import absolute, check_port
    from devicelink.devices.meters import find
    from devicelink.devices.register import simulated_serial
    from devicelink.journal.entry import Draft
    from devicelink.registry import make_meter

    for each in (serial, head):
        if not _SERIAL.fullmatch(each):
            raise ConfigError("A serial number is 1 to 60 visible ASCII characters, as labelled.")
    port = absolute(port)
    configuration = key_values(set_)
    make_meter(driver, configuration)
    lowest, highest = _wavelengths(wavelengths_nm)
    energy_mj = _positive("--max-energy-mj", max_energy_mj)
    papers = {
        "calibrated_on": _day("--calibrated", calibrated),
        "calibration_valid_until": _day("--valid-until", valid_until),
        "max_energy_j": None if energy_mj is None else f"{float(energy_mj) / 1000:.9g}",
        "max_power_w": _positive("--max-power-w", max_power_w),
        "max_density_j_cm2": _positive("--max-density-j-cm2", max_density_j_cm2),
        "wavelength_min_nm": lowest,
        "wavelength_max_nm": highest,
    }
    station = open_station(data)
    person = acting(station, by, pin_file, "administrator")
    check_port(port, simulated=station.simulated)
    named = simulated_serial(serial) if station.simulated else serial
    registered = {
        "serial": named,
        "driver": driver,
        "port": port,
        "configuration": configuration,
        "head_serial": simulated_serial(head) if station.simulated else head,
        **papers,
    }
    station.journal.append(
        Draft("meter.registered", registered, actor=person.id, role="administrator")
    )
    meter = find(station.state()["meters"], named)
    emit(as_json, meter.model_dump(mode="json"), f"{_line(meter)}\nRegistered by {person.name}.")


@app.command("list")
def list_meters(data: Data = None, as_json: Json = False) -> None:
    """Every registered meter with its head and its calibration."""
    from devicelink.devices.meters import meters

    found = meters(open_station(data).state()["meters"])
    rows = [meter.model_dump(mode="json") for meter in found.values()]
    lines = [_line(meter) for meter in found.values()]
    emit(as_json, rows, "\n".join(lines) or "No meter is registered.")


def _line(meter: Meter) -> str:
    until = meter.calibration_valid_until
    bears = [
        f"{value} {unit}"
        for value, unit in (
            (meter.max_energy_j, "J"),
            (meter.max_power_w, "W"),
            (meter.max_density_j_cm2, "J/cm2"),
        )
        if value
    ]
    return (
        f"{meter.serial}  {meter.driver}  {meter.port}  head {meter.head_serial}, calibration "
        f"{f'counts until {until}' if until else 'NOT STATED'}, bears "
        f"{', '.join(bears) or 'NOT STATED'}"
    )


def _day(option: str, text: str | None) -> str | None:
    try:
        return None if text is None else date.fromisoformat(text).isoformat()
    except ValueError:
        raise ConfigError(f"{option} takes a day like 2026-01-31, not {text!r:.40}.") from None


def _positive(option: str, text: str | None) -> str | None:
    from devicelink.units import decimal

    if text is not None and not decimal(text, option) > 0:
        raise ConfigError(f"{option} takes a number greater than 0.")
    return text


def _wavelengths(text: str | None) -> tuple[str | None, str | None]:
    from devicelink.units import decimal

    if text is None:
        return None, None
    lowest, dash, highest = text.partition("-")
    named = "Each of --wavelengths-nm"
    if not dash or decimal(lowest, named) > decimal(highest, named):
        raise ConfigError(f"--wavelengths-nm takes LOWEST-HIGHEST like 190-12000, not {text!r:.40}")
    return lowest, highest
