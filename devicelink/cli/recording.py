"""What `devicelink driver record` and `driver replay` do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink import registry
from devicelink.errors import NoReply
from devicelink.recordings.file import Called, Head, Passed, Raised, Recording, read_recording
from devicelink.recordings.playing import replay
from devicelink.recordings.redaction import redacted, secrets_of
from devicelink.runtime import MachineDisk, ThreadRuntime

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import Literal

    from devicelink.driver import Driver
    from devicelink.recordings.file import Event

_SHOWN = 8
"""Pieces of bytes that are printed; the file has them all."""


def from_port(name: str, setup: Mapping[str, str], port: str) -> Recording:
    """Ask the laser on a port; raises what `connect` and `identify` raise."""
    from devicelink.recordings.recording import Recorder, record
    from devicelink.session.connection import connect

    runtime = ThreadRuntime()
    recorder = Recorder(runtime)
    connection = connect(
        driver=name, configuration=setup, port=port, runtime=runtime, transcript=recorder
    )
    try:
        events = record(connection.link, connection.driver, recorder)
    except NoReply as error:
        raise NoReply(
            f"{error} Check that the laser is on, its cable, and its --set. Nothing was written."
        ) from None
    finally:
        connection.port.close()
    return Recording(_head("port", name, setup), events)


def from_transcript(
    name: str, setup: Mapping[str, str], transcript: Path, settings: Path | None
) -> Recording:
    """Convert a session's transcript; raises `ConfigError` for an unusable file."""
    from devicelink.cli.session import read_settings
    from devicelink.recordings.converting import as_calls, read_transcript

    driver = registry.make(name, setup)
    asked_for = read_settings(settings) if settings is not None else None
    events = as_calls(read_transcript(transcript), driver, asked_for)
    return Recording(_head("transcript", name, setup), events)


def keep(made: Recording, output: Path, more: Sequence[str]) -> tuple[dict[str, object], str]:
    """Redact it, write it, and tell what is in it; raises `Refused`, `ConfigError`."""
    driver = _driver(made)
    secrets = secrets_of(made, driver, more)
    kept = redacted(made, secrets, lambda setup: registry.make(made.head.driver, setup))
    kept.write(output, MachineDisk())
    calls = [event.call for event in kept.events if isinstance(event, Called)]
    failed = [event.sentence for event in kept.events if isinstance(event, Raised)]
    loose = _loose(kept.events)
    document: dict[str, object] = {
        "file": str(output),
        "calls": calls,
        "raised": failed,
        "bytes": sum(len(event.data) for event in kept.passed if event.dir != "!"),
        "bytes_of_no_call": sum(len(each.data) for each in loose),
        "redacted": [each.model_dump() for each in kept.head.redacted],
    }
    lines = [f"{output}: {len(calls)} calls, {document['bytes']} bytes."]
    lines += [f"A call failed, and was recorded so: {sentence}" for sentence in failed]
    lines += _loose_words(loose)
    lines += [
        f"Replaced by {each.stand_in!r}, {each.times} times: what was named {each.what}."
        for each in kept.head.redacted
    ]
    if not kept.head.redacted:
        lines.append("Nothing was replaced: the driver names nothing that tells this laser apart.")
    return document, "\n".join(lines)


def replayed(path: Path) -> tuple[dict[str, object], str]:
    """Play a file to its driver; `ok` says whether all was as recorded."""
    recording = read_recording(path)
    told = replay(recording, _driver(recording))
    document: dict[str, object] = {
        "ok": told.problem is None,
        "calls": told.calls,
        "problem": told.problem,
    }
    return document, told.problem or f"{path}: {told.calls} calls, all as recorded."


def _driver(recording: Recording) -> Driver:
    return registry.make(recording.head.driver, recording.head.configuration)


def _head(source: Literal["port", "transcript"], name: str, setup: Mapping[str, str]) -> Head:
    claim = registry.find(name)
    return Head(
        source=source,
        driver=name,
        distribution=claim.distribution,
        version=claim.version,
        configuration=dict(setup),
    )


def _loose(events: tuple[Event, ...]) -> list[Passed]:
    """What passed outside of every call."""
    found, calling = [], False
    for event in events:
        if isinstance(event, Called):
            calling = True
        elif not isinstance(event, Passed):
            calling = calling and event.kind == "silence"
        elif not calling and event.dir != "!":
            found.append(event)
    return found


def _loose_words(loose: list[Passed]) -> list[str]:
    if not loose:
        return []
    count = sum(len(each.data) for each in loose)
    lines = [f"{count} bytes belong to no call of the driver and stay as bytes:"]
    shown = loose[:_SHOWN]
    lines += [f"  {each.dir} {each.data.hex(' ')}  {_text(each.data)}" for each in shown]
    if len(loose) > _SHOWN:
        lines.append(f"  … and {len(loose) - _SHOWN} pieces more")
    return lines


def _text(data: bytes) -> str:
    """Bytes beside their hex, as text where they are some."""
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else "·" for byte in data)  # noqa: PLR2004
