"""Sentences that several commands say."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devicelink.devices.register import Device
    from devicelink.session.permit import Verdict
    from devicelink.station import Station

SIMULATED = "SIMULATED: no real laser may be connected to this station."


def warn_simulated(station: Station) -> None:
    """Said at each start of a simulated station, on stderr (design rule 8)."""
    if station.simulated:
        print(SIMULATED, file=sys.stderr)


_LOCK_WORDS = {
    "confirmed": "last lock read back {at}",
    "unconfirmed": "NOT CONFIRMED LOCKED {at}",
    "attested_off": "ATTESTED_OFF: a person stated {at} that its power is removed",
    "unknown": "never locked by this station yet",
}


def lock_words(lock: str, at: str | None) -> str:
    """The journal's last word on a device's lock, and when that was."""
    when = f"{at[:10]} {at[11:19]} UTC" if at else "at a time that is not known"
    return _LOCK_WORDS[lock].format(at=when)


def relay_words(device: Device) -> str:
    """The relay in its interlock circuit, where it has one."""
    relay = device.relay
    return f"  Interlock relay {relay.serial} on {relay.port}." if relay else ""


def released_words(sentence: str) -> str:
    """In whose hands a laser is, so that nobody overlooks it."""
    return f"RELEASED {sentence.removeprefix('released ')}"


_TO_ACCEPT = {
    "identity": ("identity_asserted", "its serial number"),
    "interlock": ("interlock_unknown", "its interlock"),
    "key": ("interlock_unknown", "its key"),
    "counter": ("counter_not_available", "a lifetime counter"),
}


def to_accept_words(device: Device, not_shown: tuple[str, ...]) -> str:
    """What a driver's wire does not show and nobody has accepted yet; empty where nothing is."""
    wanting = {what: _TO_ACCEPT[what] for what in _TO_ACCEPT if what in not_shown}
    left = [pair for pair in wanting.values() if pair[0] not in device.accepted]
    if not left:
        return ""
    codes = dict.fromkeys(code for code, _ in left)
    return (
        f"\nIts wire does not show {', '.join(words for _, words in left)}: sessions are refused "
        "until an administrator accepts that for the clinic: devicelink device add "
        f"{device.serial} {' '.join(f'--accept {code}' for code in codes)} --by ID"
    )


def verdict_text(verdict: Verdict) -> str:
    """A verdict for people: what refuses first, each with its remedy."""
    head = "PERMITTED" if verdict.permitted else "REFUSED"
    ordered = sorted(verdict.findings, key=lambda finding: finding.severity.value)
    lines = [head]
    for finding in ordered:
        mark = "✗" if finding.severity.value == "refuse" else "!"
        lines.append(f"  {mark} {finding.sentence}\n      → {finding.remedy}")
    return "\n".join(lines)
