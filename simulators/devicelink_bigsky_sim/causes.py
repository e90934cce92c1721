"""What forbids lamp or Q-switch, in the order in which the laser names it when it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devicelink_bigsky_sim.physics import Laser


def of_lamp(laser: Laser) -> Iterator[tuple[str, str | None]]:
    """Each cause that stops the lamp now, with the text of its refusal; None where none is told."""
    inputs = laser.inputs
    cold = f"tp CG < {inputs.lamp_cold_c:02.0f} d"
    for name, is_so, text in (
        ("water_flow", not laser.water.flows(laser.now_ns), "water flow"),
        ("water_level", inputs.water_level == "low", "water level"),
        ("lamp_connector", inputs.lamp_connector == "open", "lamp connector"),
        ("aux_connector", inputs.aux_connector == "open", "aux connector"),
        ("interlock", inputs.interlock == "open", "I/O connector"),
        ("cold", laser.coolant_c < inputs.lamp_cold_c, cold),
        ("cabinet", inputs.cabinet == "open", "switch cabinet"),
        ("charger", inputs.charger == "failed", None),
        ("simmer", inputs.simmer_supply == "failed", None),
    ):
        if is_so:
            yield name, text


def of_q_switch(laser: Laser) -> Iterator[str]:
    """The refusal of each cause that stops Q-switching now, beside lamp and shutter."""
    inputs = laser.inputs
    if laser.coolant_c < inputs.q_switch_cold_c:
        yield f"tp CG < {inputs.q_switch_cold_c:02.0f} d"
    if inputs.qswitch_timed_out == "yes":
        yield "time out QS"
    if inputs.qswitch_interlock == "open":
        yield "interlock QS"


def refusal_of_q_switch(laser: Laser) -> str | None:
    """Why PQ and OQ are refused now; a closed shutter is told last."""
    if laser.inhibited:
        return "wait for QS"
    return next(of_q_switch(laser), None if laser.shutter_shows_open else "shutter closed")
