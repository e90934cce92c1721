"""The laser behind the words: start-up, interlocks, gate, power, heat and faults, coupled."""

from __future__ import annotations

import dataclasses

import pytest

from devicelink.errors import ConfigError
from devicelink_ipg_sim import SIMULATOR
from devicelink_ipg_sim.inputs import Inputs
from devicelink_ipg_sim.status import RESERVED
from devicelink_simulation.heat import Heat


def emitting(lab, **values):
    """A laser that makes light at 50 %."""
    laser = lab(values={"startup_s": "0", "diode_current_percent": "50", **values})
    laser.ask("EMON")
    return laser


def test_start_up_ends_exactly_inside_a_long_step(lab):
    """Light comes exactly 3 s after EMON, however far apart the looks are."""
    laser = lab(values={"diode_current_percent": "50"})
    laser.wait(1)
    laser.ask("EMON")
    assert laser.status == {2, 15}
    assert laser.sim.next_event_ns() == laser.now_ns + 3_000_000_000
    laser.wait(100)
    assert laser.lights() == ["enabled", "light_on"]
    assert laser.when("light_on") == 4.0
    assert laser.status == {2}


def test_emoff_during_start_up_makes_no_light(lab):
    """EMOFF a moment before the end of the start-up: there was never light."""
    laser = lab(values={"diode_current_percent": "50"})
    laser.ask("EMON")
    laser.wait(2.999999999)
    assert laser.ask("EMOFF") == "EMOFF"
    laser.wait(10)
    assert laser.lights() == []
    assert laser.status == set()


def test_start_up_time_can_change_while_it_runs(lab):
    """A shorter start-up counts from EMON; one that is over already ends now."""
    laser = lab(values={"startup_s": "10"})
    laser.ask("EMON")
    laser.wait(2)
    laser.set(startup_s="5")
    assert laser.sim.next_event_ns() == laser.begin_ns + 5_000_000_000
    laser.set(startup_s="1")
    assert laser.status == {2}
    assert laser.when("enabled") == 2.0


@pytest.mark.parametrize("knob", ["interlock_1", "interlock_2", "estop"])
def test_interlock_drops_the_supply_until_start(lab, knob):
    """An opened channel takes the light at once; closing restores nothing; START no emission."""
    bad, good = ("pressed", "released") if knob == "estop" else ("open", "closed")
    laser = emitting(lab)
    laser.wait(1)
    laser.set(**{knob: bad})
    assert laser.lights() == ["enabled", "light_on", "light_off", "disabled"]
    assert laser.when("light_off") == 1.0
    assert laser.status == {11}
    assert laser.ask("ROP") == "ROP: Off"
    assert laser.ask("EMON").startswith("ERR")
    with pytest.raises(ConfigError, match="START has no effect"):
        laser.set(supply="on")
    assert laser.truth.names("no_effect") == ["no_effect"]
    laser.set(**{knob: good})
    assert laser.status == {11}
    laser.set(supply="on")
    assert laser.status == set()
    laser.wait(100)
    assert not laser.lit
    assert laser.ask("EMON") == "EMON"
    assert laser.lit


@pytest.mark.parametrize(("shown", "bits"), [("11", {11}), ("10", {10}), ("both", {10, 11})])
def test_interlock_reading_can_be_chosen(lab, shown, bits):
    """A broken interlock shows bit 11, 10 or both until START; a supply switched off shows 11."""
    laser = lab(values={"interlock_bits": shown, "interlock_1": "open"})
    assert laser.status == bits
    laser.set(interlock_1="closed")
    assert laser.status == bits
    laser.set(supply="on")
    assert laser.status == set()
    laser.set(supply="off")
    assert laser.status == {11}


def test_modulation_gates_the_light(lab):
    """With modulation enabled only a high signal lets light out, and current follows it."""
    laser = emitting(lab, modulation="enabled")
    assert laser.lights() == ["enabled"]
    laser.wait(2)
    assert [laser.ask("ROP"), laser.ask("RDC")] == ["ROP: Low", "RDC: 0.0"]
    laser.set(modulation_input="high")
    assert laser.lit
    assert laser.ask("RDC") == "RDC: 5.0"
    laser.wait(0.5)
    laser.set(modulation_input="low")
    assert laser.lights() == ["enabled", "light_on", "light_off"]
    laser.ask("EMOFF")
    assert laser.lights()[-1] == "disabled"


def test_modulation_disabled_means_emission_is_light(lab):
    """Without modulation the signal is ignored: emission on is light."""
    assert emitting(lab, modulation_input="low").lit


def test_turning_the_key_to_rem_while_emitting(lab):
    """Emission goes on, no longer under the host's control, until the key comes back."""
    laser = emitting(lab)
    laser.set(key="rem")
    assert laser.ask("EMOFF") == "ERR: Keyswitch in remote"
    assert laser.lit
    assert laser.status == {2, 21}
    laser.set(key="on")
    assert laser.ask("EMOFF") == "EMOFF"
    assert not laser.lit


