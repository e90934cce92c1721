"""Settings on the wire: how each is written, its range, and what setting it does.

Templates are those of the transcribed service manual and of replies seen on hardware.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from devicelink_bigsky_sim.optics import lamp_energy_j
from devicelink_bigsky_sim.physics import FIRING

if TYPE_CHECKING:
    from collections.abc import Callable

    from devicelink_bigsky_sim.physics import Laser


@dataclass(frozen=True, slots=True)
class Number:
    """A number: `#` in `text` is where it stands, `scale` times it is what is sent."""

    name: str
    text: str
    width: int
    low: float
    high: float
    scale: int = 1
    decimals: int = 0
    zeros: bool = False
    read: Callable[[Laser], float] | None = None
    write: Callable[[Laser, float], None] | None = None
    factory: tuple[str | None, str] | None = None

    def value(self, laser: Laser) -> float:
        """What is in force."""
        return self.read(laser) if self.read else float(getattr(laser.inputs, self.name))

    def shown(self, laser: Laser, value: float) -> str:
        """A value as the laser writes it."""
        fill = "0" if self.zeros or laser.inputs.value_pad == "zero" else " "
        return self.text.replace("#", f"{value:{fill}>{self.width}.{self.decimals}f}")

    def allows(self, laser: Laser, value: float) -> bool:
        """Whether a value is in range, and within the factory limits where there are any."""
        return self.nearest(laser, value) == value

    def nearest(self, laser: Laser, value: float) -> float:
        """The value itself, or the limit that it is beyond."""
        low, high = self.low, self.high
        if self.factory:
            lowest, highest = self.factory
            low = max(low, getattr(laser.inputs, lowest) if lowest else low)
            high = min(high, getattr(laser.inputs, highest))
        return min(high, max(low, value))

    def set(self, laser: Laser, value: float) -> None:
        """Put it into force."""
        if self.write:
            self.write(laser, value)
        else:
            laser.change(self.name, value if self.scale > 1 else int(value))


@dataclass(frozen=True, slots=True)
class Switch:
    """One digit at `#`, from 0 to `last`; some change only while the lamp does not fire."""

    name: str
    text: str
    last: int = 1
    stopped: bool = False

    def shown(self, value: int) -> str:
        """A value as the laser writes it."""
        return self.text.replace("#", str(value))

    def allows(self, laser: Laser) -> bool:
        """Whether it may be changed now."""
        return not (self.stopped and laser.lamp == FIRING)


_VOLTS = ("voltage_min_v", "voltage_max_v")
_DELAYS = ("delay_min_us", "delay_max_us")
_ENERGY = "capacity_uf"  # lamp energy is no setting of its own: it moves the voltage

NUMBERS = {
    "V": Number("voltage_v", "voltage  # V", 4, 500, 1800, factory=_VOLTS),
    "VMO": Number("voltage_v", "Voltage m# V", 4, 500, 1800, zeros=True, factory=_VOLTS),
    "ENE": Number(
        *(_ENERGY, "energy    #J", 4, 7.0, 23.0, 10, 1),
        read=lambda laser: lamp_energy_j(laser.inputs),
        write=lambda laser, value: laser.set_energy(value),
    ),
    "CAP": Number(
        *("capacity_uf", "capacity #uF", 4, 27.0, 33.0, 10, 1),
        write=lambda laser, value: laser.set_capacity(value),
    ),
    "F": Number(
        *("frequency_hz", "freq.  # Hz", 5, 0.01, 99.99, 100, 2),
        factory=(None, "frequency_max_hz"),
    ),
    "QSF": Number("q_switch_every", "cycle rate F/#", 2, 1, 99, zeros=True),
    "QSP": Number("burst_pulses", "burst QS    #", 3, 1, 999, zeros=True),
    "QSW": Number("q_switch_wait_pulses", "QS wait :   #", 3, 0, 999, zeros=True),
    "W": Number("delay_us", "delay    # uS", 3, 100, 999, zeros=True, factory=_DELAYS),
    "WMN": Number("delay_min_us", "dly QS m # uS", 3, 100, 999, zeros=True),
    "WMX": Number("delay_max_us", "dly QS M # uS", 3, 100, 999, zeros=True),
    "D": Number("idle_fire_s", "dis charg #S", 4, 0, 99.9, 10, 1, zeros=True),
    "E": Number("enable_fire_s", "ena charg #S", 4, 0, 99.9, 10, 1, zeros=True),
}
"""`VMO` is told as the average lamp voltage; that it sets `V` is how one host program uses it."""

SWITCHES = {
    "ROF": Switch("shutter_at_run", "shutt. at run #"),
    "QOF": Switch("q_switch_at_run", "QS at run     #"),
    "LPM": Switch("lamp_mode", "LP synch :  #  ", stopped=True),
    "QSM": Switch("q_switch_mode", "QS mode :   #  ", last=2, stopped=True),
}
