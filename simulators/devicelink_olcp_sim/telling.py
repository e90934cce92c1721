"""The messages that change nothing: what each of them tells."""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING

from devicelink_olcp_sim import errors, logs
from devicelink_olcp_sim.errors import NotTaken
from devicelink_olcp_sim.inputs import TIPS
from devicelink_olcp_sim.said import Said, status_after
from devicelink_olcp_sim.states import SELF_TEST

if TYPE_CHECKING:
    from devicelink_olcp_sim.console import Console

_MS = 1_000_000
_MINOR = 0
_TESTS = range(1, 10)
_NOT_RUN = 2
_READ = Struct("<QB")
_NUMBER = Struct("<Q")
_COUNTS = Struct("<QQQQII")
_FAULT = Struct("<BQI")
_RANGE = Struct("<BIII")
_CAPS = Struct("<BIHH")
_TIP = Struct("<IHI")
_MOST_EVENTS, _MOST_REPORTS = 20, 4
_EVENTS_IN_A_FRAME = 18
_MOST_32 = 0xFFFFFFFF


def status(console: Console, _payload: bytes) -> Said:
    """How it is."""
    return status_after(console)


def ident(console: Console, _payload: bytes) -> Said:
    """Who it is."""
    inputs = console.inputs
    texts = (inputs.serial, inputs.maker, console.settings.personality.model, inputs.firmware)
    told = b"".join(map(_string, (*texts, inputs.udi))) + console.boot_id
    return Said(lambda: told + console.memory.counters.boots.to_bytes(4, "little"))


def caps(console: Console, _payload: bytes) -> Said:
    """What it can, with the handpiece and tip that are in place."""
    inputs, personality = console.inputs, console.settings.personality
    flags = (
        (inputs.remote_ready == "on")
        | (inputs.settings_authority != "panel") << 1
        | (inputs.settings_authority != "host") << 2
        | personality.scanner << 3
        | (inputs.calibration_port == "on") << 4
        | personality.cooled << 5
        | (inputs.energy_sensor == "fitted") << 6
    )
    ranges = console.settings.ranges()
    wavelengths, handpieces = personality.wavelengths_nm, personality.handpieces
    told = (
        _CAPS.pack(_MINOR, flags, inputs.lease_min_ms, inputs.lease_max_ms)
        + bytes([len(wavelengths)])
        + b"".join(each.to_bytes(2, "little") for each in wavelengths)
        + bytes([len(handpieces), *handpieces, len(ranges)])
        + b"".join(_RANGE.pack(number, *each) for number, each in ranges.items())
    )
    return Said(lambda: told)


def time(console: Console, _payload: bytes) -> Said:
    """Its own clock."""
    return Said(lambda: console.boot_id + _NUMBER.pack(console.clock_ms))


def settings_read(console: Console, _payload: bytes) -> Said:
    """What is in force."""
    return Said(lambda: console.settings.settings_id + console.settings.block)


def tip(console: Console, _payload: bytes) -> Said:
    """Handpiece and tip."""
    inputs, settings = console.inputs, console.settings
    tip = TIPS.index(inputs.tip)
    handpiece_serial = inputs.handpiece_serial if settings.handpiece else ""
    there = (inputs.tip_uses_left, inputs.tip_spot_um, inputs.tip_max_energy_uj)
    told = (
        bytes([settings.handpiece])
        + _string(handpiece_serial)
        + bytes([tip])
        + _string(inputs.tip_serial if tip else "")
        + _TIP.pack(*(there if tip else (0, 0, 0)))
    )
    return Said(lambda: told)


def counters(console: Console, _payload: bytes) -> Said:
    """Over its life."""
    counters = console.memory.counters
    told = _COUNTS.pack(
        counters.pulses,
        counters.scans,
        int(counters.energy_uj / 1000),
        counters.emission_ns // _MS,
        counters.boots,
        min(counters.frames_thrown_away, _MOST_32 - 1),
    )
    return Said(lambda: told)


def events_read(console: Console, payload: bytes) -> Said:
    """Events from a number on."""
    first, most = _window(payload, _MOST_EVENTS)
    return Said(lambda: _listed(console.memory.events, first, min(most, _EVENTS_IN_A_FRAME)))


def reports_read(console: Console, payload: bytes) -> Said:
    """Reports from a number on; those that are told count as taken."""
    reports = console.memory.reports
    first, most = _window(payload, _MOST_REPORTS)
    shown = reports.read(first, most)

    def deed() -> None:
        reports.seen = max(reports.seen, shown[-1].number if shown else 0)

    return Said(lambda: _listed(reports, first, most), deed)


def _window(payload: bytes, most: int) -> tuple[int, int]:
    """From which number, and at most how many; raises `NotTaken`."""
    first, wanted = _READ.unpack_from(payload)
    if not 1 <= wanted <= most:
        raise NotTaken(errors.MALFORMED)
    return first, wanted


def _listed(log: logs.Log[logs.Event] | logs.Log[logs.Report], first: int, most: int) -> bytes:
    shown = log.read(first, most)
    head = _NUMBER.pack(log.oldest) + _NUMBER.pack(log.next) + bytes([len(shown)])
    return head + b"".join(each.packed() for each in shown)


def selftest(console: Console, _payload: bytes) -> Said:
    """The last self-test."""
    failed, running = console.inputs.self_test_fails, console.state == SELF_TEST
    results = b"".join(
        bytes([test, _NOT_RUN if running else int(test == failed)]) for test in _TESTS
    )
    return Said(lambda: bytes([len(_TESTS)]) + results)


def faults(console: Console, _payload: bytes) -> Said:
    """Those that are latched."""
    listed = b"".join(_FAULT.pack(fault, *each) for fault, each in sorted(console.faults.items()))
    return Said(lambda: bytes([len(console.faults)]) + listed)


def keys_list(console: Console, _payload: bytes) -> Said:
    """Who may sign permits."""
    return Said(console.keys.listed)


def _string(text: str) -> bytes:
    return bytes([len(text)]) + text.encode("ascii")
