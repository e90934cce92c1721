"""From capacitor to light: the energy of the lamp and of one Q-switched pulse."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devicelink_bigsky_sim.inputs import Inputs

_REFERENCE_C = 33.0


def lamp_energy_j(inputs: Inputs) -> float:
    """What the capacitor holds: C V^2 / 2."""
    return inputs.capacity_uf * 1e-6 * inputs.voltage_v**2 / 2


def voltage_for_v(energy_j: float, capacity_uf: float) -> float:
    """The voltage, in whole volts, at which the capacitor holds that energy."""
    return round(math.sqrt(2 * energy_j / (capacity_uf * 1e-6)))


def pulse_energy_j(inputs: Inputs, coolant_c: float) -> float:
    """Optical energy of a Q-switched pulse; its dependences are our reading [?]."""
    above_v = max(0.0, inputs.voltage_v - inputs.threshold_v)
    off_best = (inputs.delay_us - inputs.best_delay_us) / inputs.delay_width_us
    lost = inputs.temperature_loss_percent_c / 100 * abs(coolant_c - _REFERENCE_C)
    kept = max(0.0, 1 - lost) * (1 - inputs.wear_percent / 100)
    return above_v * inputs.pulse_energy_mj_v / 1000 * math.exp(-(off_best**2)) * kept
