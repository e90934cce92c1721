"""Lamp, Q-switch, shutter, water and light of the Big Sky laser, coupled, in virtual time."""

from __future__ import annotations

import pytest

from devicelink.errors import ConfigError
from tests.simulators.bigsky_lab import QUICK, BigSky, shining


def test_light_needs_lamp_shutter_and_q_switch():
    """Light leaves with all three only, at the next lamp pulse, and goes with each of them."""
    laser = BigSky(values=QUICK)
    for commands in (["PQ", "R1"], ["A"], ["SQ", "A", "R1"], ["R0", "PQ", "R1", "SQ"]):
        laser.say(*commands)
        laser.wait(1)
        assert not laser.lit
        laser.say("S", "SQ", "R0")
    for off, on in (("S", ["A"]), ("R0", ["R1"]), ("SQ", ["PQ"])):
        laser.say("A", "R1", "PQ")
        assert not laser.lit
        laser.wait(0.1)
        assert laser.lit
        laser.ask(off)
        assert not laser.lit
        laser.say(*on)
        laser.wait(0.1)
        assert laser.lit
        laser.say("S", "SQ", "R0")


def test_the_moments_of_light():
    """Enabled as the last cause comes, light with the next lamp pulse, both ended by S."""
    laser = BigSky(values=QUICK)
    laser.say("A", "R1")
    laser.wait(0.25)
    laser.ask("PQ")
    laser.wait(1)
    laser.ask("S")
    assert laser.lights() == ["enabled", "light_on", "light_off", "disabled"]
    assert [laser.when(each) for each in laser.lights()] == [0.25, 0.3, 1.25, 1.25]
    assert laser.last("light_off")["pulses"] == 10


def test_inhibit_counts_lamp_pulses():
    """The Q-switch waits for QSW lamp pulses after each start of the lamp, at whatever rate."""
    laser = BigSky(values={"q_switch_wait_pulses": "20", "shutter": "open"})
    laser.ask("A")
    laser.wait(1.5)
    laser.ask("F2000")
    laser.wait(0.2)
    assert laser.say("PQ", "IQ", "IQ")[::2] == ["wait for QS", "IQS 10 00 00 00"]
    laser.wait(0.1)
    assert laser.when("enabled") == 1.75
    assert laser.when("light_on") == 1.8
    laser.say("S", "A")
    assert not laser.lit
    assert laser.ask("PQ").startswith("wait")


def test_inhibit_may_also_take_its_time():
    """With inhibit_s the Q-switch waits so long, whatever QSW says."""
    laser = BigSky(values={"q_switch_wait_pulses": "2", "inhibit_s": "8", "shutter": "open"})
    laser.ask("A")
    laser.wait(9)
    assert (laser.when("enabled"), laser.when("light_on")) == (8.0, 8.1)


def test_external_triggers_make_the_light():
    """Under QSM2 PQ arms and WOR still says 4; light comes and goes with the trigger."""
    laser = BigSky(values=QUICK)
    laser.say("QSM2", "A", "R1", "PQ")
    laser.wait(2)
    assert laser.lights() == ["enabled"]
    assert laser.last("enabled")["gated"] is True
    assert laser.say("WOR", "") == ["I 0 F 2 S 1 Q 4", "fire auto   qse"]
    laser.set(trigger_input="on")
    laser.wait(0.55)
    laser.set(trigger_input="off")
    assert laser.when("light_on") == 2.1
    assert laser.when("light_off") == 2.55
    assert laser.last("light_off")["pulses"] == 5
    laser.set(wor_armed_external="6")
    assert laser.say("WOR") == ["I 0 F 2 S 1 Q 6"]


def test_counters():
    """Lamp shots, and armed cycles whether light leaves or not; UC and UCQ are reset alone."""
    laser = BigSky(values=QUICK)
    laser.say("QSF5", "QSM2", "A", "R1", "PQ")
    laser.wait(2.05)
    assert laser.say("C", "UC", "CQ", "UCQ") == [
        *("ct LP 000012365", "cu LP 000000020", "ct QS 000000682", "cu QS 000000004")
    ]
    assert laser.say("UC0", "UCQ0", "UC", "UCQ") == ["cu LP 000000000", "cu QS 000000000"] * 2
    laser.set(cq_counts="emitted")
    laser.wait(1)
    assert laser.say("C", "CQ", "UC") == ["ct LP 000012375", "ct QS 000000682", "cu LP 000000010"]


def test_every_nth_pulse():
    """QSF divides the lamp's rate, from the next pulse on; the truth has the power that follows."""
    laser = shining()
    laser.say("SQ", "QSF4")
    laser.wait(0.2)
    laser.ask("PQ")
    laser.wait(2)
    laser.ask("S")
    assert laser.when("light_on") == 0.4
    facts = laser.last("light_on")
    assert facts["power_w"] == pytest.approx(facts["energy_j"] * 2.5, abs=1e-6)
    assert laser.last("light_off")["pulses"] == 5


