"""What the simulated meter measures: pulses, beams, ranges, zeroing, streaming."""

from __future__ import annotations

import pytest

from devicelink_ophir_sim import SIMULATOR
from tests.simulators.test_sim_ophir_dialogue import meter, say

__all__ = ["meter"]
PYRO = {"head": "pyroelectric", "beam_nm": "1064"}
TH = {"beam_nm": "1064", "mode": "energy"}


def power(bench):
    """The next power reading in W, waited for; or the text that comes instead."""
    assert say(bench, "$SP") == ""
    text = bench.wait(0.07).decode().strip().removeprefix("*")
    return text if text == "OVER" else float(text)


def test_the_procedure_of_the_maker(meter):
    """Throw a stale flag away, poll until a pulse came, read it once: the source's own example."""
    values = {**PYRO, "energy_ranges_j": "0.1 0.02 0.002", "exponent": "long", "pulse_j": "0.004"}
    bench = meter(values=values)
    assert say(bench, "$HP") == "*"
    assert say(bench, "$EF") == "*1"
    assert say(bench, "$SE") == "*4.000E-03"
    for _ in range(3):
        assert say(bench, "$EF") == "*0"
        bench.wait(0.1)
    bench.set(pulse_j="0.013")
    bench.wait(0.1)
    assert [say(bench, line) for line in ("$EF", "$SE", "$EF")] == ["*1", "*1.300E-02", "*0"]
    assert say(bench, "$SE") == "*1.300E-02"


def test_over_the_range(meter):
    """OVER stands in place of a number, for energy and for power; a larger range measures it."""
    bench = meter(values={**PYRO, "range_index": "1"})
    bench.set(pulse_j="0.005")
    bench.wait(0.1)
    assert [say(bench, "$EF"), say(bench, "$SE")] == ["*1", "*OVER"]
    assert say(bench, "$WN0") == "*"
    bench.wait(4)
    bench.set(pulse_j="0.005")
    bench.wait(0.1)
    assert say(bench, "$SE") == "*5.000E-3"
    bench = meter(values={"beam_nm": "1064", "beam_w": "5", "range_index": "1"})
    bench.wait(10)
    assert power(bench) == "OVER"
    assert say(bench, "$WN-1") == "*"
    assert power(bench) == 5.0


def test_a_new_range_settles_for_seconds(meter):
    """After $WN pulses are missed and $EF stays 0, though one was there before."""
    bench = meter(values={**PYRO, "pulse_j": "0.004"})
    assert [say(bench, "$EF"), say(bench, "$WN0")] == ["*1", "*"]
    for _ in range(8):
        assert [say(bench, "$EF"), say(bench, "$ER")] == ["*0", "*0"]
        bench.set(pulse_j="0.004")
        bench.wait(0.499)
    bench.wait(0.01)
    assert [say(bench, "$EF"), say(bench, "$ER")] == ["*0", "*1"]
    bench.set(pulse_j="0.004")
    bench.wait(0.01)
    assert say(bench, "$EF") == "*1"


def test_power_waits_for_the_next_reading(meter):
    """$SP is answered at the meter's own pace; a thermopile follows its beam slowly."""
    bench = meter(values={"beam_nm": "1064", "reading_period_s": "0.1", "power_response_s": "1"})
    bench.wait(0.03)
    assert say(bench, "$SP") == ""
    assert bench.wait(0.069) == b""
    assert bench.wait(0.001) == b"*0.000E0\r\n"
    bench.set(beam_w="10")
    bench.wait(0.9)
    assert say(bench, "$SP") == ""
    assert bench.wait(0.1) == b"*6.321E0\r\n"
    bench.wait(20)
    say(bench, "$SP")
    assert bench.wait(0.1) == b"*1.000E1\r\n"


def test_a_thermopile_takes_its_time_with_a_pulse(meter):
    """The reading comes seconds later; two pulses meanwhile are one; $ER says when it is ready."""
    bench = meter(values=TH)
    bench.set(pulse_j="2")
    bench.wait(1)
    assert [say(bench, "$EF"), say(bench, "$ER")] == ["*0", "*0"]
    bench.set(pulse_j="3")
    bench.wait(1.5)
    assert [say(bench, "$EF"), say(bench, "$ER"), say(bench, "$SE")] == ["*1", "*1", "*5.000E0"]


def test_wavelength_counts(meter):
    """Light of another wavelength than is set reads wrong; set right, it reads right."""
    bench = meter(values={**PYRO, "beam_nm": "10600"})
    bench.set(pulse_j="0.005")
    bench.wait(0.1)
    wrong = float(say(bench, "$SE").removeprefix("*"))
    assert wrong < 0.004
    assert say(bench, "$WI6") == "*"
    bench.set(pulse_j="0.005")
    bench.wait(0.1)
    assert float(say(bench, "$SE").removeprefix("*")) == pytest.approx(0.005)


