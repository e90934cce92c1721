"""A host program that we did not write, unmodified, against `sim serve`: PyMeasure's YAR."""

from __future__ import annotations

import time

import pytest
import serial

pytest.importorskip("pymeasure", reason="PyMeasure is not here; `make .venv/bench.stamp` brings it")


@pytest.mark.parametrize("wire", [("--pty",), ("--tcp", "127.0.0.1:0")], ids=["pty", "tcp"])
def test_pymeasures_yar_lights_and_darkens_the_laser(serve, wire):
    """Set-point, emission, status, power and off, as its authors wrote them."""
    from pymeasure.adapters import SerialAdapter
    from pymeasure.instruments.ipgphotonics import YAR

    served = serve("--set", "dialect=yar", "--set", "startup_s=0.3", *wire)
    port = serial.serial_for_url(served.target, timeout=2)
    laser = YAR(SerialAdapter(port, write_termination="\r", read_termination="\r"))
    laser.power_setpoint = 5
    assert laser.power_setpoint == 5
    laser.emission_enabled = True
    time.sleep(1.6)  # start-up, and one second of the laser's own average
    assert laser.emission_enabled
    assert laser.power == pytest.approx(5, rel=0.1)
    laser.emission_enabled = False
    assert not laser.emission_enabled
    assert laser.power == 0
    port.close()
