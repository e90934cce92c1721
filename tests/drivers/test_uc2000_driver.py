"""What the verbs mean to a UC-2000: dialogues with a small model of it, in virtual time."""

from __future__ import annotations

import dataclasses

import pytest

from devicelink.driver import ControlShown, DeviceState, Evidence, Reading, Shown, Trigger
from devicelink.errors import ConfigError, DeviceFault, NoReply, ProtocolError, Stopped
from devicelink.link.link import Link
from devicelink.link.transcript import NoTranscript
from devicelink.registry import declared
from devicelink_uc2000 import Uc2000
from tests.drivers.dialogues import token
from tests.drivers.uc2000_model import Habits, Unit

ASKED = {"power_percent": "20"}
PREPARED = "7e|5b7689|5b7f0080|5b31ce|5b7b84|5b7c83|5b708f|5b7f2858|7e"


def linked(unit, driver=None):
    """A link to this unit."""
    return Link(unit, (driver or Uc2000({})).wire, unit.clock, NoTranscript())


def said(unit):
    """What the host sent, in hex, one frame after the other, but for what ends another's half."""
    frames = [data.hex() for data in unit.heard]
    return "|".join(frames[1:] if frames[:1] == ["0000"] else frames)


def status(s1, s2=0x32, pwm=0):
    """What the driver makes of these status bytes."""
    return Uc2000({}).read_status(linked(Unit(s1=s1, s2=s2, pwm=pwm)))


@pytest.mark.parametrize("form", ["none", "data", "all"])
def test_a_session_verb_by_verb(form):
    """Identify, prepare, ready, standby, lock: the frames that leave, and what is read back."""
    unit, driver = Unit(Habits(status_checksum=form)), Uc2000({})
    link = linked(unit, driver)
    identity = driver.identify(link)
    unit.heard.clear()
    driver.prepare(link, ASKED)
    assert said(unit) == PREPARED
    unit.heard.clear()
    effective = driver.read_effective(link, ASKED)
    driver.unlock(link, token())
    standby = driver.read_status(link)
    assert driver.ready(link, token())
    ready = driver.read_status(link)
    driver.standby(link)
    for way in driver.declaration.lock_ways:
        driver.reduce(link, way)
    locked = driver.read_lock(link)
    assert said(unit) == "7e|7e|5b758a|7e|5b7689|5b7689|5b7f0080|5b7b84|7e"
    assert identity.details == {"status_checksum": form}
    assert (identity.serial, identity.model, identity.firmware) == (None, None, "3")
    assert effective.settings == ASKED
    assert effective.trigger is Trigger.HARDWARE
    assert effective.glimpse.state is DeviceState.STANDBY
    assert (standby.state, ready.state) == (DeviceState.STANDBY, DeviceState.READY)
    assert ready.words["7E"].startswith("AA 98 32 28 00")
    assert locked.confirmed
    assert locked.evidence is Evidence.COMMANDED
    assert locked.words["7E"].startswith("AA 88 32 00 00")


def test_without_checksums():
    """A unit whose panel says so is spoken to without; what locks it keeps its checksum."""
    unit, driver = Unit(Habits(checksum=False)), Uc2000({"checksum": "off", "loop": "closed"})
    link = linked(unit, driver)
    driver.prepare(link, ASKED)
    assert said(unit) == "7e|5b76|5b7f00|5b31|5b7b|5b7c|5b73|5b7f28|7e"
    unit.heard.clear()
    driver.ready(link, token())
    driver.standby(link)
    driver.reduce(link, driver.declaration.lock_ways[0])
    assert said(unit) == "5b75|5b76|5b7689"
    assert driver.read_effective(link, ASKED).configuration["mode"] == "3"


@pytest.mark.parametrize(
    ("checksum", "asked", "set_to"),
    [
        ("on", "63", "63"),
        ("off", "63", "62.5"),
        ("off", "62.5", "62.5"),
        ("on", "20.3", "20"),
        ("on", "20.5", "20.5"),
        ("on", "95", "95"),
        ("on", "99", "95"),
        ("on", "0", "0"),
        ("on", "1", "1"),
        ("off", "45.5", "45.5"),
    ],
)
def test_power_is_never_above_what_was_asked(checksum, asked, set_to):
    """What the wire cannot say is set lower, and read back as it is, so that it is refused."""
    unit = Unit(Habits(checksum=checksum == "on"))
    driver = Uc2000({"checksum": checksum})
    link = linked(unit, driver)
    driver.prepare(link, {"power_percent": asked})
    assert driver.read_effective(link, {}).settings == {"power_percent": set_to}
    assert not unit.lase_on


