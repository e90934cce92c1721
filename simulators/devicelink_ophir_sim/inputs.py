"""Everything that can be set on the simulated meter: the light, the head, the instrument, the wire.

Meanings marked `[?]` are our reading or our proposal; no source tells.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from devicelink_simulation.device import Setup
from devicelink_simulation.faults import FaultKind
from devicelink_simulation.settable import Kind, Settable, choice, number, text, whole
from devicelink_simulation.wired import REBOOT, STUCK_ACK

if TYPE_CHECKING:
    from collections.abc import Mapping

BAUDS = ("9600", "19200", "38400", "300", "1200", "4800")
"""In the order of their codes."""


@dataclass(slots=True)
class Inputs:
    """The light, the head and how the meter is built; one field for each settable."""

    model: str
    head: str
    head_kind: str
    pulse_j: float
    beam_w: float
    beam_nm: float
    falls_percent: float
    filter: str
    diffuser: str
    absent_optic: str
    mains: str
    battery: str
    head_serial: str
    head_name: str
    capabilities: int
    power_ranges_w: str
    energy_ranges_j: str
    range_index: int
    auto_range: str
    range_settle_s: float
    wavelengths: str
    wavelength_list: str
    wavelength_index: int
    wavelength_low_nm: float
    wavelength_high_nm: float
    discrete_list: str
    mode: str
    mode_words: str
    baud: str
    user_threshold: int
    user_threshold_low: int
    user_threshold_high: int
    pulse_lengths: str
    max_frequency_hz: int
    reading_period_s: float
    power_response_s: float
    energy_response_s: float
    noise_percent: float
    calibration_error_percent: float
    zero_offset_w: float
    zeroing_s: float
    damage_j: float
    damage_w: float
    save: str
    instrument_id: str
    instrument_serial: str
    instrument_name: str
    firmware: str
    boot_firmware: str
    boot_mode: str
    interface: str
    reply_space: str
    exponent: str
    lower_case: str
    errors: str
    error_echo: str
    restart_s: float
    reply_latency_s: float

    @classmethod
    def of(cls, values: Mapping[str, str]) -> Inputs:
        """From one checked text for each settable."""
        return cls(**{each.name: read(each.name, values[each.name]) for each in fields(cls)})


SETTABLES: tuple[Settable, ...] = (
    choice("model", ("ea1", "nova", "nova2", "vega"), "the instrument; fixed when it is built"),
    choice(
        "head",
        ("thermopile", "pyroelectric", "none"),
        "the head that is plugged in; another one starts with its ranges anew",
    ),
    choice(
        "head_kind",
        ("as_head", "SI", "NJ", "BC", "TP", "LX", "RP"),
        "the type of head that $HI tells: TH, PY or XX as the head is, or another one, which "
        "measures as the head does here [?]",
    ),
    number(
        "pulse_j",
        "0",
        "a pulse falls on the head now, J; at the start: one that came before, its flag still set",
        low=0,
        high=1e6,
    ),
    number("beam_w", "0", "a continuous beam on the head, W", low=0, high=1e6),
    number("beam_nm", "1064", "the wavelength of the light that falls on it", low=100, high=30000),
    number(
        "falls_percent",
        "100",
        "so much of a pulse of the laser that is served with it reaches the head",
        low=0,
        high=100,
    ),
    choice("filter", ("none", "out", "in"), "the head's filter as it stands; none: it has none"),
    choice("diffuser", ("none", "out", "in"), "the head's diffuser as it stands"),
    choice(
        "absent_optic",
        ("refused", "not_applicable"),
        "what follows $FQ and $DQ where there is no filter or diffuser: a failure, or 1 N/A [?]",
    ),
    choice("mains", ("50Hz", "60Hz"), "the mains here; the meter set to the other one is noisier"),
    choice("battery", ("ok", "low"), "what $BC tells"),
    text("head_serial", "12345", "what $HI tells"),
    text("head_name", "03AP", "what $HI tells"),
    whole(
        "capabilities",
        "0x183",
        "what $HI tells: bit 0 power, 1 energy, 18 temperature, 31 frequency",
        low=0,
        high=0xFFFFFFFF,
    ),
    text("power_ranges_w", "30 3 0.3 0.03", "full scales, W, the largest first"),
    text("energy_ranges_j", "30 3 0.3 0.03", "full scales, J, the largest first"),
    whole("range_index", "0", "the range at the start; 0 is the largest", low=0, high=31),
    choice("auto_range", ("power", "both", "no"), "in which modes AUTO is one of the ranges [?]"),
    number("range_settle_s", "4", "no energy readings so long after $WN", low=0, high=600),
    choice("wavelengths", ("continuous", "discrete"), "what the head offers; fixed when built"),
    text("wavelength_list", "248 366 532 1064 NONE 10.6", "continuous: entries; below 100 in um"),
    whole("wavelength_index", "4", "the current entry at the start, from 1", low=1, high=31),
    number("wavelength_low_nm", "193", "continuous: the shortest", low=100, high=30000),
    number("wavelength_high_nm", "12000", "continuous: the longest", low=100, high=30000),
    text("discrete_list", "VIS NIR", "discrete: names; what CO2 and erbium are called is [?]"),
    choice(
        "mode",
        ("power", "energy", "passive", "exposure", "position"),
        "what is measured at the start; of the last three only that a hand left it so, with no "
        "readings [?]",
    ),
    choice(
        "mode_words",
        ("both", "mm", "force"),
        "what sets the mode: $MM, $FP and $FE, or all; a nova knows no $MM [?]",
    ),
    choice("baud", BAUDS, "what $BR tells; bytes come and go at any speed here"),
    whole("user_threshold", "300", "pyroelectric: $UT, 1/10000 of full scale", low=1, high=10000),
    whole("user_threshold_low", "106", "the least that $UT takes", low=1, high=10000),
    whole("user_threshold_high", "2500", "the most that $UT takes", low=1, high=10000),
    text("pulse_lengths", "1.0ms 2.0ms 5.0ms 10ms 20ms", "pyroelectric: what $PL chooses from"),
    whole("max_frequency_hz", "1000", "pyroelectric: what $MF tells", low=1, high=10_000_000),
    number("reading_period_s", "0.0667", "time between power readings", low=0.001, high=60),
    number("power_response_s", "0.8", "time constant of the thermopile [?]", low=0.001, high=100),
    number("energy_response_s", "2.5", "from pulse to reading [?]", low=0, high=60),
    number("noise_percent", "0.3", "noise of a reading", low=0, high=30),
    number("calibration_error_percent", "0", "it reads so much too high", low=-90, high=900),
    number("zero_offset_w", "0", "added to power until it is zeroed", low=-1000, high=1000),
    number("zeroing_s", "25", "how long zeroing takes", low=0, high=600),
    number("damage_j", "100", "a pulse above it damages the head", low=1e-9, high=1e6),
    number("damage_w", "60", "a beam above it damages the head", low=1e-9, high=1e6),
    choice("save", ("works", "fails"), "whether settings can be saved"),
    text("instrument_id", "EA1", "what $II tells [?]"),
    text("instrument_serial", "113217", "what $II tells"),
    text("instrument_name", "EA-1", "what $II tells [?]"),
    text("firmware", "EA1.06", "what $VE tells"),
    text("boot_firmware", "ED1.06", "what $VE tells in boot mode"),
    choice("boot_mode", ("off", "on"), "on: only $HP, $VE and $RE are understood [?]"),
    choice("interface", ("rs232", "usb"), "on RS-232 streaming needs $DU first"),
    choice(
        "reply_space",
        ("mixed", "on", "off"),
        "a space after the * of a text: as in the sources' examples, always, never",
    ),
    choice("exponent", ("short", "long"), "1.300E-5 or 1.300E-05"),
    choice("lower_case", ("unknown", "accepted"), "whether $sp is $SP; no source tells"),
    choice(
        "errors",
        ("com_error", "recalled"),
        "?COM ERROR for everything, or also ?BAD COMMAND, ?PARAM ERROR, ?WRONG HEAD [?]",
    ),
    choice("error_echo", ("off", "on"), "whether a failure repeats the command [?]"),
    number("restart_s", "3", "how long $RE takes [?]", low=0, high=600),
    number("reply_latency_s", "0", "time from command to reply", low=0, high=60),
)

FAULTS: tuple[FaultKind, ...] = (
    REBOOT,
    STUCK_ACK,
    FaultKind(
        "frozen_status",
        "$SP, $SE, $EF and $ER go on saying what held when it began",
        lasting=True,
    ),
)

SETUPS: dict[str, Setup] = {
    "no_head": Setup("no head is plugged in", {"head": "none"}),
    "stale_flag": Setup(
        "a pulse of 13 mJ came before anybody asked", {"mode": "energy", "pulse_j": "0.013"}
    ),
    "boot_mode": Setup("the EA-1 waits for firmware", {"boot_mode": "on"}),
    "wrong_wavelength": Setup(
        "set to 1064 nm while the light has 10600", {"beam_nm": "10600", "wavelength_index": "4"}
    ),
    "drifted": Setup("it reads 8 % too low", {"calibration_error_percent": "-8"}),
    "never_zeroed": Setup("half a watt is shown in the dark", {"zero_offset_w": "0.5"}),
    "filter_forgotten": Setup("the filter is in; the meter believes it out", {"filter": "in"}),
    "discrete_head": Setup(
        "a head that knows wavelengths by name",
        {"wavelengths": "discrete", "discrete_list": "VIS NIR CO2", "wavelength_index": "1"},
    ),
    "recalled_errors": Setup(
        "errors in the texts that one source recalls", {"errors": "recalled", "error_echo": "on"}
    ),
}

PRESETS = {
    "model": {
        "nova": {"firmware": "NV1.09", "instrument_id": "NOVA", "instrument_name": "NOVA"},
        "nova2": {"firmware": "NC1.40", "instrument_id": "NOVA-II", "instrument_name": "NOVA-II"},
        "vega": {"firmware": "VG1.10", "instrument_id": "VEGA", "instrument_name": "VEGA"},
    },
    "wavelengths": {"discrete": {"wavelength_index": "1"}},
    "head": {
        "pyroelectric": {
            "head_serial": "22323",
            "head_name": "PE10-C",
            "capabilities": "0x80000003",
            "energy_ranges_j": "0.01 0.002 0.0002 0.00002",
            "power_ranges_w": "0.03 0.003 0.0003",
            "energy_response_s": "0.002",
            "damage_j": "0.02",
            "damage_w": "3",
            "mode": "energy",
        },
        "none": {"head_serial": "0", "head_name": "NOHEAD", "capabilities": "0"},
    },
}
"""Defaults that come with an instrument or a head; versions and names but the EA-1's are ours
[?].
"""

_BY_NAME = {settable.name: settable for settable in SETTABLES}


def read(name: str, value: str) -> Any:
    """A checked text as the type of its field: text, number or whole number."""
    settable = _BY_NAME[name]
    if settable.kind is Kind.WHOLE:
        return int(settable.number(value))
    return settable.number(value) if settable.kind is Kind.NUMBER else value