def test_emission_at_the_laser_itself(lab):
    """Somebody at the panel starts and stops emission; the start-up is the same."""
    laser = lab(values={"diode_current_percent": "50"})
    laser.set(emission="on")
    assert laser.status == {2, 15}
    laser.wait(3)
    assert laser.lit
    laser.set(emission="off")
    assert not laser.lit


def test_power_follows_current_above_the_threshold(lab):
    """Nothing below the threshold, the maximum at 100 %, and a new set-point acts at once."""
    laser = emitting(lab, noise_percent="0", max_power_w="500", minimum_current_percent="1")
    laser.ask("SDC 100")
    laser.wait(1)
    assert laser.ask("ROP") == "ROP: 500.0"
    laser.ask("SDC 6")
    assert not laser.lit
    laser.wait(1)
    assert laser.ask("ROP") == "ROP: Low"
    laser.ask("SDC 0")
    assert laser.status == {2}


def test_set_point_for_the_next_emission(lab):
    """Where a set-point acts only at the next emission, it is shown before."""
    laser = emitting(lab, sdc_while_emitting="next_emission", noise_percent="0", max_power_w="100")
    assert laser.ask("SDC 100") == "SDC: 100.0"
    laser.wait(1)
    assert laser.ask("ROP") == "ROP: 46.6"
    laser.ask("EMOFF")
    laser.ask("EMON")
    laser.wait(1)
    assert laser.ask("ROP") == "ROP: 100.0"


def test_power_is_averaged_over_the_window(lab):
    """ROP is the mean over the window: half of it with light reads half."""
    laser = emitting(lab, noise_percent="0", max_power_w="100", threshold_percent="0")
    laser.ask("SFWS 4")
    laser.wait(2)
    assert laser.ask("ROP") == "ROP: 25.0"
    laser.ask("SFWS 1")
    assert laser.ask("ROP") == "ROP: 50.0"
    laser.ask("SFWS 4")
    laser.wait(50)
    assert laser.ask("ROP") == "ROP: 50.0"


def test_noise_is_small_and_repeats_with_its_seed(lab):
    """Readings differ a little, stay within three sigma, and are the same for the same seed."""

    def readings(seed):
        laser = lab(values={"startup_s": "0", "diode_current_percent": "100"}, seed=seed)
        laser.ask("EMON")
        laser.wait(2)
        return [laser.ask("ROP") for _ in range(200)]

    first = readings(1)
    assert first == readings(1)
    assert first != readings(2)
    powers = [float(text.removeprefix("ROP: ")) for text in first]
    assert max(powers) - min(powers) > 1.0
    assert all(198.8 <= power <= 201.2 for power in powers)


def test_analog_control_drives_the_current(lab):
    """With analog control the input drives, not the set-point; below the minimum nothing."""
    laser = emitting(lab, analog_control="enabled", analog_input_percent="0")
    assert not laser.lit
    laser.set(analog_input_percent="80")
    assert laser.lit
    assert [laser.ask("RDC"), laser.ask("RCS")] == ["RDC: 8.0", "RCS: 50.0"]
    laser.set(analog_input_percent="9.9")
    assert not laser.lit


def test_over_temperature_trips_at_55_and_clears_at_53(lab):
    """The trip takes the light at its exact time; it clears 2 C lower by itself, without light."""
    laser = emitting(
        lab, ambient_c="30", temperature_c="54", thermal_rise_c="100", thermal_time_constant_s="10"
    )
    due_ns = laser.sim.next_event_ns()
    laser.wait(60)
    assert laser.when("light_off") == (due_ns - laser.begin_ns) / 1e9
    assert laser.status == set()
    assert laser.lights() == ["enabled", "light_on", "light_off", "disabled"]
    laser.set(temperature_c="55")
    assert laser.status == {1}
    assert laser.ask("EMON").startswith("ERR")
    cool_ns = laser.sim.next_event_ns()
    laser.now_ns = cool_ns - 1
    assert laser.ask("ABN") == "ABN"
    assert laser.status == {1, 8}
    laser.ask("ABF")
    laser.now_ns = cool_ns
    assert laser.status == set()
    assert laser.ask("RCT") == "RCT: 53.0"


def test_a_fault_that_only_pauses_gives_the_light_back(lab):
    """The wicked variant: emission stays on through the fault and light returns by itself."""
    laser = emitting(lab, fault_action="pauses")
    laser.set(temperature_c="55")
    assert laser.status == {1, 2}
    assert not laser.lit
    laser.wait(60)
    assert laser.lit


