"""How the conformance suite tries the driver `aurora`: which laser, which hand, which troubles."""

from __future__ import annotations

from devicelink_simulation.conformance import Profile, Strange

PROFILE = Profile(
    driver="aurora",
    name="A1",
    simulator="aurora",
    settings={"energy_mj": "250", "rate_hz": "10"},
    press=(("footswitch", "pressed"),),
    release=(("footswitch", "released"),),
    interlock=(("interlock", "open"),),
    interlock_closes=(("interlock", "closed"),),
    key=(("key", "off"),),
    serial="serial",
    faults={"the coolant stopped": (("coolant", "stopped"),)},
    lit_otherwise={
        "armed at the panel": (("panel", "arm"),),
        "light by itself": (("leak", "on"),),
    },
    traps={"left armed": {"panel": "arm"}},
    other_settings={
        "more energy": {"energy_mj": "251", "rate_hz": "10"},
        "faster": {"energy_mj": "250", "rate_hz": "11"},
    },
    dialled={
        "energy_mj": {"400": (("energy_mj", "400"),)},
        "rate_hz": {"5": (("rate_hz", "5"),)},
    },
    only_acknowledges="stuck_ack",
    frozen="frozen_status",
    refuses="refused_off",
    strange=(Strange(what="an Aurora B2", simulator="aurora", values={"model": "B2"}),),
)
