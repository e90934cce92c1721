"""Everything that can be set on the simulated IPG laser: knobs, wires, its world and its dialect.

Meanings marked `[?]` are our reading or our proposal; no source tells.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from devicelink.errors import ConfigError
from devicelink_ipg_sim.status import ALARMS, BITS, RESERVED
from devicelink_simulation.settable import Kind, Settable, choice, number, text, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

PULSE_RATE_HZ = (0.001, 1e6)
PULSE_WIDTH_MS = (1e-6, 1e6)


@dataclass(slots=True)
class Inputs:
    """What the world does to the laser and how it is built; one field for each settable."""

    dialect: str
    key: str
    interlock_1: str
    interlock_2: str
    estop: str
    supply: str
    emission: str
    clear: str
    modulation_input: str
    modulation: str
    gate_mode: str
    pulse_mode: str
    hardware_emission: str
    waveform_mode: str
    analog_control: str
    analog_input_percent: float
    laser_enable: str
    aiming_beam: str
    aiming_control: str
    aiming_refused: str
    aiming_input: str
    diode_current_percent: float
    pulse_rate_hz: float
    pulse_width_ms: float
    pulse_width_unit: str
    wavelength_temperature_c: float
    power_average_s: float
    optical_interlock: str
    collimator: str
    modules: str
    back_reflection: str
    unexpected_emission: str
    alarm: str
    resettable: str
    fault_action: str
    interlock_bits: str
    reserved_bits: int
    startup_s: float
    startup_shown_after_s: float
    family: str
    wavelength_nm: float
    ambient_c: float
    temperature_c: float
    thermal_rise_c: float
    thermal_time_constant_s: float
    max_power_w: float
    minimum_power_w: float
    max_current_a: float
    minimum_current_percent: float
    threshold_percent: float
    measurable_power_w: float
    unexpected_power_w: float
    noise_percent: float
    sdc_while_emitting: str
    model: str
    device_id: str
    firmware: str
    extended_status: int
    seed_temperature_c: float
    board_temperature_c: float
    reply_latency_s: float
    buffer_bytes: int
    yar_current_words: str
    value_space: str
    param_space: str
    unknown_reply: str
    empty_line: str
    err_text: str
    other_error: str

    @classmethod
    def of(cls, values: Mapping[str, str]) -> Inputs:
        """From one checked text for each settable."""
        dialect = values["dialect"]
        names = (each.name for each in fields(cls))
        return cls(**{name: read(name, values[name], dialect) for name in names})


SETTABLES: tuple[Settable, ...] = (
    choice("dialect", tuple(BITS), "the command set and its status bits; fixed when it is built"),
    choice("key", ("on", "rem"), "the key switch; in REM the host does not control emission"),
    choice("interlock_1", ("closed", "open"), "external interlock channel; open drops the supply"),
    choice("interlock_2", ("closed", "open"), "external interlock channel; open drops the supply"),
    choice("estop", ("released", "pressed"), "emergency stop; pressed drops the supply"),
    choice(
        "supply",
        ("on", "off"),
        "the main supply; on presses START, in vain while a channel is open",
    ),
    choice(
        "emission",
        ("off", "on"),
        "emission started or stopped at the laser itself: panel, or hardware line with key in REM",
    ),
    choice("clear", ("idle", "pressed"), "pressed: CLEAR on the panel, as RERR does"),
    choice("modulation_input", ("low", "high"), "the modulation signal (the trigger)"),
    choice("modulation", ("disabled", "enabled"), "whether the modulation signal gates light"),
    choice(
        "gate_mode",
        ("disabled", "enabled"),
        "ylr-qcw: whether the gate lets light out; it is the modulation signal here [?]",
    ),
    choice(
        "pulse_mode",
        ("disabled", "enabled"),
        "ylr-qcw: pulses of their own rate and width; light counts as on between them",
    ),
    choice(
        "hardware_emission",
        ("disabled", "enabled"),
        "ylr-qcw: emission is started and stopped by a line (emission=on|off), not by the host [?]",
    ),
    choice(
        "waveform_mode",
        ("disabled", "enabled"),
        "ylr-qcw: only shown, status bit 22; no word for it is known",
    ),
    choice("analog_control", ("disabled", "enabled"), "current from the analog input"),
    number("analog_input_percent", "0", "the analog input, % of the maximum", low=0, high=100),
    choice("laser_enable", ("off", "on"), "hardware enable line; only shown, status bit 14 [?]"),
    choice("aiming_beam", ("off", "on"), "the 670 nm aiming beam"),
    choice("aiming_control", ("host", "hardware"), "who switches the aiming beam"),
    choice(
        "aiming_refused",
        ("error", "acknowledged"),
        "what follows ABN and ABF under hardware control; not obeyed [?]",
    ),
    choice("aiming_input", ("low", "high"), "the hardware input of the aiming beam"),
    number("diode_current_percent", "0", "the current set-point, %", low=0, high=100),
    number(
        "pulse_rate_hz",
        "50",
        "ylr-qcw: repetition rate",
        low=PULSE_RATE_HZ[0],
        high=PULSE_RATE_HZ[1],
    ),
    number(
        "pulse_width_ms",
        "1",
        "ylr-qcw: pulse width",
        low=PULSE_WIDTH_MS[0],
        high=PULSE_WIDTH_MS[1],
    ),
    choice("pulse_width_unit", ("ms", "us", "s"), "ylr-qcw: unit of RPW and SPW [?]"),
    number("wavelength_temperature_c", "25", "yar: seed tuning, RWA and SWA", low=0, high=100),
    number("power_average_s", "1.0", "averaging window of ROP", low=0.2, high=5),
    choice("optical_interlock", ("ok", "failed"), "optical interlock, status bit 10"),
    choice("collimator", ("connected", "disconnected"), "status bit 30"),
    choice("modules", ("ok", "disconnected", "failed", "disabled"), "status bits 6, 7 and 29"),
    choice("back_reflection", ("off", "on"), "high back-reflection, latched in status bit 3"),
    choice(
        "unexpected_emission",
        ("off", "on"),
        "light without emission commanded, latched in status bit 17",
    ),
    choice(
        "alarm",
        ("none", *ALARMS),
        "a fault that only its status bit knows, latched; of those that the dialect shows",
    ),
    choice("resettable", ("yes", "no"), "whether RERR and CLEAR clear latched errors"),
    choice(
        "fault_action",
        ("ends", "pauses"),
        "a fault ends emission, or only takes the light until it clears by itself [?]",
    ),
    choice(
        "interlock_bits",
        ("11", "10", "both"),
        "status bits that a supply dropped by an interlock shows until START [?]",
    ),
    whole("reserved_bits", "0", "what the reserved status bits read", low=0, high=0xFFFFFFFF),
    number("startup_s", "3", "safety start-up before light, seconds", low=0, high=3600),
    number(
        "startup_shown_after_s",
        "0",
        "from EMON until the status shows the start-up; emission is shown at once [?]",
        low=0,
        high=3600,
    ),
    choice(
        "family",
        ("ytterbium", "erbium", "thulium"),
        "the doped fibre: another model text, wavelength and limits, the same words; that erbium "
        "and thulium lasers speak them is [?]",
    ),
    number(
        "wavelength_nm", "1070", "of the light; only in the truth, not on the wire", low=1, high=1e5
    ),
    number("ambient_c", "25", "temperature around the laser", low=-40, high=200),
    number("temperature_c", "25", "module temperature now; follows power", low=-40, high=200),
    number("thermal_rise_c", "15", "rise above ambient at full power", low=0, high=200),
    number("thermal_time_constant_s", "60", "how fast temperature follows", low=0.01, high=1e6),
    number("max_power_w", "200", "output at 100 % current; yar: RMP", low=1, high=100_000),
    number("minimum_power_w", "0.2", "yar: least set-point but 0, RNP", low=0, high=100_000),
    number("max_current_a", "10", "diode current at 100 %", low=0.1, high=1000),
    number("minimum_current_percent", "10.0", "least set-point but 0, as RNC", low=0, high=100),
    number("threshold_percent", "6.34", "no light below this current", low=0, high=99),
    number("measurable_power_w", "2", "ROP reads Low below it; yar: RDPT", low=0, high=1000),
    number("unexpected_power_w", "12", "power of unexpected emission", low=0.001, high=100_000),
    number("noise_percent", "0.2", "noise of the power reading", low=0, high=50),
    choice(
        "sdc_while_emitting",
        ("at_once", "next_emission"),
        "when a set-point sent during emission takes effect [?]",
    ),
    text("model", "YLM-10-SF", "yar: what RMN reads"),
    text("device_id", "SIM-QCW-1", "ylr-qcw: what RID reads; whether it is a serial number is [?]"),
    text("firmware", "1.0.103", "what RFV reads"),
    whole("extended_status", "0", "ylr-qcw: what ESTA reads; unknown bits", low=0, high=0xFFFFFFFF),
    number("seed_temperature_c", "25", "yar: what RST reads", low=-40, high=200),
    number("board_temperature_c", "30", "ylr-qcw: what RBT reads", low=-40, high=200),
    number("reply_latency_s", "0", "time from command to reply", low=0, high=60),
    whole(
        "buffer_bytes",
        "256",
        "a longer line is no command, and in ylr-qcw an overflow, status bit 0; fixed when it is "
        "built [?]",
        low=8,
        high=65536,
    ),
    choice(
        "yar_current_words",
        ("unknown", "known"),
        "yar: whether SDC, RCS and RNC are commands beside its own [?]",
    ),
    choice("value_space", ("on", "off"), "WORD: value, or WORD:value"),
    choice("param_space", ("optional", "required"), "the space before a parameter"),
    choice("unknown_reply", ("BCMD", "Command Err!", "Command ERR"), "reply to what is no command"),
    choice("empty_line", ("unknown", "silent"), "reply to a lone CR [?]"),
    choice("err_text", ("on", "off"), "ERR: text, or bare ERR"),
    text(
        "other_error",
        "",
        "the text after ERR: where no source tells one, as for EMON in vain; empty: ours [?]",
    ),
)

HOST_SETTINGS = (
    "diode_current_percent",
    "modulation",
    "gate_mode",
    "pulse_mode",
    "hardware_emission",
    "analog_control",
    "aiming_beam",
    "aiming_control",
    "pulse_rate_hz",
    "pulse_width_ms",
    "wavelength_temperature_c",
    "power_average_s",
)
"""What the host sets over the wire; a restart brings each back to its default [?]."""

_BY_NAME = {settable.name: settable for settable in SETTABLES}


def power_on_values() -> dict[str, Any]:
    """What the host sets over the wire, as it is after a restart."""
    return {name: read(name, _BY_NAME[name].default, "") for name in HOST_SETTINGS}


def read(name: str, value: str, dialect: str) -> Any:
    """A checked text as the type of its field (text, number or whole number).

    Raises `ConfigError` for what this dialect's status does not have: reserved bits, an alarm.
    """
    settable = _BY_NAME[name]
    if name == "alarm" and value != "none" and value not in BITS[dialect]:
        raise ConfigError(f"A laser of dialect {dialect} has no status bit for {value}.")
    if settable.kind is Kind.WHOLE:
        whole_number = int(settable.number(value))
        if name == "reserved_bits" and whole_number & ~RESERVED[dialect]:
            raise ConfigError(
                f"reserved_bits={value} names bits that are not reserved; "
                f"only those of 0x{RESERVED[dialect]:08X} are."
            )
        return whole_number
    return settable.number(value) if settable.kind is Kind.NUMBER else value