@pytest.mark.parametrize(
    ("knob", "bad", "good", "bit"),
    [
        ("back_reflection", "on", "off", 3),
        ("modules", "disconnected", "ok", 6),
        ("modules", "failed", "ok", 7),
        ("modules", "disabled", "ok", 29),
        ("unexpected_emission", "on", "off", 17),
    ],
)
def test_latched_faults(lab, knob, bad, good, bit):
    """A latched fault ends emission, outlives its cause, and goes by RERR after it."""
    laser = emitting(lab)
    laser.set(**{knob: bad})
    assert laser.status == {bit}
    assert laser.lights()[-1] == "disabled"
    assert laser.ask("RERR") == "RERR"
    assert laser.status == {bit}
    laser.set(**{knob: good})
    assert laser.status == {bit}
    assert laser.ask("EMON").startswith("ERR")
    assert laser.ask("RERR") == "RERR"
    assert laser.status == set()
    assert not laser.lit


def test_errors_that_cannot_be_reset(lab):
    """Where errors are not resettable, neither RERR nor CLEAR on the panel clears them."""
    laser = lab(values={"resettable": "no", "back_reflection": "on"})
    laser.set(back_reflection="off", clear="pressed")
    laser.ask("RERR")
    assert laser.status == {3}
    laser.set(resettable="yes")
    assert laser.status == {3}
    laser.set(clear="pressed")
    assert laser.status == set()


@pytest.mark.parametrize(
    ("knob", "bad", "good", "bit"),
    [("optical_interlock", "failed", "ok", 10), ("collimator", "disconnected", "connected", 30)],
)
def test_fibre_interlocks_follow_their_cause(lab, knob, bad, good, bit):
    """A fibre interlock ends emission and its bit goes with its cause; light stays off."""
    laser = emitting(lab)
    laser.set(**{knob: bad})
    assert laser.status == {bit}
    laser.set(**{knob: good})
    assert laser.status == set()
    assert not laser.lit


def test_unexpected_emission_is_light_that_nobody_commanded(lab):
    """Light without emission, shown in bit 17 and in ROP; only the supply takes it away."""
    laser = lab(setup="light_by_itself")
    assert laser.lit
    laser.wait(1)
    assert laser.status == {17}
    assert laser.ask("EMOFF") == "EMOFF"
    assert laser.lit
    assert float(laser.ask("ROP").removeprefix("ROP: ")) == pytest.approx(12, rel=0.01)
    laser.set(interlock_1="open")
    assert not laser.lit


def test_reserved_bits_may_read_anything(lab):
    """All reserved bits set change nothing else; other bits cannot be named as reserved."""
    laser = lab(setup="noisy_status")
    assert laser.ask("STA") == f"STA: {RESERVED['ylr-sm']}"
    with pytest.raises(ConfigError, match="not reserved"):
        laser.set(reserved_bits="4")
    with pytest.raises(ConfigError, match="not reserved"):
        lab(values={"reserved_bits": "0x4"})


def test_hardware_enable_is_only_shown(lab):
    """Bit 14 follows its line."""
    assert lab(values={"laser_enable": "on"}).status == {14}


@pytest.mark.parametrize(
    ("setup", "bits"),
    [
        ("door_open", {11}),
        ("needs_start", {11}),
        ("left_emitting", {2}),
        ("held_trigger", {12}),
        ("mirror_in_the_way", {3}),
        ("dead_module", {7}),
        ("hot_room", {1}),
    ],
)
def test_named_set_ups(lab, setup, bits):
    """A named broken set-up shows what it promises within half a minute."""
    laser = lab(setup=setup)
    laser.wait(30)
    assert laser.status == bits


def test_inputs_are_the_settables_and_frozen_against_typos(lab):
    """Each settable has its field; neither laser, inputs nor heat take a name that they lack."""
    assert [each.name for each in dataclasses.fields(Inputs)] == [
        each.name for each in SIMULATOR.settables
    ]
    laser = lab().sim._device._laser
    for thing in (laser, laser.inputs, laser.heat, laser.meter):
        with pytest.raises(AttributeError):
            thing.interlok = "open"


def test_heat_is_the_same_in_one_step_or_many():
    """The temperature does not depend on how often one looks."""
    once, often = (Heat(20.0, 80.0, 30.0, 0) for _ in range(2))
    once.advance(45_000_000_000)
    for step in range(1, 1001):
        often.advance(step * 45_000_000)
    assert often.celsius == pytest.approx(once.celsius, abs=1e-9)
    assert once.reaches_ns(90) is None
    assert once.reaches_ns(20) is None


def test_a_temperature_next_to_the_target_is_reached_late():
    """However near to the target, the time is a number; the target itself is never reached."""
    heat = Heat(20.0, 0.0, 30.0, 0)
    assert heat.reaches_ns(1e-320) == pytest.approx(30e9 * 739.8, rel=1e-3)
    assert heat.reaches_ns(0.0) is None
