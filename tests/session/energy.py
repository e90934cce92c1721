"""A clinic with a simulated flash-lamp laser, and a simulated meter in its beam."""

from __future__ import annotations

from tests.clinic import here
from tests.session.other_lasers import CATALOGUE, OtherClinic

SETTINGS = """[settings]
lamp_voltage_v = 1150
repetition_rate_hz = 20.00
qswitch_delay_us = 140
"""
NOMINAL_MJ = "159"
QUICK = ("--set", "q_switch_wait_pulses=10", "--set", "flow_s=0.3")
SLOW_LIGHT = ("--set", "q_switch_every=8")
"""One pulse for every eighth flash: 2.5 a second."""
METER = {
    "head": "pyroelectric",
    "model": "vega",
    "energy_ranges_j": "3 0.3 0.03",
    "range_index": "1",
    "damage_j": "5",
}
SERIAL, HEAD = "SIM-113217", "SIM-22323"


class EnergyClinic(OtherClinic):
    """Laser and meter in one process; `hand` turns the trigger, as a person at the laser would."""

    driver, told, settings, lasers = "bigsky", "062", SETTINGS, (*QUICK, *SLOW_LIGHT)
    """The laser: its driver, its serial number, what is set, what its simulator is told."""

    def __init__(self, root, template, *options, meter=None):
        self.meter_link = root / "c" / "props" / "meter"
        self.meter_truth = root / "c" / "props" / "meter.truth"
        lit = ("--meter", "ophir", "--meter-link", self.meter_link, "--meter-truth")
        values = {**METER, **(meter or {})}
        knobs = [word for each in values.items() for word in ("--meter-set", "=".join(each))]
        super().__init__(
            root,
            template,
            driver=self.driver,
            serial=self.told,
            settings=self.settings,
            options=(*self.lasers, *map(str, lit), str(self.meter_truth), *knobs, *options),
        )

    def _believe_catalogue(self):
        catalogue, signed = self.props / "other.toml", self.props / "other.jws"
        text = CATALOGUE.format(driver=self.driver)
        catalogue.write_text(text.replace('"service"', '"service", "energy_check"'))
        here(
            *("catalogue", "issue", catalogue, "--key", self.props / "maker.key", "--version", 2),
            *("--valid-until", "2099-12-31", "--output", signed),
        )
        here("trust", "catalogue", signed, *self.by)

    def add_meter(self, *more):
        """As its papers say; later options win."""
        here(
            *("meter", "add", "113217", "--driver", "ophir", "--port", self.meter_link),
            *("--head", "22323", "--calibrated", "2026-01-10", "--valid-until", "2099-01-10"),
            *("--max-energy-mj", "500", "--max-power-w", "30"),
            *("--wavelengths-nm", "190-12000", *more, *self.by),
        )

    def rule(self, tolerance=10, hours=24):
        """The clinic asks for a check."""
        here(
            *("device", "energy-check", self.serial, "--tolerance-percent", tolerance),
            *("--valid-hours", hours, *self.by),
        )

    def check(self, *more):
        """A check as a process of its own."""
        return self.start(
            *("--json", "--kind", "energy_check", "--meter", SERIAL, "--pulses", "5"),
            *("--energy-mj", NOMINAL_MJ, "--wavelength-nm", "1064", "--for", "20", *more),
        )
