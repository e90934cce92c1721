"""How the conformance suite tries a driver of this laser: one profile for each module type."""

from __future__ import annotations

from dataclasses import replace

from devicelink_simulation.conformance.profile import Profile, Strange

K1X2 = Profile(
    driver="nkt",
    name="K1x2",
    simulator="nkt",
    settings={"power_mw": "20"},
    interlock=(("interlock", "open"),),
    interlock_closes=(("interlock", "closed"), ("reset", "pressed")),
    serial="serial",
    faults={
        "the module is disabled": (("module", "disabled"),),
        "the supply is low": (("supply_v", "9"),),
        "the module is hot": (("temperature_c", "80"),),
        "an error of its own": (("error_code", "9"),),
    },
    lit_otherwise={"emission by another host": (("setpoint_mw", "10"), ("emission", "on"))},
    traps={
        "left emitting": {"emission": "on"},
        "a late light": {"emission_delay_s": "20"},
        "constant pump current": {"power_mode": "current"},
    },
    other_settings={"more power": {"power_mw": "21"}},
    dialled={"power_mw": {"60": (("setpoint_mw", "60"),)}},
    changes={
        "another wavelength": (("wavelength_offset_pm", "50"),),
        "a later light": (("emission_delay_s", "1"),),
    },
    exempt={
        "bounds_hold": (
            "The wire tells no bounds. The driver tells what the register can hold; what the laser "
            "cannot do of it, the laser itself refuses."
        ),
    },
    only_acknowledges="stuck_ack",
    frozen="frozen_status",
    refuses="refused_off",
    strange=(
        Strange(what="a BASIK MIKRO", simulator="nkt", values={"module_type": "0x36"}),
        Strange(what="an older BasiK", simulator="nkt", values={"module_type": "0x21"}),
        Strange(what="a module at another address", simulator="nkt", values={"address": "2"}),
    ),
)

K0X2 = replace(
    K1X2,
    name="K0x2",
    values={"module_type": "0x36", "address": "5", "emission_delay_s": "2"},
    configuration={"module_type": "0x36", "address": "5"},
    strange=(Strange(what="a BASIK K1x2", simulator="nkt", values={"address": "5"}),),
)

PROFILES = (K1X2, K0X2)
