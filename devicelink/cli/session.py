"""`devicelink session`: check, run, list and show sessions."""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from devicelink.cli.common import Data, Json, PinFile, emit, open_station, read_pin
from devicelink.cli.words import verdict_text, warn_simulated
from devicelink.config import read_toml
from devicelink.errors import ConfigError, LockUnconfirmed, Refused

if TYPE_CHECKING:
    from devicelink.journal.entry import Entry
    from devicelink.treatment.checks import CheckRequest

app = typer.Typer(help="Sessions: check, run, list, show.", no_args_is_help=True)

Technician = Annotated[str, typer.Option(help="The technician's ID.")]
Kind = Annotated[str, typer.Option(help="treatment, test_spot, energy_check, service or training")]
Meter = Annotated[str | None, typer.Option(help="energy_check: the registered meter.")]
Pulses = Annotated[int | None, typer.Option(help="energy_check: so many, 5 unless said.")]
EnergyMj = Annotated[
    float | None,
    typer.Option(help="energy_check: of one pulse at these settings, where they do not tell."),
]
WavelengthNm = Annotated[
    str | None, typer.Option(help="energy_check: where the laser does not tell it.")
]
BeamMm = Annotated[
    float | None, typer.Option(help="energy_check: diameter of the beam on the head, at 1/e2.")
]
SettingsFile = Annotated[Path | None, typer.Option(help="TOML file with one table named settings.")]


_LARGEST = 1e6