def test_power_is_the_last_thing_set():
    """At every moment before the last order power is 0 %, and it never lases."""
    seen = []

    class Watched(Unit):
        def write(self, data):
            super().write(data)
            seen.append((data.hex(), self.pwm, self.lase_on))

    unit = Watched(pwm=180)
    Uc2000({}).prepare(linked(unit), ASKED)
    after = seen[[frame for frame, _, _ in seen].index("5b7f0080") :]
    assert [pwm for _, pwm, _ in after] == [0] * (len(after) - 2) + [40, 40]
    assert not any(lase_on for _, _, lase_on in seen)


@pytest.mark.parametrize(
    ("s1", "why"),
    [(0xB8, "told to lase"), (0x98, "told to lase"), (0xA0, "not under remote control")],
)
def test_settings_are_left_alone(s1, why):
    """While it lases, or is not under this host's control, nothing but the question leaves."""
    unit = Unit(s1=s1)
    with pytest.raises(DeviceFault, match=why):
        Uc2000({}).prepare(linked(unit), ASKED)
    assert said(unit) == "7e"


@pytest.mark.parametrize(
    ("s1", "s2", "why"),
    [
        (0xA8, 0x32, "its gate is pulled up"),
        (0x88, 0x33, "it would lase at power-up"),
        (0x8A, 0x32, r"its mode is ANV \(0-10 V\), not manual"),
        (0x8B, 0x32, "its mode is manual closed loop, not manual"),
        (0x8D, 0x32, r"its mode is none that is known \(5\), not manual"),
        (0x98, 0x32, "it is told to lase"),
        (0x80, 0x32, "it is not under remote control"),
    ],
)
def test_an_acknowledgement_proves_nothing(s1, s2, why):
    """A unit that acknowledges everything and does nothing is not prepared."""

    class Pretends(Unit):
        def _obey(self, command, data=0):
            self.s1, self.s2 = s1, s2
            return True

    with pytest.raises(DeviceFault, match=why):
        Uc2000({}).prepare(linked(Pretends()), ASKED)


def test_a_refusal_is_told_in_words():
    """NAK to a setting is the controller's refusal, with what to look at."""
    unit = Unit()
    unit.deaf_to = {0x7B}
    with pytest.raises(DeviceFault, match=r"refused to pull its gate down\. Choose REMOTE"):
        Uc2000({}).prepare(linked(unit), ASKED)
    assert said(unit).endswith("5b7b84")


def test_a_missing_checksum_is_refused_after_a_second_and_heard():
    """Registered without checksums, a unit that wants them refuses; nothing more is set."""
    unit, driver = Unit(), Uc2000({"checksum": "off"})
    with pytest.raises(DeviceFault, match=r"shows CHECKSUM \(ON\).*--set checksum=on"):
        driver.prepare(linked(unit, driver), ASKED)
    assert said(unit) == "7e|5b76"
    assert unit.clock.ns >= 1_000_000_000


def test_silence_is_told_in_words():
    """No reply within 0.2 s to what enables: the frame is not repeated, and named in words."""

    class Dead(Unit):
        def _end(self, reply):
            self.half = b""

    unit = Dead()
    with pytest.raises(NoReply, match=r"did not answer within 0\.2 s when it was told to switch"):
        Uc2000({}).ready(linked(unit), token())
    assert said(unit) == "5b758a"


@pytest.mark.parametrize(
    ("s1", "pwm", "state", "wild"),
    [
        (0x88, 40, DeviceState.STANDBY, False),
        (0xA8, 40, DeviceState.STANDBY, False),
        (0x8A, 40, DeviceState.STANDBY, False),
        (0x98, 0, DeviceState.READY, False),
        (0x98, 40, DeviceState.READY, False),
        (0x9B, 40, DeviceState.READY, False),
        (0xB8, 40, DeviceState.UNKNOWN, True),
        (0x99, 40, DeviceState.UNKNOWN, True),
        (0x9C, 40, DeviceState.UNKNOWN, True),
        (0x9D, 40, DeviceState.UNKNOWN, True),
    ],
)
def test_the_state_is_what_was_commanded(s1, pwm, state, wild):
    """Lasing on is READY; without the gate's hand or foot, or in other modes, it is not ours."""
    told = status(s1, pwm=pwm)
    assert (told.state, told.unexpected_emission) == (state, wild)
    assert told.evidence is Evidence.COMMANDED
    assert told.state.can_make_light is bool(s1 & 0x10)


def test_nothing_is_invented():
    """Interlock, key, control, output, counter, watts: each has its reason, and none a number."""
    told = status(0x98, pwm=40)
    assert {told.interlock_closed, told.key_on, told.control_pressed, told.output_seen} == {
        Shown.NOT_REPORTED
    }
    assert (told.counter, told.faults, told.reset_required) == (None, (), False)
    assert told.measured == {"output_power_w": Reading(None, "not_reported")}
    made = Uc2000.declaration
    assert {"identity", "counter", "control", "interlock", "key", "output"} <= set(made.not_shown)
    assert (made.control_shown, made.tells_identity) == (ControlShown.NO, False)
    assert made.evidence_locked is Evidence.COMMANDED


