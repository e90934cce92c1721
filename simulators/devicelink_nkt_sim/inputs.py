"""Everything that can be set on the simulated NKT laser: module, wires, its world, the wire's way.

Meanings marked `[?]` are our reading or our proposal; no source tells.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from devicelink.errors import ConfigError
from devicelink_simulation.settable import Kind, Settable, choice, number, text, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

KNOWN_BITS = 1 << 0 | 1 << 1 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 11 | 1 << 14 | 1 << 15
"""Status bits whose meaning is known for these modules."""


@dataclass(slots=True)
class Inputs:
    """What the world does to the laser and how it is built; one field for each settable."""

    wire: str
    module_type: int
    address: int
    interlock: str
    drop_every: int
    emission: str
    reset: str
    interlock_reset: str
    interlock_write: str
    emission_delay_s: float
    delay_bit: str
    setpoint_mw: float
    max_power_mw: float
    min_power_mw: float
    out_of_range: str
    power_mode: str
    setup_bits: int
    delay_register: str
    wear_percent: float
    power_loss_percent_per_c: float
    noise_percent: float
    module: str
    supply_v: float
    supply_low_v: float
    temperature_c: float
    ambient_c: float
    thermal_rise_c: float
    thermal_time_constant_s: float
    temperature_low_c: float
    temperature_high_c: float
    wavelength_nm: float
    wavelength_offset_pm: float
    wavelength_settles_s: float
    error_code: int
    status_bits: int
    pump_ma: float
    firmware: str
    firmware_number: int
    serial: str
    type_form: str
    user_area: str
    bad_crc: str
    bit_commands: str
    frame_address: int
    second_host: int
    second_host_s: float
    current_a: float
    max_current_a: float
    amplifier_w_per_a: float
    input_mw: float
    identity: str
    unknown_reply: str
    reply_latency_s: float

    @classmethod
    def of(cls, values: Mapping[str, str]) -> Inputs:
        """From one checked text for each settable."""
        return cls(**{each.name: read(each.name, values[each.name]) for each in fields(cls)})


SETTABLES: tuple[Settable, ...] = (
    choice(
        "wire",
        ("interbus", "boostik"),
        "boostik: a BOOSTIK HPA amplifier, which speaks lines of text and has none of the "
        "registers; fixed when it is built",
    ),
    whole(
        "module_type",
        "0x33",
        "register 61: 0x33 BASIK K1x2, 0x36 BASIK MIKRO K0x2, 0x21 an older BasiK with registers "
        "of its own; any other has the common registers alone; fixed when it is built",
        low=0,
        high=0xFFFF,
    ),
    whole("address", "1", "of the module on its bus", low=1, high=160),
    choice("interlock", ("closed", "open"), "the interlock loop; open ends emission"),
    whole("drop_every", "0", "every Nth reply is lost, as real units do; 0 none", low=0, high=1e9),
    choice("emission", ("off", "on"), "emission, as another host on the bus switches it"),
    choice("reset", ("idle", "pressed"), "pressed: the interlock's reset by hand"),
    choice(
        "interlock_reset",
        ("by_hand", "by_emission_off", "by_register", "by_itself"),
        "what clears status bit 1 once the loop is closed: reset=pressed (works always), a write "
        "of 0 to the emission register, a write of 1 to register 32 as on SuperK, or closing it; "
        "nothing of these brings emission back [?]",
    ),
    choice(
        "interlock_write",
        ("error", "ack", "nack"),
        "emission on while something forbids light: acknowledged with an error code in 67 and bit "
        "15, acknowledged and nothing else, or not acknowledged [?]",
    ),
    number("emission_delay_s", "0", "from emission on to light, register 3A", low=0, high=25.5),
    choice("delay_bit", ("at_once", "with_light"), "when status bit 0 is set, with a delay [?]"),
    number("setpoint_mw", "10", "power set-point, registers 22 and A0", low=0, high=655.35),
    number("max_power_mw", "100", "most that the laser gives; highest set-point", low=1, high=655),
    number("min_power_mw", "0", "least set-point but 0 [?]", low=0, high=655),
    choice("out_of_range", ("nack", "clamped"), "what follows an illegal set-point [?]"),
    choice(
        "power_mode",
        ("power", "current"),
        "power: held at the set-point while the pump can; current: a constant pump current, whose "
        "power falls with heat and wear; setup bit 8",
    ),
    whole(
        "setup_bits",
        "0",
        "register 31: modulation, which changes no light here; its bit 8 is power_mode",
        low=0,
        high=0xFFFF,
    ),
    choice(
        "delay_register",
        ("both", "k0x2"),
        "whether a K1x2 too has register 3A; it is known of the K0x2 [?]",
    ),
    number("wear_percent", "0", "power that the worn laser has lost", low=0, high=100),
    number("power_loss_percent_per_c", "0.5", "power lost for each C above 25 [?]", low=0, high=10),
    number("noise_percent", "0.2", "noise of the power reading", low=0, high=50),
    choice("module", ("enabled", "disabled"), "disabled: no emission; status bit 4"),
    number("supply_v", "12", "supply voltage, register 1E", low=0, high=65),
    number("supply_low_v", "10.8", "below it no emission; status bit 5 [?]", low=0, high=65),
    number("temperature_c", "25", "module temperature now; follows power", low=-40, high=200),
    number("ambient_c", "25", "temperature around the module", low=-40, high=200),
    number("thermal_rise_c", "10", "rise above ambient at full power", low=0, high=200),
    number("thermal_time_constant_s", "60", "how fast temperature follows", low=0.01, high=1e6),
    number("temperature_low_c", "0", "below it no emission; status bit 6 [?]", low=-40, high=200),
    number("temperature_high_c", "60", "above it no emission; status bit 6 [?]", low=-40, high=200),
    number("wavelength_nm", "1550", "standard wavelength, register 32", low=1, high=429_496),
    number("wavelength_offset_pm", "0", "offset set-point, register 2A", low=-3276.8, high=3276.7),
    number("wavelength_settles_s", "2", "how fast the actual offset follows", low=0.001, high=1e6),
    whole("error_code", "0", "what 67 reads beside errors of its own; 0 none", low=0, high=255),
    whole(
        "status_bits",
        "0",
        "what status bits of unknown meaning read, and those of other modules",
        low=0,
        high=0xFFFF,
    ),
    number("pump_ma", "500", "older modules: pump current at full power", low=0, high=65_535),
    text("firmware", "SIM 1.0", "the text of register 64"),
    whole("firmware_number", "100", "the number of register 64", low=0, high=0xFFFF),
    text("serial", "SIM-NKT-1", "register 65"),
    choice(
        "type_form",
        ("u8", "u16", "u16_text"),
        "register 61: one byte, two, or two and a text; the older modules always send one",
    ),
    text("user_area", "", "register 8D: 240 bytes for the host, filled up with 00"),
    choice("bad_crc", ("crc_error", "silence"), "what follows a telegram whose CRC is wrong [?]"),
    choice("bit_commands", ("on", "off"), "whether set, clear and toggle bits work; off: NACK [?]"),
    whole(
        "frame_address",
        "0",
        "where an ADJUSTIK frame answers beside the module: 0x80; 0 none",
        low=0,
        high=160,
    ),
    whole("second_host", "0", "address of another host on the bus; 0 none", low=0, high=255),
    number(
        "second_host_s",
        "0.5",
        "how often a reply to the other host's status request comes along",
        low=0.1,
        high=3600,
    ),
    number("current_a", "0", "boostik: current set-point, ACC", low=0, high=1000),
    number("max_current_a", "10", "boostik: highest set-point", low=0.1, high=1000),
    number(
        "amplifier_w_per_a", "1", "boostik: light for each A, with a seed [?]", low=0, high=1000
    ),
    number("input_mw", "10", "boostik: power of the seed, CMP 1; none, no light", low=0, high=1e6),
    text("identity", "SIM BOOSTIK HPA", "boostik: what CDI reads"),
    text("unknown_reply", "", "boostik: reply to what is no command; empty: none [?]"),
    number("reply_latency_s", "0", "time from command to reply", low=0, high=60),
)

PRESETS = {
    "module_type": {
        "0x20": {"address": "0x0F"},
        "0x21": {"address": "0x0A"},
        "0x34": {"address": "0x80"},
        "0x70": {"address": "0x02"},
    }
}
"""Where modules of a type are by default."""

_BY_NAME = {settable.name: settable for settable in SETTABLES}


def read(name: str, value: str) -> Any:
    """A checked text as the type of its field (text, number or whole number).

    Raises `ConfigError` for status bits that have a meaning of their own, and a text too long.
    """
    settable = _BY_NAME[name]
    if settable.kind is Kind.WHOLE:
        return _whole(name, int(settable.number(value)))
    if settable.kind is Kind.TEXT and len(value) > _LONGEST_TEXT:
        raise ConfigError(f"{name} must be at most {_LONGEST_TEXT} characters, not {len(value)}.")
    return settable.number(value) if settable.kind is Kind.NUMBER else value


_LONGEST_TEXT = 230


def _whole(name: str, value: int) -> int:
    if name == "status_bits" and value & KNOWN_BITS:
        raise ConfigError(
            f"status_bits=0x{value:04X} names bits that the laser sets itself; "
            f"only those of 0x{0xFFFF & ~KNOWN_BITS:04X} are free."
        )
    return value
