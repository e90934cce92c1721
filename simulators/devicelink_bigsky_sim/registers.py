"""What the laser tells of its state: the state text, WOR, and the interlock registers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink.runtime import nanoseconds
from devicelink_bigsky_sim import causes
from devicelink_bigsky_sim.physics import EXTERNAL, FIRING, OFF, SINGLE, STANDBY

if TYPE_CHECKING:
    from devicelink_bigsky_sim.physics import Laser

_FRESH_NS = nanoseconds(1.0)
"""Our reading: a sample is stale when it is older than this [?]."""
_E_COLUMN = 13
_ONCE = 1
_QS_COLUMN = 11
_BITS = {
    "IF": (
        *("water_flow", None, "water_level", "lamp_connector"),
        *("aux_connector", "interlock", "cabinet", None),
    ),
    "IF2": (None, None, "charger", "simmer", None, "cold", None, None),
    "IQ": ("inhibited", "q_switch_cold", None, None, None, None, "shutter_closed", None),
}
_ULTRA_BITS = {
    **_BITS,
    "IF2": (None, None, None, None, "water_level", "water_flow", None, None),
    "IQ": (None, None, None, "shutter_closed", None, None, None, None),
}
"""Of the other firmware, as far as they are known."""


def state_text(laser: Laser, lamp: str | None = None, *, switching: bool | None = None) -> str:
    """The state, or what it will be once the lamp does `lamp` and the Q-switch is `switching`."""
    inputs = laser.inputs
    lamp = laser.lamp if lamp is None else lamp
    switching = is_switching(laser) if switching is None else switching
    external = inputs.q_switch_mode == EXTERNAL
    word = ("fire ext" if inputs.lamp_mode == 1 else "fire auto") if lamp == FIRING else lamp
    if lamp == FIRING and switching:
        begun = f"{word:<{_QS_COLUMN}}" if inputs.qs_place == "column" else f"{word}   "
        return f"{begun}{'qse' if external else 'qs'}"
    return f"{word:<{_E_COLUMN}}e" if external else word


def is_switching(laser: Laser) -> bool:
    """Whether the Q-switch works, or waits for its triggers only."""
    return laser.armed != OFF and laser.lamp == FIRING and not laser.inhibited


def wor(laser: Laser) -> str:
    """Interlock, lamp, simmer, Q-switch; live."""
    inputs = laser.inputs
    failed = [name for name, _ in causes.of_lamp(laser)]
    if inputs.wor_interlock == "external":
        failed = [name for name in failed if name == "interlock"]
    lamp = int(inputs.wor_firing) * (laser.lamp == FIRING) + 4 * inputs.lamp_mode
    simmer = int(laser.lamp != STANDBY)
    q_switch = {OFF: 0, SINGLE: _ONCE}.get(laser.armed, int(inputs.wor_started))
    if inputs.q_switch_mode == EXTERNAL:
        q_switch = 4 + (q_switch if inputs.wor_armed_external == "6" else 0)
    lamp_label, simmer_label = tuple(inputs.wor_letters)
    return f"I {int(bool(failed))} {lamp_label} {lamp} {simmer_label} {simmer} Q {q_switch}"


class Registers:
    """IF, IF2 and IQ; each read tells the sample that the read before it took."""

    __slots__ = ("_laser", "_samples")

    def __init__(self, laser: Laser) -> None:
        self._laser = laser
        self._samples = {name: (self._now(name), laser.now_ns) for name in _BITS}

    def take(self, name: str) -> None:
        """Sample one, to be told at its next read."""
        self._samples[name] = (self._now(name), self._laser.now_ns)

    def read(self, name: str) -> str:
        """What a read tells now."""
        now_ns = self._laser.now_ns
        behind = self._laser.inputs.read_behind == "on"
        bits, at_ns = self._samples[name] if behind else (self._now(name), now_ns)
        pairs = " ".join(bits[at : at + 2] for at in range(0, len(bits), 2))
        return f"{self._label(name, bits, now_ns - at_ns)} {pairs}"

    def _label(self, name: str, bits: str, age_ns: int) -> str:
        if name != "IF":
            return {"IQ": "IQS"}.get(name, name)
        if self._laser.inputs.if_prefix == "manual":
            return "IF1" if "1" in bits else "IF "
        return "IF." if age_ns <= _FRESH_NS else "IF1"

    def _now(self, name: str) -> str:
        laser = self._laser
        so = {cause for cause, _ in causes.of_lamp(laser)}
        for cause, is_so in (
            ("inhibited", laser.inhibited),
            ("q_switch_cold", laser.coolant_c < laser.inputs.q_switch_cold_c),
            ("shutter_closed", not laser.shutter_shows_open),
        ):
            if is_so:
                so.add(cause)
        bits = _ULTRA_BITS if laser.inputs.dialect == "ultra" else _BITS
        unknown = laser.inputs.unknown_bits
        return "".join(unknown if cause is None else str(int(cause in so)) for cause in bits[name])