def test_bursts_and_single_pulses_end_by_themselves():
    """QSM1 gives QSP pulses, OQ one; afterwards the Q-switch is off."""
    laser = BigSky(values=QUICK)
    laser.say("QSM1", "QSP7", "A", "R1", "PQ")
    laser.wait(2)
    assert laser.lights() == ["enabled", "light_on", "light_off", "disabled"]
    assert laser.last("light_off")["pulses"] == 7
    assert laser.when("light_off") == pytest.approx(0.7, abs=1e-6)
    assert laser.say("", "OQ", "WOR") == ["fire auto", "fire auto   qs", "I 0 F 2 S 1 Q 1"]
    laser.wait(2)
    assert laser.last("light_off")["pulses"] == 1
    assert laser.last("light_off")["mono_ns"] > laser.last("light_on")["mono_ns"]
    assert laser.say("") == ["fire auto"]


def test_lamp_triggered_from_outside():
    """Under LPM1 the lamp fires with its trigger only, at the trigger's rate."""
    laser = BigSky(values={**QUICK, "lamp_trigger_hz": "20"})
    assert laser.say("LPM1", "A", "R1", "PQ", "WOR")[-1] == "I 0 F 6 S 1 Q 2"
    laser.wait(1)
    assert laser.say("C") == ["ct LP 000012345"]
    laser.set(lamp_trigger_input="on")
    laser.wait(1)
    assert laser.lit
    laser.set(lamp_trigger_input="off")
    assert not laser.lit
    assert laser.say("C") == ["ct LP 000012365"]


@pytest.mark.parametrize(
    "knob",
    [
        ("interlock", "open"),
        ("cabinet", "open"),
        ("water_flow", "low"),
        ("water_level", "low"),
        ("lamp_connector", "open"),
        ("aux_connector", "open"),
        ("pump", "off"),
        ("charger", "failed"),
        ("simmer_supply", "failed"),
        ("coolant_c", "5"),
    ],
)
def test_a_trip_stops_and_needs_a_new_start(knob):
    """Every cause darkens at once; when it is gone, A, the inhibit and PQ are needed anew."""
    laser = shining()
    before = laser.inside.inputs
    well = getattr(before, knob[0])
    laser.set(**dict([knob]))
    assert not laser.lit
    assert laser.say("WOR")[0].startswith("I 1 F 0 S 0")
    laser.set(**{knob[0]: str(well)})
    laser.wait(60)
    assert not laser.lit
    assert laser.say("A") == ["fire auto"]
    laser.wait(1)
    assert not laser.lit
    laser.ask("PQ")
    laser.wait(1)
    assert laser.lit


def test_a_q_switch_cause_ends_q_switching():
    """Coolant too cold for the Q-switch ends it, the lamp goes on."""
    laser = shining()
    laser.set(coolant_c="15")
    assert not laser.lit
    assert laser.say("") == ["fire auto"]
    laser.set(coolant_c="33")
    laser.wait(5)
    assert not laser.lit


def test_flow_comes_two_seconds_after_the_pump():
    """P1 is answered at once; the lamp is refused until the water flows."""
    laser = BigSky(setup="pump_off")
    assert laser.say("A", "P1", "A") == ["water flow", "CG pump       1", "water flow"]
    laser.wait(1.99)
    assert laser.say("A") == ["water flow"]
    laser.wait(0.01)
    assert laser.say("A") == ["fire auto"]


def test_coolant_follows_the_lamp():
    """A firing lamp warms the coolant; in the cold it ends Q-switching, then firing, by itself."""
    laser = BigSky(values={**QUICK, "coolant_c": "22", "thermal_time_constant_s": "60"})
    laser.say("F2000", "A")
    laser.wait(600)
    assert laser.say("CG") == ["temp. CG 48 d"]
    laser.set(ambient_c="0")
    laser.say("S", "A", "F100", "R1", "PQ")
    began_s = (laser.now_ns - laser.begin_ns) / 1e9
    laser.wait(70)
    assert laser.say("") == ["fire auto"]
    assert laser.when("disabled") - began_s == pytest.approx(55.5, abs=0.5)
    laser.wait(100)
    assert laser.say("WOR", "A") == ["I 1 F 0 S 0 Q 0", "tp CG < 10 d"]
    laser.set(coolant_c="33")
    assert laser.say("WOR") == ["I 0 F 0 S 0 Q 0"]


