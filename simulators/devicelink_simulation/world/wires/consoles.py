"""The OLCP consoles of the world's clinic, and what hands and surroundings do to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink_simulation.world.wires.contract import Hands, Make, Pairs
from devicelink_simulation.world.wires.olcp import LOCK, Kept, Olcp, written

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from devicelink_simulation.world.dice import Dice

_RARE, _SOMETIMES = 0.05, 0.3
_OTHERS_SEQ = 0x4F54
"""Another host counts its requests on its own."""
_CLEAR, _RESET = (("clear_key", "press"),), (("reset_key", "press"),)
_FAILING = (
    *("estop=pressed", "laser_c=70", "handpiece_c=60", "cooling=lost", "scanner=stuck"),
    *("indicator=failed", "high_voltage=failed", "footswitch_contacts=both", "tube=dark"),
    *("interlock_contacts=disagree", "shutter_blade=stuck", "energy_error_percent=60"),
)
"""What leads to FAULT, some of it only while light is made or the shutter moves."""
_TROUBLES = (
    *("interlock_1=open", "interlock_1=open", "interlock_2=open", "key=off", "key=off"),
    *("tip=none", "handpiece=none", "tip_serial=TIP-0002", "tip_uses_left=1"),
    *("footswitch=pressed", "footswitch=pressed", "ready_key=press", "standby_key=press"),
    *("panel_energy_uj=20000", "panel_energy_uj=7000", "panel_aiming_percent=80"),
    *("aiming_beam=failed", "emission_sensor=blind", "service=on"),
)
_OTHERS = (
    *(written(code, _OTHERS_SEQ + code) for code in (0x03, 0x03, 0x05, 0x08, 0x0A, 0x0E)),
    written(0x07, _OTHERS_SEQ, bytes(48)),
    written(0x0B, _OTHERS_SEQ, bytes.fromhex("0101204E0000")),
    written(0x0F, _OTHERS_SEQ, (1).to_bytes(8, "little") + b"\x14"),
    *(LOCK.hex().upper(), LOCK[:4].hex().upper(), LOCK[:-1].hex().upper()),
    *(written(code, _OTHERS_SEQ)[:-cut] for code, cut in ((0x03, 2), (0x07, 6), (0x08, 8))),
    *("7E017D", "7E0106010001FE812C", "00FF13117D"),
)
"""It may read, lock and ask; it knows no key, so it permits nothing."""


def _settings(
    energies_mj: Sequence[float], more: Sequence[Pairs], wrong_mj: Sequence[float]
) -> Callable[[Dice, str, bool], tuple[Pairs, bool]]:
    def drawn(chance: Dice, kind: str, clean: bool) -> tuple[Pairs, bool]:  # noqa: FBT001  (a visit is clean or not)
        del kind
        energy_mj = chance.choice(energies_mj)
        if not clean and chance.random() < _RARE:
            energy_mj = chance.choice(wrong_mj)
        settings: Pairs = (("energy_mj", f"{energy_mj:g}"),)
        if chance.random() < _SOMETIMES:
            settings += chance.choice(more)
        return settings, False

    return drawn


def _values(chance: Dice) -> Pairs:
    values = [("reply_latency_s", f"{chance.choice((0.0005, 0.002, 0.005, 0.012)):g}")]
    for name, choices in (
        ("lease_max_ms", ("400", "700")),
        ("second_interlock", ("missing",)),
        ("shutter_s", ("0.002", "0.045")),
        ("sensed_age_ms", ("0", "50")),
        ("energy_sensor", ("missing",)),
        ("remote_ready", ("on",)),
        ("start", ("boot",)),
        ("scans", ("0",)),
    ):
        if chance.random() < 0.1:  # noqa: PLR2004  (rare)
            values.append((name, chance.choice(choices)))
    return tuple(values)


def _hands(settings: Callable[[Dice, str, bool], tuple[Pairs, bool]], well: Pairs) -> Hands:
    return Hands(
        press="footswitch=pressed",
        release="footswitch=released",
        lights=frozenset(),
        touches_light=frozenset({"ready_key"}),
        touches_settings=frozenset(
            {
                *("panel_energy_uj", "panel_aiming_percent", "tip", "tip_serial"),
                *("handpiece", "tip_uses_left"),
            }
        ),
        troubles=(*_TROUBLES, *_FAILING),
        again={
            **dict.fromkeys((pair.partition("=")[0] for pair in _FAILING), _CLEAR),
            **dict.fromkeys(("interlock_1", "interlock_2"), _RESET),
        },
        put_right=(("service", "off"), *_RESET, *_CLEAR),
        faults=(
            *("refused_lock@for={for_s}", "stuck_ack@for={for_s}", "reboot:seconds={for_s}"),
            *("frozen_status@for={for_s}", "frozen_status:nonce=fresh@for={for_s}"),
            *("unexpected_emission", "unexpected_emission:seconds=0.4", "event_flood:events=120"),
            "endless_lease@for={for_s}",
        ),
        words=(
            *("", "", "STATUS", "BEAT", "BEAT", "BEAT", "EVENTS_READ", "REPORTS_READ", "PERMIT"),
            *("CHALLENGE", "SETTINGS_READ", "SETTINGS_COMMIT", "STANDBY", "LOCK", "LOCK"),
        ),
        enabling_words=("PERMIT", "BEAT", "BEAT"),
        settings=settings,
        values=_values,
        kinds=("treatment", "test_spot", "training", "service"),
        kind_weights=(80, 10, 5, 5),
        well=well,
        overheats="laser_c=70",
        turned="panel_energy_uj=20000",
        key="key=off",
        refuses="refused_lock",
        others=_OTHERS,
        standby_s=0.2,
        ready_s=3.2,
        makes_ready="ready_key=press",
        services=("service=on", "service_pulses=3", "service=off"),
    )


def _console(personality: str, model: str, highest_mj: float, hands: Hands) -> Make:
    return Make(
        simulator="olcp",
        driver="olcp",
        model=model,
        configuration={},
        trigger="hardware",
        accepted=(),
        limits={"energy_mj": f"{highest_mj:g}"},
        highest=highest_mj,
        baudrate=115_200,
        first_values={"personality": personality, "reply_latency_s": "0.002"},
        speech=Olcp(),
        hands=hands,
        identity="read",
        account=Kept(),
        permit_key="permit_key_1",
    )


CO2 = _console(
    *("co2-fractional", "Resurface CO2", 40.0),
    _hands(
        _settings(
            [step / 2 for step in range(12, 81)],
            (
                (("mode", "single"), ("rate_hz", "5")),
                (("density_spots_cm2", "100"), ("rate_hz", "1")),
                (("stack", "2"), ("pulse_us", "1000")),
            ),
            (45.0, 130.0, 0.5),
        ),
        (("energy_mj", "20"),),
    ),
)
ERBIUM = _console(
    *("er-yag", "Resurface Er", 1000.0),
    _hands(
        _settings(
            [float(step) for step in range(100, 1001, 50)],
            ((("rate_hz", "10"),), (("pulse_us", "12000"),), (("rate_hz", "0"),)),
            (1200.0, 1600.0, 1.0),
        ),
        (("energy_mj", "400"), ("rate_hz", "10")),
    ),
)
NONABLATIVE = _console(
    *("nonablative", "Resurface NA Dual", 50.0),
    _hands(
        _settings(
            [float(step) for step in range(8, 51)],
            ((("density_spots_cm2", "40"),), (("cooling_percent", "80"),), (("rate_hz", "10"),)),
            (60.0, 75.0, 1.0),
        ),
        (("energy_mj", "30"),),
    ),
)
