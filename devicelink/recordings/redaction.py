"""Keeping out of a recording what names one device: bytes replaced by stand-ins of their length.

A digit becomes a digit, a letter a letter of its case, all else stays; the same text gets the same
stand-in wherever it stands, also across pieces. Then the driver is asked what it makes of the
changed bytes. If that is anything else than before, but for the stand-ins, nothing is written: a
recording that lies about more than a name is worse than none. A checksum over what was replaced
ends so, unless the driver's wire offers `resealed`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from devicelink.errors import ConfigError, Refused
from devicelink.recordings.calls import Differs, difference
from devicelink.recordings.file import Called, Made, Passed, Raised, Recording, Redacted
from devicelink.recordings.playing import played
from devicelink.recordings.recording import ending

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pydantic import JsonValue

    from devicelink.driver import Driver
    from devicelink.recordings.file import Event

SHORTEST = 3
"""A shorter text stands everywhere by chance."""
_DIGITS, _LETTERS = "1234567890", "QWERTPUIAS"
"""None has a letter in its hexadecimal form, whose case is therefore no question."""


@runtime_checkable
class Resealing(Protocol):
    """A wire whose frames carry a checksum may offer this beside `Wire`."""

    def resealed(self, stream: bytes) -> bytes:
        """Whole frames whose content was changed, with their checksums made anew."""
        ...


@runtime_checkable
class NamesDetails(Protocol):
    """A driver may offer this beside `Driver`."""

    identifying_details: Sequence[str]
    """Keys of `Identity.details` whose values name one device."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A text that must not be in the file, in a pattern that ignores case, and its stand-in."""

    what: str
    text: str
    stand_in: str

    def replaced(self, data: bytes) -> tuple[bytes, int]:
        """In bytes; how often."""
        pattern = re.compile(re.escape(self.text.encode()), re.IGNORECASE)
        return pattern.subn(lambda found: _cased(self.stand_in.encode(), found[0]), data)

    def replaced_text(self, text: str) -> str:
        """In words, also where they tell bytes in hex."""
        text = self.replaced(text.encode())[0].decode()
        for gap in ("", " "):
            old = self.text.encode().hex(gap) if gap else self.text.encode().hex()
            new = self.stand_in.encode().hex(gap) if gap else self.stand_in.encode().hex()
            text = re.sub(re.escape(old), new, text, flags=re.IGNORECASE)
        return text

    def is_in(self, text: str) -> bool:
        """Whether words still hold it."""
        return self.replaced_text(text) != text


def secrets_of(recording: Recording, driver: Driver, more: Iterable[str]) -> tuple[Secret, ...]:
    """What names the device: its serial number, details its driver names, and `more`.

    Raises `ConfigError` for a text that is too short or for which there is no stand-in.
    """
    texts = dict.fromkeys(more, "as asked")
    if "serial" in recording.head.configuration:
        texts[recording.head.configuration["serial"]] = "serial number"
    keys = driver.identifying_details if isinstance(driver, NamesDetails) else ()
    for identity in _identities(recording):
        if isinstance(identity["serial"], str):
            texts[identity["serial"]] = "serial number"
        details = identity["details"]
        for key in keys if isinstance(details, dict) else ():
            if isinstance(details, dict) and isinstance(details.get(key), str):
                texts[str(details[key])] = key
    everything = b"".join(each.data for each in recording.passed).lower()
    secrets: list[Secret] = []
    for text in sorted(texts, key=len, reverse=True):
        others = [each.stand_in for each in secrets]
        secrets.append(Secret(texts[text], text, _stand_in(text, everything, others)))
    return tuple(secrets)


def redacted(
    recording: Recording, secrets: Sequence[Secret], make: Callable[[Mapping[str, str]], Driver]
) -> Recording:
    """The recording with stand-ins; raises `Refused` where that changes more than names."""
    if not secrets:
        return recording
    driver = make(recording.head.configuration)
    events, counts = _bytes_replaced(recording.events, secrets, driver)
    told = tuple(
        Redacted(what=each.what, stand_in=each.stand_in, times=times)
        for each, times in zip(secrets, counts, strict=True)
    )
    unfound = [each for each, times in zip(secrets, counts, strict=True) if not times]
    if any(each.is_in(word) for each in unfound for word in _words(recording, setup=False)):
        raise Refused(_UNFOUND)
    by_text = {each.text: each.stand_in for each in secrets}
    setup = {key: by_text.get(text, text) for key, text in recording.head.configuration.items()}
    head = recording.head.model_copy(update={"configuration": setup, "redacted": told})
    changed = _as_made_now(Recording(head, events), make(setup), secrets)
    if any(each.is_in(word) for each in secrets for word in _words(changed)):
        raise Refused(_UNFOUND)
    return changed


def _as_made_now(recording: Recording, driver: Driver, secrets: Sequence[Secret]) -> Recording:
    """With what the driver makes of the changed bytes, which must be what it made before."""
    events = list(recording.events)
    try:
        for end, called, told in played(recording, driver):
            before = events[end]
            now = ending(told, before.at_ns)
            if problem := _otherwise(before, now, secrets):
                raise Refused(_SPOILT.format(call=called.call, problem=problem))
            if isinstance(now, Raised):
                sentence = str(_json_replaced(now.sentence, secrets))
                now = now.model_copy(update={"sentence": sentence})
            events[end] = now
    except Differs as found:
        raise Refused(_SPOILT.format(call=found.call, problem=found)) from None
    return replace(recording, events=tuple(events))