def test_auto_run_makes_light_of_a_alone():
    """With ROF1 and QOF1 a single A opens the shutter and lights after the inhibit."""
    laser = BigSky(setup="autorun_trap")
    assert laser.say("A", "R") == ["fire auto", "shutter opened"]
    laser.wait(10.2)
    assert laser.lit
    assert laser.when("light_on") == 10.1


def test_what_stop_ends():
    """S ends the lamp alone, so that A goes on Q-switching; or all three."""
    laser = shining()
    laser.ask("S")
    assert laser.say("R", "WOR") == ["shutter opened", "I 0 F 0 S 0 Q 2"]
    laser.ask("A")
    laser.wait(0.2)
    assert laser.lit
    laser.set(stop_ends="all")
    laser.ask("S")
    assert laser.say("R", "WOR") == ["shutter closed", "I 0 F 0 S 0 Q 0"]


def test_other_hands():
    """Another host or the local box starts and stops it, and is refused as this host is."""
    laser = BigSky(values=QUICK)
    laser.set(lamp="firing", shutter="open", q_switch="running")
    laser.wait(0.2)
    assert laser.lit
    assert laser.say("WOR") == ["I 0 F 2 S 1 Q 2"]
    laser.set(lamp="standby")
    assert not laser.lit
    laser.set(interlock="open")
    with pytest.raises(ConfigError, match="I/O connector"):
        laser.set(lamp="firing")
    with pytest.raises(ConfigError, match="standby"):
        laser.set(q_switch="running")


def test_energy_follows_voltage_delay_temperature_and_wear():
    """More volts, the best delay, coolant as meant and a new lamp make the strongest pulse."""

    def energy_j(**values):
        return shining(**values).last("light_on")["energy_j"]

    usual = energy_j()
    assert 0.04 < usual < 0.1
    assert energy_j(voltage_v="1050") > usual > energy_j(voltage_v="900")
    assert energy_j(delay_us="135") > usual > energy_j(delay_us="200")
    assert energy_j(coolant_c="25") < usual
    assert energy_j(wear_percent="50") == pytest.approx(usual / 2, rel=0.01)


def test_below_the_threshold_there_is_no_light():
    """At 750 V the lamp fires and Q-switches, and no light leaves; more volts bring it."""
    laser = BigSky(values=QUICK)
    laser.say("V750", "A", "R1", "PQ")
    laser.wait(1)
    assert laser.lights() == []
    laser.ask("V800")
    laser.wait(1)
    assert laser.lights() == ["enabled", "light_on"]
    laser.ask("V700")
    assert laser.lights()[2:] == ["light_off", "disabled"]


def test_the_capacitor():
    """It holds the voltage while it simmers or fires, is sampled by pulses, and empties after."""
    laser = BigSky(values=QUICK)
    laser.say("A")
    assert laser.say("VI", "VA") == ["voltage it 950V", "voltage ac   0V"]
    laser.wait(0.1)
    assert laser.say("VA", "S", "VI")[::2] == ["voltage ac 950V", "voltage it 950V"]
    laser.wait(5)
    assert laser.say("VI") == ["voltage it 349V"]


def test_idle_and_enable_fire():
    """D fires the idle lamp, dark; E gives single pulses of a firing lamp where it is built so."""
    laser = BigSky(setup="idle_fire", values=QUICK)
    laser.ask("R1")
    laser.wait(21)
    assert laser.say("C") == ["ct LP 000012349"]
    assert laser.lights() == []
    laser = BigSky(setup="enable_fire", values=QUICK)
    laser.say("R1", "A")
    laser.wait(11.5)
    assert laser.lights() == ["enabled", "light_on", "light_off", "disabled"] * 2


def test_a_shutter_that_takes_its_time():
    """The blade arrives later, and light goes with the blade."""
    laser = BigSky(values={**QUICK, "shutter_s": "0.25"})
    assert laser.say("A", "R1", "PQ") == ["fire auto", "shutter opened", "shutter closed"]
    laser.wait(0.25)
    assert laser.say("R", "PQ") == ["shutter opened", "fire auto   qs"]
    laser.wait(1)
    assert laser.say("R0", "R") == ["shutter closed", "shutter opened"]
    laser.wait(1)
    assert (laser.when("light_on"), laser.when("light_off")) == (0.3, 1.5)
    assert laser.say("R") == ["shutter closed"]


def test_saved_settings_come_back():
    """A restart brings back what SAV1 kept; counters stay, the user's as SUC kept it."""
    laser = BigSky(values=QUICK)
    laser.say("V1000", "SAV1", "A")
    laser.wait(1)
    laser.say("SUC", "V1100")
    laser.wait(1)
    laser.set(fault="reboot:seconds=3")
    laser.wait(5.5)
    assert laser.say("V", "C", "UC", "") == [
        *("voltage  1000 V", "ct LP 000012365", "cu LP 000000010", "standby")
    ]