@pytest.mark.parametrize(
    ("values", "reads"),
    [
        ({"calibration_error_percent": "-8"}, "*4.600E-3"),
        ({"diffuser": "in"}, "*1.667E-3"),
        ({}, "*5.000E-3"),
    ],
)
def test_errors_of_the_reading(meter, values, reads):
    """A wrong calibration, or a diffuser that the meter does not know of."""
    bench = meter(values={**PYRO, **values})
    bench.set(pulse_j="0.005")
    bench.wait(0.1)
    assert say(bench, "$SE") == reads
    if "diffuser" in values:
        assert say(bench, "$DQ2") == "*"
        bench.set(pulse_j="0.005")
        bench.wait(0.1)
        assert say(bench, "$SE") == "*5.000E-3"


def test_noise_is_a_part_of_the_reading(lab):
    """Readings of the same beam differ by what is set, the same for the same seed."""
    benches = [
        lab(simulator=SIMULATOR, values={"beam_w": "10", "noise_percent": "1"}, seed=seed)
        for seed in (1, 1, 2)
    ]
    readings = []
    for bench in benches:
        bench.wait(30)
        readings.append([power(bench) for _ in range(20)])
    assert readings[0] == readings[1] != readings[2]
    assert 0.05 < max(readings[0]) - min(readings[0]) < 0.7


def test_zeroing(meter):
    """25 s in which only $ZQ and $HP work; then the dark reads nothing."""
    bench = meter(values={"zero_offset_w": "0.5"})
    assert power(bench) == 0.5
    assert say(bench, "$ZS") == "?FAILED"
    assert say(bench, "$ZE") == "*"
    bench.wait(24.9)
    assert say(bench, "$ZQ") == "*ZEROING IN PROGRESS"
    assert [say(bench, "$HP"), say(bench, "$EF"), say(bench, "$VE")] == [
        *("*", "?COM ERROR", "?COM ERROR"),
    ]
    bench.wait(0.1)
    assert say(bench, "$ZQ") == "*ZEROING COMPLETED"
    assert power(bench) == 0.0
    assert say(bench, "$ZS") == "*"


def test_zeroing_in_the_light_fails_and_may_be_aborted(meter):
    """A beam on the head spoils it; $ZA ends it."""
    bench = meter(values={"zero_offset_w": "0.5", "beam_w": "5", "beam_nm": "1064"})
    say(bench, "$ZE")
    bench.wait(25)
    assert say(bench, "$ZQ") == "*ZEROING FAILED"
    assert power(bench) == 5.5
    say(bench, "$ZE")
    assert [say(bench, "$ZA"), say(bench, "$ZQ")] == ["*", "*ZEROING NOT STARTED"]


def test_frequency_of_the_pulses(meter):
    """$SF is that of the last two; a thermopile has none."""
    bench = meter(values={**PYRO, "reply_latency_s": "0"})
    for _ in range(3):
        bench.set(pulse_j="0.005")
        bench.wait(0.001 * 10)
    assert say(bench, "$SF") == "*1.000E2"
    bench.wait(3)
    assert say(bench, "$SF") == "*0.000E0"
    assert say(meter(values=TH), "$SF") == "?COM ERROR"


def test_streaming(meter):
    """Every reading is sent unasked until $CS0; on RS-232 $DU comes first."""
    bench = meter(values={"reading_period_s": "0.1", "beam_w": "3", "beam_nm": "1064"})
    bench.wait(20)
    assert [say(bench, line) for line in ("$CS1", "$DU", "$CS1")] == ["?COM ERROR", "*", "*"]
    assert bench.wait(0.35).decode() == "*3.000E0\r\n" * 3
    assert say(bench, "$CS0") == "*"
    assert bench.wait(1) == b""
    bench = meter(values={**PYRO, "interface": "usb"})
    say(bench, "$CS1")
    bench.set(pulse_j="0.005")
    assert bench.wait(1) == b"*5.000E-3\r\n"


def test_too_much_light_damages_the_head(meter):
    """It is in the truth, once; from then on it reads too low."""
    bench = meter(values={**PYRO, "energy_ranges_j": "1"})
    bench.set(pulse_j="0.5")
    bench.set(pulse_j="0.5")
    assert bench.truth.names("damaged", "pulse") == ["pulse", "damaged", "pulse"]
    bench.wait(1)
    assert say(bench, "$SE") == "*3.000E-1"


def test_another_head_starts_anew(meter):
    """A head that is taken out is no head; what it showed is gone."""
    bench = meter(values={**PYRO, "pulse_j": "0.005"})
    assert say(bench, "$EF") == "*1"
    bench.set(head="none")
    assert say(bench, "$EF") == "?COM ERROR"
    bench.set(head="thermopile")
    assert say(bench, "$EF") == "*0"


def test_frozen_readings(meter):
    """With frozen_status readings and flags stay what they were; the light does not."""
    bench = meter(values={**PYRO, "pulse_j": "0.005"}, faults=["frozen_status@at=1"])
    bench.wait(1)
    assert say(bench, "$EF") == "*1"
    bench.set(pulse_j="0.008")
    bench.wait(1)
    assert [say(bench, "$SE"), say(bench, "$EF")] == ["*5.000E-3", "*1"]
    bench.set(fault="none")
    bench.set(pulse_j="0.008")
    bench.wait(1)
    assert say(bench, "$SE") == "*8.000E-3"
