"""Everything that can be set on a simulated OLCP console: its hands and feet, its world, its body.

Words are those of the protocol's page where it has them. Meanings marked `[?]` are our reading.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from devicelink.errors import ConfigError
from devicelink_olcp_sim.panel import PANEL
from devicelink_olcp_sim.personalities import PERSONALITIES
from devicelink_simulation.settable import Kind, Settable, choice, number, text, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

SLOTS = 8
_KEY_BYTES = 32
_MOST_TEXT = 32
_U32 = 0xFFFFFFFF
PRESS = "press"
HANDPIECES = ("none", "scanner", "collimated", "focused", "roller")
TIPS = ("none", "reusable", "disposable")
KEYS = tuple(f"permit_key_{slot}" for slot in range(1, SLOTS + 1))


@dataclass(slots=True)
class Inputs:
    """What the world does to the console and how it is built; `keys` and `panel` by name."""

    personality: str
    start: str
    serial: str
    maker: str
    firmware: str
    udi: str
    key: str
    interlock_1: str
    interlock_2: str
    second_interlock: str
    interlock_contacts: str
    estop: str
    footswitch: str
    footswitch_contacts: str
    service: str
    service_pulses: int
    remote_ready: str
    settings_authority: str
    handpiece: str
    handpiece_serial: str
    tip: str
    tip_serial: str
    tip_uses_left: int
    tip_spot_um: int
    tip_max_energy_uj: int
    cooling: str
    scanner: str
    shutter_blade: str
    shutter_reads: str
    indicator: str
    aiming_beam: str
    emission_sensor: str
    energy_sensor: str
    high_voltage: str
    calibration: str
    counter_memory: str
    tube: str
    self_test_fails: int
    energy_error_percent: float
    drift_percent_per_min: float
    wear_percent: float
    spread_percent: float
    sensor_error_percent: float
    temperature_loss_percent_c: float
    scale_factor: float
    calibration_port: str
    calibration_drift_percent: float
    laser_c: float
    handpiece_c: float
    ambient_c: float
    laser_rise_c: float
    handpiece_rise_c: float
    uncooled_rise_c: float
    laser_hot_c: float
    handpiece_hot_c: float
    thermal_time_constant_s: float
    lease_min_ms: int
    lease_max_ms: int
    pulses: int
    scans: int
    energy_mj: int
    emission_ms: int
    boots: int
    events: int
    reports: int
    boot_s: float
    self_test_s: float
    shutter_s: float
    sensed_age_ms: int
    reply_latency_s: float

    @classmethod
    def of(cls, values: Mapping[str, str]) -> Inputs:
        """From one checked text for each settable."""
        return cls(**{each.name: read(each.name, values[each.name]) for each in fields(cls)})


HANDS: tuple[Settable, ...] = (
    choice("footswitch", ("released", "pressed"), "a foot; light in READY, by a fresh press alone"),
    *(
        choice(f"{name}_key", ("idle", PRESS), f"press: {meaning}")
        for name, meaning in (
            ("ready", "STANDBY to ARMING, while a lease holds"),
            ("standby", "back to STANDBY"),
            ("reset", "takes reset_required away, with interlocks closed"),
            ("clear", "clears faults whose causes are gone"),
            ("accept", "ACCEPT KEY: KEYS_ADD works for 30 s, in SERVICE"),
        )
    ),
    choice("key", ("on", "off"), "the key switch"),
    choice("interlock_1", ("closed", "open"), "first contact of the interlocks"),
    choice("interlock_2", ("closed", "open"), "second contact of the interlocks"),
    choice("estop", ("released", "pressed"), "the emergency stop"),
    choice("service", ("off", "on"), "SERVICE, entered and left at the console, from LOCKED alone"),
    whole(
        "service_pulses",
        "0",
        "so many pulses made in SERVICE, into the console's own absorber: they count in the "
        "lifetime counter; told as an event when SERVICE is left",
        low=0,
        high=1e6,
    ),
)

WORLD: tuple[Settable, ...] = (
    choice(
        "personality",
        tuple(PERSONALITIES),
        "which laser it is: fractional CO2 10,600 nm, Er:YAG 2,940 nm, or non-ablative fractional "
        "1,550 and 1,927 nm; fixed when it is built",
    ),
    choice("start", ("locked", "boot"), "locked: power came a minute ago; boot: it comes now"),
    choice("second_interlock", ("fitted", "missing"), "whether the console has interlock 2"),
    choice("interlock_contacts", ("agree", "disagree"), "disagree: fault interlock"),
    choice("footswitch_contacts", ("agree", "both", "neither"), "other than agree: fault"),
    choice("remote_ready", ("off", "on"), "whether READY_REQUEST is offered"),
    choice(
        "settings_authority", ("either", "host", "panel"), "who may set what light is made with"
    ),
    choice("handpiece", (HANDPIECES[1], *HANDPIECES[:1], *HANDPIECES[2:]), "what is plugged in"),
    text("handpiece_serial", "HP-0031", "its serial number"),
    choice("tip", (TIPS[1], TIPS[0], TIPS[2]), "the tip that is on it"),
    text("tip_serial", "TIP-7781", "its serial number"),
    whole(
        "tip_uses_left",
        "1843",
        "how many more pulses or scans it is good for [?]; with none it counts as no tip",
        low=0,
        high=_U32 - 1,
    ),
    whole("tip_spot_um", "120", "diameter of its spot, 1/e2", low=10, high=20_000),
    whole("tip_max_energy_uj", "50000", "most energy that it bears", low=1_000, high=5e6),
    choice(
        "cooling",
        ("well", "lost", "lost_unseen"),
        "lost: fault cooling; lost_unseen: said to be well while things get hot",
    ),
    choice(
        "scanner",
        ("well", "stuck", "stuck_unseen"),
        "stuck: fault scanner; stuck_unseen: said to be well, all spots fall in one place",
    ),
    choice("shutter_blade", ("free", "stuck"), "stuck: it stays where it is"),
    choice("shutter_reads", ("blade", "command"), "what is sensed of the shutter"),
    choice("indicator", ("well", "failed"), "the emission indicator"),
    choice("aiming_beam", ("well", "failed"), "the aiming beam"),
    choice("emission_sensor", ("well", "blind"), "blind: no emission is ever sensed"),
    choice("energy_sensor", ("fitted", "missing"), "whether reports carry a measured energy"),
    choice("high_voltage", ("well", "failed"), "failed: fault high_voltage"),
    choice("calibration", ("kept", "lost"), "lost: fault calibration lost"),
    choice("counter_memory", ("well", "failed"), "failed: fault counter"),
    choice("tube", ("well", "dark"), "dark: triggered pulses make no light (misfires)"),
    whole("self_test_fails", "0", "the self-test that fails at power-up; 0 none", low=0, high=9),
)

BODY: tuple[Settable, ...] = (
    text("serial", "OL-2101", "serial number"),
    text("maker", "Example Laser Maker", "as IDENT tells it"),
    text("firmware", "1.4.0", "as IDENT tells it"),
    text("udi", "(01)04000000000017(21)OL-2101", "as IDENT tells it"),
    number("energy_error_percent", "0", "light above what is set", low=-100, high=1000),
    number(
        "drift_percent_per_min", "0", "light above what is set, more each minute", low=-5, high=5
    ),
    number("wear_percent", "0", "light that the worn laser has lost", low=0, high=100),
    number("spread_percent", "1.4", "standard deviation of a pulse's energy", low=0, high=30),
    number(
        "sensor_error_percent", "0", "energy that the console senses too much", low=-90, high=500
    ),
    number("temperature_loss_percent_c", "0.2", "light lost for each C above 24", low=0, high=5),
    number("scale_factor", "1", "from setting to light; changed in SERVICE", low=0.5, high=2),
    choice("calibration_port", ("on", "off"), "whether energy checks are measured by the console"),
    number("calibration_drift_percent", "0", "what the port reads too much", low=-50, high=50),
    number("laser_c", "24.3", "temperature of the laser now", low=-40, high=150),
    number("handpiece_c", "29.1", "temperature of the handpiece now", low=-40, high=150),
    number("ambient_c", "24", "temperature around it", low=-40, high=60),
    number("laser_rise_c", "8", "above ambient while light is made", low=0, high=100),
    number("handpiece_rise_c", "6", "above ambient while light is made", low=0, high=100),
    number("uncooled_rise_c", "40", "more of both where cooling is lost", low=0, high=200),
    number("laser_hot_c", "55", "from here on fault laser_temperature", low=0, high=150),
    number("handpiece_hot_c", "50", "from here on fault handpiece_temperature", low=0, high=150),
    number("thermal_time_constant_s", "120", "how fast temperatures follow", low=0.01, high=1e6),
    whole("lease_min_ms", "300", "least lease, CAPS", low=300, high=2000),
    whole("lease_max_ms", "2000", "longest lease, CAPS", low=300, high=2000),
    whole("pulses", "1200345", "lifetime counter at the beginning", low=0, high=1e15),
    whole("scans", "6020", "scans at the beginning", low=0, high=1e15),
    whole("energy_mj", "24006000", "energy made at the beginning", low=0, high=1e15),
    whole("emission_ms", "480138", "time of emission at the beginning", low=0, high=1e15),
    whole("boots", "41", "boot count at the beginning", low=1, high=1e9),
    whole(
        "events",
        "808",
        "events that came before the beginning; none of them is kept",
        low=0,
        high=1e15,
    ),
    whole("reports", "96", "reports that came before the beginning, likewise", low=0, high=1e15),
    number("boot_s", "0.2", "how long BOOT lasts", low=0, high=60),
    number("self_test_s", "0.5", "how long SELF_TEST lasts", low=0, high=600),
    number("shutter_s", "0.02", "how long the shutter's blade moves", low=0, high=10),
    whole("sensed_age_ms", "12", "how old what is sensed is", low=0, high=50),
    number("reply_latency_s", "0", "time from request to answer", low=0, high=60),
    *(
        text(name, "", f"public key in slot {slot}, 64 hexadecimal digits; empty: none")
        for slot, name in enumerate(KEYS)
    ),
)

SETTABLES = (*HANDS, *WORLD, *PANEL.values(), *BODY)
PRESSED = frozenset(each.name for each in HANDS if each.choices == ("idle", PRESS))
_BY_NAME = {settable.name: settable for settable in SETTABLES}


def read(name: str, value: str) -> Any:
    """A checked text as the type of its field; raises `ConfigError` for a text too long."""
    settable = _BY_NAME[name]
    if settable.kind is Kind.WHOLE:
        return int(settable.number(value))
    if settable.kind is Kind.TEXT and name not in KEYS:
        if len(value) > _MOST_TEXT:
            raise ConfigError(
                f"{name} must have at most {_MOST_TEXT} characters, not {len(value)}."
            )
        if name == "serial" and not value:
            raise ConfigError("A console has a serial number: serial must not be empty.")
    return settable.number(value) if settable.kind is Kind.NUMBER else value


def read_key(name: str, value: str) -> bytes | None:
    """A public key, None where the slot is empty; raises `ConfigError`."""
    if not value:
        return None
    try:
        key = bytes.fromhex(value)
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise ConfigError(f"{name} must be 64 hexadecimal digits (a public key), or empty.")
    return key
