"""Everything that can be set on the simulated Big Sky laser: its world, its hands, its settings.

Meanings marked `[?]` are our reading or our proposal; no source tells.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from devicelink.errors import ConfigError
from devicelink_bigsky_sim.wire import WIRE
from devicelink_simulation.settable import Kind, Settable, choice, number, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

_SERIAL_DIGITS = 3


@dataclass(slots=True)
class Inputs:
    """What the world does to the laser and how it is built; one field for each settable."""

    serial: str
    dialect: str
    address: str
    strict: str
    short_address: str
    chain: str
    empty_line: str
    unknown_reply: str
    out_of_range: str
    reply_latency_s: float
    value_pad: str
    refusal_pad: str
    sn_capital: str
    wor_letters: str
    wor_interlock: str
    wor_armed_external: str
    wor_firing: str
    wor_started: str
    qs_place: str
    unknown_bits: str
    if_prefix: str
    read_behind: str
    model: str
    firmware_date: str
    interlock: str
    trigger_input: str
    lamp_trigger_input: str
    lamp_trigger_hz: float
    water_flow: str
    water_level: str
    lamp_connector: str
    aux_connector: str
    cabinet: str
    charger: str
    simmer_supply: str
    qswitch_interlock: str
    qswitch_timed_out: str
    harmonic_temperature: str
    lamp: str
    shutter: str
    shutter_blade: str
    shutter_reads: str
    q_switch: str
    pump: str
    voltage_v: float
    capacity_uf: float
    frequency_hz: float
    lamp_mode: int
    q_switch_mode: int
    q_switch_every: int
    burst_pulses: int
    q_switch_wait_pulses: int
    delay_us: float
    delay_min_us: float
    delay_max_us: float
    shutter_at_run: int
    q_switch_at_run: int
    idle_fire_s: float
    enable_fire_s: float
    echo: int
    enable_fire: str
    stop_ends: str
    trip_closes_shutter: str
    cq_counts: str
    inhibit_s: float
    flow_s: float
    shutter_s: float
    voltage_min_v: float
    voltage_max_v: float
    frequency_max_hz: float
    coolant_c: float
    ambient_c: float
    lamp_warming_c: float
    thermal_time_constant_s: float
    lamp_cold_c: float
    q_switch_cold_c: float
    threshold_v: float
    pulse_energy_mj_v: float
    best_delay_us: float
    delay_width_us: float
    temperature_loss_percent_c: float
    wear_percent: float
    discharge_s: float
    lamp_shots: int
    user_lamp_shots: int
    q_switch_shots: int
    user_q_switch_shots: int
    operating_minutes: int

    @classmethod
    def of(cls, values: Mapping[str, str]) -> Inputs:
        """From one checked text for each settable."""
        return cls(**{field.name: read(field.name, values[field.name]) for field in fields(cls)})


WORLD: tuple[Settable, ...] = (
    choice("interlock", ("closed", "open"), "the external interlock (I/O connector)"),
    choice(
        "trigger_input",
        ("off", "on"),
        "external Q-switch trigger; on: one trigger for each lamp pulse",
    ),
    choice("lamp_trigger_input", ("off", "on"), "external lamp trigger, used under LPM1"),
    number("lamp_trigger_hz", "10", "rate of the external lamp trigger", low=0.01, high=99.99),
    choice("water_flow", ("ok", "low"), "low: no flow, whatever the pump does"),
    choice("water_level", ("ok", "low"), "water level in the cooling group"),
    choice("lamp_connector", ("ok", "open"), "connector of the lamp head"),
    choice("aux_connector", ("ok", "open"), "auxiliary connector"),
    choice("cabinet", ("closed", "open"), "cover of the cabinet"),
    choice("charger", ("ok", "failed"), "failed: the capacitor does not charge"),
    choice("simmer_supply", ("ok", "failed"), "failed: the lamp does not simmer"),
    choice("qswitch_interlock", ("closed", "open"), "open: PQ is refused with interlock QS [?]"),
    choice("qswitch_timed_out", ("no", "yes"), "yes: PQ is refused with time out QS [?]"),
    choice("harmonic_temperature", ("ok", "failed"), "harmonic generator, what IHG reads"),
    choice(
        "lamp",
        ("standby", "simmer", "firing"),
        "S, M or A given at the local box, or by another host",
    ),
    choice("shutter", ("closed", "open"), "shutter moved from the local box, or by another host"),
    choice("shutter_blade", ("free", "stuck"), "stuck: the blade stays where it is"),
    choice("shutter_reads", ("blade", "command"), "what R and IQ show: the blade, or its command"),
    choice(
        "q_switch",
        ("off", "running", "single"),
        "SQ, PQ or OQ given at the local box, or by another host",
    ),
    choice("pump", ("on", "off"), "pump of the cooling group"),
)

SETTINGS: tuple[Settable, ...] = (
    number("voltage_v", "950", "lamp voltage, V and VMO", low=500, high=1800),
    number("capacity_uf", "29.3", "capacitor, CAP", low=27, high=33),
    number("frequency_hz", "10", "lamp rate, F", low=0.01, high=99.99),
    whole("lamp_mode", "0", "LPM: lamp triggered 0 inside, 1 outside", low=0, high=1),
    whole("q_switch_mode", "0", "QSM: 0 auto, 1 burst, 2 external", low=0, high=2),
    whole("q_switch_every", "1", "QSF: Q-switch at every nth lamp pulse", low=1, high=99),
    whole("burst_pulses", "50", "QSP: pulses of a burst", low=1, high=999),
    whole("q_switch_wait_pulses", "100", "QSW: lamp pulses before Q-switching", low=0, high=999),
    number("delay_us", "140", "W: lamp to Q-switch", low=100, high=999),
    number("delay_min_us", "100", "WMN: least delay", low=100, high=999),
    number("delay_max_us", "500", "WMX: longest delay", low=100, high=999),
    whole("shutter_at_run", "0", "ROF: 1 opens the shutter at A", low=0, high=1),
    whole("q_switch_at_run", "1", "QOF: 1 begins Q-switching at A", low=0, high=1),
    number("idle_fire_s", "0", "D: the idle lamp fires so often; 0 never", low=0, high=99.9),
    number("enable_fire_s", "0", "E: see enable_fire; 0 never", low=0, high=99.9),
    whole("echo", "1", "ECH: 0 answers nothing, carries everything out", low=0, high=1),
)
"""What the host sets too; a restart brings back what was saved, at first how it was built."""

BODY: tuple[Settable, ...] = (
    choice(
        "enable_fire",
        ("nothing", "single"),
        "what E does while the lamp fires: nothing, or a single Q-switched pulse so often [?]",
    ),
    choice(
        "stop_ends",
        ("lamp", "all"),
        "S ends the lamp alone, and the next A goes on Q-switching; or Q-switch and shutter too",
    ),
    choice("trip_closes_shutter", ("no", "yes"), "whether a trip also closes the shutter [?]"),
    choice("cq_counts", ("armed", "emitted"), "what CQ and UCQ count"),
    number("inhibit_s", "0", "least time before Q-switching, beside QSW", low=0, high=60),
    number("flow_s", "2", "from pump to flow", low=0, high=60),
    number("shutter_s", "0", "how long the shutter moves", low=0, high=10),
    number("voltage_min_v", "500", "factory limit of V", low=500, high=1800),
    number("voltage_max_v", "1800", "factory limit of V", low=500, high=1800),
    number(
        "frequency_max_hz",
        "99.99",
        "highest rate that F takes; the heads of one laboratory bear 56 [?]",
        low=0.01,
        high=99.99,
    ),
    number("coolant_c", "33", "coolant now; follows the lamp", low=0, high=99),
    number("ambient_c", "22", "temperature around the laser", low=0, high=60),
    number("lamp_warming_c", "0.1", "coolant above ambient for each W of lamp", low=0, high=10),
    number("thermal_time_constant_s", "600", "how fast coolant follows", low=0.01, high=1e6),
    number("lamp_cold_c", "10", "below it the lamp is refused [?]", low=0, high=99),
    number("q_switch_cold_c", "20", "below it the Q-switch is refused [?]", low=0, high=99),
    number("threshold_v", "750", "no light at or below this voltage", low=1, high=1800),
    number(
        "pulse_energy_mj_v",
        "0.4",
        "pulse energy for each V above the threshold [?]",
        low=0,
        high=1e3,
    ),
    number("best_delay_us", "135", "the delay with most energy", low=1, high=999),
    number("delay_width_us", "80", "delay from the best to 1/e of its energy [?]", low=1, high=1e4),
    number(
        "temperature_loss_percent_c",
        "0.5",
        "energy lost for each C away from 33 C [?]",
        low=0,
        high=10,
    ),
    number("wear_percent", "0", "energy lost to a worn lamp", low=0, high=100),
    number("discharge_s", "5", "time constant of the capacitor at rest [?]", low=0.01, high=1e4),
    whole("lamp_shots", "12345", "C, at the beginning", low=0, high=999_999_999),
    whole("user_lamp_shots", "0", "UC, at the beginning", low=0, high=999_999_999),
    whole("q_switch_shots", "678", "CQ, at the beginning", low=0, high=999_999_999),
    whole("user_q_switch_shots", "0", "UCQ, at the beginning", low=0, high=999_999_999),
    whole("operating_minutes", "422423", "T, at the beginning", low=0, high=599_999),
)

SETTABLES = (*WIRE, *WORLD, *SETTINGS, *BODY)
_BY_NAME = {settable.name: settable for settable in SETTABLES}


def read(name: str, value: str) -> Any:
    """A checked text as the type of its field; raises `ConfigError` for other than three digits."""
    settable = _BY_NAME[name]
    digits = name == "serial" or (name == "address" and value)
    if digits and not (len(value) == _SERIAL_DIGITS and value.isdigit()):
        raise ConfigError(f"{name} must be three digits, such as 062, not {value!r}.")
    if settable.kind is Kind.WHOLE:
        return int(settable.number(value))
    return settable.number(value) if settable.kind is Kind.NUMBER else value