def test_local_control_is_a_fault():
    """A controller that its panel holds is not this host's: nothing begins, and it ends light."""
    assert status(0x80).faults == ("not_under_remote_control",)
    assert status(0x90).faults == ("not_under_remote_control",)


@pytest.mark.parametrize(
    ("s1", "pwm", "why"),
    [
        (0x98, 0, "told to lase"),
        (0x88, 1, "power is not 0 %"),
        (0xA8, 0, "gate is pulled up"),
        (0x80, 0, "not under remote control"),
        (0xB8, 40, "told to lase, the controller's power is not 0 %, its gate"),
    ],
)
def test_not_locked_is_said_with_its_reason(s1, pwm, why):
    """Only lasing off, 0 %, gate down and under remote control is locked."""
    reading = Uc2000({}).read_lock(linked(Unit(s1=s1, pwm=pwm)))
    assert not reading.confirmed
    assert why in reading.why_not
    assert Uc2000({}).read_lock(linked(Unit(s1=0x88))).confirmed


def test_a_pulled_up_gate_is_a_host_trigger():
    """With the gate pulled up READY is light without hand or foot, and another configuration."""
    driver = Uc2000({})
    up = driver.read_effective(linked(Unit(s1=0xA8, pwm=40)), ASKED)
    down = driver.read_effective(linked(Unit(s1=0x88, pwm=40)), ASKED)
    assert (up.trigger, down.trigger) == (Trigger.HOST, Trigger.HARDWARE)
    assert up.settings_id != down.settings_id
    assert driver.implied_trigger(ASKED) is Trigger.HARDWARE


def test_lasing_alone_changes_no_settings():
    """The settings' hash is the same in STANDBY and READY."""
    driver = Uc2000({})
    both = [driver.read_effective(linked(Unit(s1=s1, pwm=40)), ASKED) for s1 in (0x88, 0x98)]
    assert both[0].settings_id == both[1].settings_id


def test_the_form_of_a_status_is_found_anew_at_each_identification():
    """What was found out of one unit is forgotten when the next is identified."""
    driver = Uc2000({})
    for form in ("data", "none", "all"):
        unit = Unit(Habits(status_checksum=form))
        assert driver.identify(linked(unit, driver)).details["status_checksum"] == form
        assert driver.wire.form == form


def test_a_stop_while_it_is_identified_is_a_stop():
    """A stop ends the wait for the checksum of the second status: its cable is not blamed."""

    class Stops(Unit):
        """The sixth byte of the second status comes after the stop that its wait is cut by."""

        def __init__(self, stop):
            super().__init__(Habits(status_checksum="data"))
            self.stop = stop

        def read(self, within_s, until=None):
            heard = super().read(within_s, until)
            if len(self.heard) < 2 or not heard or self.stop.is_set():
                return heard
            self.stop.set()
            return heard[:5]

    driver, stop = Uc2000({}), Latch()
    unit = Stops(stop)
    link = Link(unit, driver.wire, unit.clock, NoTranscript(), stop)
    with pytest.raises(Stopped):
        driver.identify(link)
    assert driver.wire.form is None


class Latch:
    """A stop."""

    def __init__(self):
        self._set = False

    def is_set(self):
        """Whether it came."""
        return self._set

    def set(self):
        """It comes."""
        self._set = True


def test_two_forms_of_one_status_are_not_believed():
    """A checksum that is there once and missing once is a broken line."""

    class Forgetful(Unit):
        def status(self):
            self.habits = dataclasses.replace(
                self.habits,
                status_checksum="data" if self.habits.status_checksum == "none" else "none",
            )
            return super().status()

    driver = Uc2000({})
    with pytest.raises(ProtocolError, match="once without"):
        driver.identify(linked(Forgetful(), driver))
    assert driver.wire.form is None


@pytest.mark.parametrize(
    ("configuration", "why"),
    [
        ({"checksum": "maybe"}, "checksum of a uc2000 is on or off, not 'maybe'"),
        ({"loop": "half"}, "loop of a uc2000 is open or closed, not 'half'"),
        ({"baudrate": "1"}, "knows no baudrate"),
    ],
)
def test_an_unusable_configuration(configuration, why):
    """An unknown key or word is refused with the words that there are."""
    with pytest.raises(ConfigError, match=why):
        declared("uc2000", configuration)


def test_clearing_a_fault_is_refused():
    """There is nothing to clear on this wire, and nothing is sent."""
    unit = Unit()
    with pytest.raises(DeviceFault, match="Nothing can be cleared"):
        Uc2000({}).clear_fault(linked(unit))
    assert unit.heard == []