_UNFOUND = (
    "What names the device is not in the bytes as text, so it cannot be replaced there. "
    "Nothing was written."
)
_SPOILT = (
    "Replacing what names the device changed what the driver makes of the bytes ({call}: "
    "{problem}). Nothing was written. Where frames carry a checksum, the driver has to offer "
    "`resealed`; where a short serial number stands by chance in another answer, record again."
)


def _otherwise(before: Event, now: Event, secrets: Sequence[Secret]) -> str | None:
    if isinstance(before, Made) and isinstance(now, Made):
        return difference(_json_replaced(before.made, secrets), now.made)
    if isinstance(before, Raised) and isinstance(now, Raised) and before.error == now.error:
        return None
    return now.sentence if isinstance(now, Raised) else "an error went away"


def _bytes_replaced(
    events: tuple[Event, ...], secrets: Sequence[Secret], driver: Driver
) -> tuple[tuple[Event, ...], list[int]]:
    """Each direction as one stream, cut again where it was cut; and how often each was found."""
    changed = list(events)
    counts = [0] * len(secrets)
    for direction in (">", "<", "!"):
        places = [
            (n, event)
            for n, event in enumerate(events)
            if isinstance(event, Passed) and event.dir == direction
        ]
        stream = b"".join(event.data for _, event in places)
        for nth, secret in enumerate(secrets):
            stream, times = secret.replaced(stream)
            counts[nth] += times
        at = 0
        for n, event in places:
            size = len(event.data)
            changed[n] = event.model_copy(update={"hex": stream[at : at + size].hex()})
            at += size
    wire = driver.wire
    if isinstance(wire, Resealing):
        _reseal(changed, events, wire)
    return tuple(changed), counts


def _reseal(changed: list[Event], before: tuple[Event, ...], wire: Resealing) -> None:
    """Checksums anew in every run of one direction that was changed; its last piece may grow."""
    places = [(n, event) for n, event in enumerate(changed) if isinstance(event, Passed)]
    for _, group in groupby(places, key=lambda place: place[1].dir):
        run = list(group)
        if all(before[n] == event for n, event in run):
            continue
        stream = wire.resealed(b"".join(event.data for _, event in run))
        for n, event in run[:-1]:
            size = len(event.data)
            changed[n] = event.model_copy(update={"hex": stream[:size].hex()})
            stream = stream[size:]
        n, event = run[-1]
        changed[n] = event.model_copy(update={"hex": stream.hex()})


def _identities(recording: Recording) -> Iterable[dict[str, JsonValue]]:
    calling = ""
    for event in recording.events:
        if isinstance(event, Called):
            calling = event.call
        elif isinstance(event, Made) and calling == "identify" and isinstance(event.made, dict):
            yield event.made


def _stand_in(text: str, everything: bytes, others: Sequence[str]) -> str:
    """The first in a row of texts that stands nowhere yet; it tells length and kinds alone."""
    if len(text) < SHORTEST or not text.isascii():
        raise ConfigError(
            f"{text!r} cannot be kept out of a recording: it needs {SHORTEST} characters of ASCII."
        )
    for start in range(10):
        places = [(start + n) % 10 for n in range(len(text))]
        made = "".join(_like(old, n) for old, n in zip(text, places, strict=True))
        known = made.lower().encode() in everything or made in others
        if made.lower() != text.lower() and not known:
            return made
    raise ConfigError(f"There is no stand-in for {text!r} that is not in the recording already.")


def _like(old: str, n: int) -> str:
    if old.isdigit():
        return _DIGITS[n]
    if old.isalpha():
        return _LETTERS[n] if old.isupper() else _LETTERS[n].lower()
    return old


def _cased(stand_in: bytes, found: bytes) -> bytes:
    """The stand-in in the case in which the text was found."""
    pairs = zip(stand_in, found, strict=True)
    return b"".join(
        bytes([new]).upper() if bytes([old]).isupper() else bytes([new]).lower()
        for new, old in pairs
    )


def _json_replaced(value: JsonValue, secrets: Sequence[Secret]) -> JsonValue:
    if isinstance(value, str):
        for secret in secrets:
            value = secret.replaced_text(value)
        return value
    if isinstance(value, list):
        return [_json_replaced(each, secrets) for each in value]
    if isinstance(value, dict):
        return {key: _json_replaced(each, secrets) for key, each in value.items()}
    return value


def _words(recording: Recording, *, setup: bool = True) -> Iterable[str]:
    """Every text of the file, and each direction's bytes as one text."""
    if setup:
        yield from recording.head.configuration.values()
    for direction in (">", "<", "!"):
        stream = b"".join(each.data for each in recording.passed if each.dir == direction)
        yield stream.decode("latin-1")
    for event in recording.events:
        if isinstance(event, Raised):
            yield event.sentence
        elif isinstance(event, Called):
            yield from (event.settings or {}).values()
        elif isinstance(event, Made):
            yield from _leaves(event.made)


def _leaves(value: JsonValue) -> Iterable[str]:
    if isinstance(value, dict):
        for each in value.values():
            yield from _leaves(each)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each)
    elif isinstance(value, str):
        yield value