@app.command("check")
def check(
    device: str,
    technician: Technician,
    kind: Kind = "treatment",
    settings: SettingsFile = None,
    meter: Meter = None,
    pulses: Pulses = None,
    energy_mj: EnergyMj = None,
    wavelength_nm: WavelengthNm = None,
    beam_mm: BeamMm = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """The verdict with every finding, now; recorded. Exit 1: refused."""
    from devicelink.session import start

    _known_kind(kind)
    request = _check_request(kind, meter, pulses, energy_mj, wavelength_nm, beam_mm)
    station = open_station(data)
    wanted = read_settings(settings) if settings else None
    warn_simulated(station)
    verdict, index = start.check(
        station, device, technician=technician, kind=kind, settings=wanted, request=request
    )
    document = {**verdict.as_json(), "index": index}
    emit(as_json, document, verdict_text(verdict))
    if not verdict.permitted:
        raise typer.Exit(1)


@app.command("run")
def run(
    device: str,
    technician: Technician,
    settings: Annotated[Path, typer.Option(help="TOML file with one table named settings.")],
    kind: Kind = "treatment",
    client: Annotated[str | None, typer.Option(help="The client's reference, no name.")] = None,
    pin_file: PinFile = None,
    ready_for: Annotated[
        float | None, typer.Option("--for", help="Seconds in READY; simulated stations only.")
    ] = None,
    meter: Meter = None,
    pulses: Pulses = None,
    energy_mj: EnergyMj = None,
    wavelength_nm: WavelengthNm = None,
    beam_mm: BeamMm = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """A session. Ctrl-C is a stop. Exit 3: the laser is NOT confirmed locked."""
    from devicelink.cli.face import run_session

    _known_kind(kind)
    check = _check_request(kind, meter, pulses, energy_mj, wavelength_nm, beam_mm)
    wanted = read_settings(settings)
    station = open_station(data)
    station.device(device)
    scripted = ready_for is not None
    if scripted and not station.simulated:
        raise Refused("--for is refused on a real station: a person stands at the laser.")
    if ready_for is not None and not ready_for > 0:
        raise ConfigError("--for takes a number of seconds greater than 0.")
    if scripted and pin_file is None:
        raise ConfigError("--for goes with --pin-file: a script asks nothing.")
    pin = read_pin(station, pin_file, f"PIN of {technician}")
    result = run_session(
        station,
        device,
        technician=technician,
        pin=pin,
        kind=kind,
        client=client,
        settings=wanted,
        ready_for_s=ready_for,
        check=check,
        quiet=as_json,
    )
    emit(as_json, result.as_json(), result.text())
    if result.confirmed is False:
        sentence = f"NOT CONFIRMED LOCKED: {result.at_the_laser} {result.end.sentence}"
        print(sentence, file=sys.stderr)
        raise typer.Exit(LockUnconfirmed.exit_code)
    if result.ended_badly:
        raise typer.Exit(1)


@app.command("list")
def list_sessions(data: Data = None, as_json: Json = False) -> None:
    """Every session in one line."""
    rows = list(open_station(data).journal.projection("sessions").values())
    rows.sort(key=lambda row: int(str(row["session"]).removeprefix("S-")))
    emit(as_json, rows, "\n".join(_line(row) for row in rows) or "There is no session yet.")


@app.command("show")
def show(session: str, data: Data = None, as_json: Json = False) -> None:
    """One session whole: verdict with all facts, settings, telemetry, locks, times."""
    from devicelink.cli.showing import summary, summary_lines
    from devicelink.treatment import sessions

    station = open_station(data)
    found = sessions.find(station.state()["sessions"], session)
    first = int(session.removeprefix("S-"))
    entries = [e for e in station.journal.entries(start=first) if e.session == session]
    document = {**found, "simulated": station.simulated, **summary(entries)}
    document["entries"] = [_entry(e) for e in entries]
    lines = [_line(found), *summary_lines(entries)]
    lines += [f"  {e.at:%H:%M:%S.%f}  {e.index:>5}  {e.type:<22} {_brief(e)}" for e in entries]
    if station.simulated:
        lines.append("SIMULATED")
    emit(as_json, document, "\n".join(lines))


def read_settings(path: Path) -> dict[str, str]:
    """A settings file's table, values as they are written; raises `ConfigError`."""
    document = read_toml(path)
    table = document.get("settings")
    others = sorted(set(document) - {"settings"})
    if not isinstance(table, dict) or others:
        raise ConfigError(f"{path}: a settings file has one table [settings] and nothing else.")
    for name, value in table.items():
        if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
            raise ConfigError(f"{path}: {name} must be a number or a word, not {value!r}.")
    try:
        return {str(name): str(value) for name, value in table.items()}
    except ValueError:  # a whole number of thousands of digits, written in hexadecimal
        raise ConfigError(f"{path} holds a number that is out of all bounds.") from None


def _known_kind(kind: str) -> None:
    from devicelink.treatment.sessions import KINDS

    if kind not in KINDS:
        raise ConfigError(f"There is no kind {kind!r}; the kinds are {', '.join(KINDS)}.")


def _check_request(
    kind: str,
    meter: str | None,
    pulses: int | None,
    energy_mj: float | None,
    wavelength_nm: str | None,
    beam_mm: float | None,
) -> CheckRequest | None:
    """What is asked for in a check of energy; raises `ConfigError` for words of one elsewhere."""
    from devicelink.treatment.checks import FEWEST_PULSES, CheckRequest
    from devicelink.units import decimal

    said = {
        "--meter": meter,
        "--pulses": pulses,
        "--energy-mj": energy_mj,
        "--wavelength-nm": wavelength_nm,
        "--beam-mm": beam_mm,
    }
    given = [name for name, value in said.items() if value is not None]
    if kind != "energy_check":
        if given:
            raise ConfigError(f"{given[0]} belongs to --kind energy_check, not to {kind}.")
        return None
    for name, value in (("--energy-mj", energy_mj), ("--beam-mm", beam_mm)):
        if value is not None and not 0 < value < _LARGEST:
            raise ConfigError(f"{name} takes a number greater than 0.")
    if wavelength_nm is not None:
        decimal(wavelength_nm, "--wavelength-nm")
    count = FEWEST_PULSES if pulses is None else pulses
    return CheckRequest(meter, count, energy_mj, wavelength_nm, beam_mm)


def _line(row: dict[str, object]) -> str:
    end = row.get("end")
    why = end.get("sentence") if isinstance(end, dict) else "open"
    signed = "signed" if row.get("signed") else "not signed"
    mark = "  SIMULATED" if row.get("simulated") else ""
    return (
        f"{row['session']}  {row.get('device')}  {row.get('name')}  {row.get('kind')}  "
        f"{row.get('opened_at')}  {row.get('state')}, {signed}: {why}{mark}"
    )


def _entry(entry: Entry) -> dict[str, object]:
    return {
        "index": entry.index,
        "type": entry.type,
        "at": entry.at.isoformat(),
        "mono_ns": entry.mono_ns,
        "actor": entry.actor,
        "data": entry.data,
    }


def _brief(entry: Entry) -> str:
    data = entry.data
    if entry.type == "telemetry.recorded":
        return f"{len(data['state'])} read-backs, last {data['state'][-1]}"
    if entry.type == "energy_check.pulses_recorded":
        told = [float(each) * 1e3 if each else None for each in data["energy_j"]["measured"]]
        numbers = ", ".join("no number" if each is None else f"{each:.4g}" for each in told)
        return f"pulse {data['first']} to {data['last']}, by the meter: {numbers} mJ"
    if entry.type in {"scan.recorded", "pulses.recorded"}:
        return f"pulse {data['first_pulse']} to {data['last_pulse']}, {data['outcome']}"
    if entry.type == "device.events_recorded":
        return ", ".join(event["event"] for event in data["events"])[:90]
    if isinstance(data.get("settings"), dict):
        return ", ".join(f"{name} {value}" for name, value in data["settings"].items())[:90]
    for key in ("sentence", "verdict", "settings", "state", "evidence", "settings_id"):
        if data.get(key) is not None:
            return f"{data[key]}"[:90]
    return ""
