"""What all commands share: options, opening the station, who acts, and how things are printed."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from devicelink.config import data_folder, read_text
from devicelink.errors import ConfigError, Refused

if TYPE_CHECKING:
    from devicelink.people import Person
    from devicelink.people.withdrawal import Word
    from devicelink.station import Station

Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        help="The station's folder.",
        show_default="$DEVICELINK_DATA, else ~/.local/state/devicelink",
        readable=False,  # what cannot be read gets our own sentence, or the doctor's
    ),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
By = Annotated[str | None, typer.Option("--by", help="Who acts: a person's ID.")]
PinFile = Annotated[
    Path | None,
    typer.Option("--pin-file", help="Read the PIN from a file; simulated stations only."),
]

Reason = Annotated[
    str, typer.Option("--reason", help="Why, in your own words; kept outside the journal.")
]
Safety = Annotated[bool, typer.Option("--safety", help="For safety: running sessions end at once.")]


ONE_ADMINISTRATOR = (
    "There is no second administrator here, so one person's word is enough. Make another one: then "
    "what one decides of issuers and roles waits for the other."
)


_opened: list[Station] = []


def open_station(data: Path | None) -> Station:
    """Open the station that the options name; raises `ConfigError` or `JournalBroken`."""
    from devicelink.station import Station

    station = Station.open(data_folder(data))
    _opened.append(station)
    return station


def close_stations() -> None:
    """Mirror what commands recorded, and close: the journal lies whole in its one file."""
    while _opened:
        station = _opened.pop()
        problem = station.mirror.write() if station.journal.grown else None
        if problem is not None:
            print(problem, file=sys.stderr)
        station.journal.close()


def emit(as_json: bool, document: object, text: str) -> None:
    """Print one JSON document for machines, or text for people."""
    print(json.dumps(document, ensure_ascii=False) if as_json else text, flush=True)


def read_pin(station: Station, pin_file: Path | None, prompt: str) -> str:
    """A PIN from the file (simulated stations only) or from the terminal, unseen.

    Raises `Refused` for a file on a real station, `ConfigError` where there is nobody to ask.
    """
    if pin_file is not None:
        if not station.simulated:
            raise Refused("--pin-file is refused on a real station: a PIN is typed by its person.")
        return read_text(pin_file, "PIN file").strip()
    if not sys.stdin.isatty():
        remedy = "Give it by --pin-file FILE." if station.simulated else "Use a terminal."
        raise ConfigError(f"A PIN is needed and there is no terminal to ask at. {remedy}")
    return str(typer.prompt(prompt, hide_input=True, err=True))


def acting(
    station: Station, by: str | None, pin_file: Path | None, role: str | None = None
) -> Person:
    """Sign in whoever acts, and check the role if one is needed.

    Raises `SignInFailed`, `Refused`, `ConfigError`.
    """
    if by is None:
        raise ConfigError("Say who acts: --by ID.")
    person = station.sign_in(by, read_pin(station, pin_file, f"PIN of {by}"))
    if role is not None and role not in person.roles:
        raise Refused(f"{person.name} has not the role {role}; ask a person who has.")
    return person


def withdrawing(station: Station, person: Person, reason: str, *, safety: bool) -> Word:
    """The word of somebody who withdraws; their reason is durable before this returns."""
    from devicelink.people.withdrawal import Word
    from devicelink.treatment.notes import keep_note

    return Word(person.id, keep_note(station.folder, reason, station.runtime), safety)


def ends_words(*, safety: bool) -> str:
    """What a withdrawal does to sessions that run."""
    if safety:
        return "A session that runs by it is locked at once."
    return "A session that runs by it may go on until its next standby, ten minutes at most."


def key_values(pairs: list[str] | None) -> dict[str, str]:
    """`KEY=VALUE` words as a table; raises `ConfigError` for anything else."""
    table = {}
    for pair in pairs or []:
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise ConfigError(f"{pair!r} is not KEY=VALUE.")
        table[key] = value
    return table
