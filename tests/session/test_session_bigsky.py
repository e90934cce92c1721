"""Sessions on a flash-lamp laser: armed in three steps, an outside trigger makes the light."""

from __future__ import annotations

import os
import signal

import pytest

from tests.clinic import here, wait
from tests.session.other_lasers import OtherClinic

SETTINGS = """[settings]
lamp_voltage_v = 1150
repetition_rate_hz = 20.00
qswitch_delay_us = 140
"""
QUICK = ("--set", "q_switch_wait_pulses=10", "--set", "flow_s=0.3")


@pytest.fixture
def flash(tmp_path, template):
    """Makes a clinic with a Big Sky laser that inhibits its Q-switch for half a second."""
    made = []

    def make(*options):
        made.append(
            OtherClinic(
                tmp_path / f"flash{len(made)}",
                template,
                driver="bigsky",
                serial="062",
                settings=SETTINGS,
                options=(*QUICK, *options),
            )
        )
        return made[-1]

    yield make
    for clinic in made:
        clinic.laser.close()


EDGES = ("enabled", "light_on", "light_off", "disabled")


def said(clinic, *words):
    """Of these words, the ones that the laser heard, in order."""
    told = [each["text"] for each in clinic.laser.truth() if each["event"] == "command"]
    return [text for text in told if text.removeprefix("$062") in words]


def in_ready(clinic, *more):
    """A session that has come to READY."""
    session = clinic.start("--json", "--kind", "service", "--for", "20", *more)
    clinic.laser.wait_for("enabled", session)
    wait(lambda: clinic.entries("ready.confirmed"))
    return session


def test_a_session_with_light(flash):
    """READY is lamp, shutter and Q-switch, in this order and once; a trigger makes the light."""
    clinic = flash()
    assert "identity_asserted" not in clinic.findings()
    session = in_ready(clinic, "--for", "2")
    assert clinic.happened("light_on") == []
    clinic.laser.set("trigger_input=on")
    clinic.laser.wait_for("light_on", session)
    code, ran = clinic.ended(session)
    assert (code, ran["end"]["code"], ran["confirmed_locked"]) == (0, "planned_time", True), ran
    assert clinic.happened(*EDGES) == ["enabled", "light_on", "light_off", "disabled"]
    assert said(clinic, "A", "R1", "PQ") == ["$062A", "$062R1", "$062PQ"]
    (effective,) = clinic.entries("settings.effective")
    assert effective.data["trigger"] == "hardware"
    assert effective.data["settings"]["repetition_rate_hz"] == "20.00"
    (identified,) = clinic.entries("device.identified")
    assert identified.data["identity"] == "read"
    (locked,) = clinic.entries("lock.confirmed")
    assert locked.data["words"]["R"] == "shutter closed "
    (counter,) = clinic.entries("counter.reconciled")
    assert (counter.data["unexplained"], counter.data["why"]) == (None, "not_available")


def test_a_session_at_the_speed_of_the_line(flash):
    """Replies as late as 9600 baud and a USB adapter make them: READY is reached and watched."""
    clinic = flash("--set", "reply_latency_s=0.035", "--set", "shutter_s=0.3")
    session = in_ready(clinic, "--for", "3")
    clinic.laser.set("trigger_input=on")
    clinic.laser.wait_for("light_on", session)
    code, ran = clinic.ended(session)
    assert (code, ran["end"]["code"], ran["confirmed_locked"]) == (0, "planned_time", True), ran
    assert not clinic.entries("guard.acted")
    assert not clinic.entries("telemetry.gap")


@pytest.mark.parametrize("latency_s", ["0.06", "0.08", "0.15"])
def test_a_line_too_slow_to_be_watched_is_refused_before_the_lamp(flash, latency_s):
    """One sentence says so; the guard stays quiet, and nothing that enables was sent."""
    clinic = flash("--set", f"reply_latency_s={latency_s}")
    code, ran = clinic.session("--kind", "service", "--for", "1")
    assert (code, ran["end"]["code"], ran["confirmed_locked"]) == (1, "refused", True), ran
    refused = [each["code"] for each in ran["verdict"]["findings"] if each["severity"] == "refuse"]
    assert refused == ["line_too_slow"]
    assert said(clinic, "A", "R1", "PQ") == []
    assert not clinic.entries("guard.acted")


@pytest.mark.parametrize("latency_s", ["0.08", "0.15"])
def test_a_line_that_becomes_too_slow_in_ready_ends_it_locked(flash, latency_s):
    """The session itself locks, and says why; the guard does not act beside it."""
    clinic = flash()
    session = in_ready(clinic)
    clinic.laser.set(f"reply_latency_s={latency_s}")
    code, ran = clinic.ended(session)
    assert (code, ran["end"]["code"], ran["confirmed_locked"]) == (1, "stale_telemetry", True), ran
    assert "it answers late" in ran["end"]["sentence"]
    assert not clinic.entries("guard.acted")


def test_a_stop_on_a_slow_line_is_a_persons_stop(flash):
    """What fell due by time while the stop cut a reading short does not take its place."""
    clinic = flash("--set", "reply_latency_s=0.05", "--set", "q_switch_wait_pulses=100")
    session = clinic.start("--json", "--kind", "service", "--for", "20")
    wait(lambda: said(clinic, "R1"))
    clinic.laser.set("reply_latency_s=0.18")
    asked = len(said(clinic, "QSM"))
    wait(lambda: len(said(clinic, "QSM")) > asked)  # then the last status is older than a second
    session.send_signal(signal.SIGINT)
    code, ran = clinic.ended(session)
    assert (code, ran["end"]["code"], ran["confirmed_locked"]) == (0, "stop", True), ran


def test_another_unit_in_mid_session_ends_it(flash):
    """It answers at the address and tells another serial number: never called locked."""
    clinic = flash("--set", "address=062")
    session = in_ready(clinic)
    clinic.laser.set("serial=063")
    code, ran = clinic.ended(session)
    assert (code, ran["end"]["code"], ran["confirmed_locked"]) == (3, "wrong_device", False), ran
    assert "its serial number is 063" in ran["end"]["sentence"]
    assert clinic.happened(*EDGES) == ["enabled", "disabled"]
    clinic.laser.set("serial=062")
    wait(lambda: clinic.run("lock", clinic.serial).returncode == 0)


def test_a_q_switch_that_pulses_without_its_trigger_ends_ready(flash):
    """Another host set it to its inside trigger: light that nobody asked for, locked at once."""
    clinic = flash()
    session = in_ready(clinic)
    clinic.laser.set("q_switch_mode=0")
    code, ran = clinic.ended(session)
    assert (code, ran["end"]["code"]) == (1, "unexpected_emission"), ran
    assert ran["confirmed_locked"]
    (held,) = clinic.entries("fault.latched")
    assert held.data["code"] == "unexpected_emission"


def test_an_interlock_that_stopped_the_lamp_in_mid_arming_leaves_it_at_that(flash):
    """Opened and closed again between two looks: neither shutter nor Q-switch follows."""
    clinic = flash("--set", "reply_latency_s=0.02", "--set", "q_switch_wait_pulses=40")
    session = clinic.start("--json", "--kind", "service", "--for", "20")
    wait(lambda: said(clinic, "A"))
    clinic.laser.set("lamp=standby")
    wait(lambda: len(said(clinic, "ROF")) > said(clinic, "ROF", "A").index("$062A") + 4)
    assert said(clinic, "A", "R1", "PQ") == ["$062A"]
    session.send_signal(signal.SIGINT)
    code, ran = clinic.ended(session)
    assert (code, ran["confirmed_locked"]) == (0, True)


@pytest.mark.parametrize("option", ["wor_armed_external=6", "pump=off"])
def test_units_that_are_used_like_any_other(flash, option):
    """One that shows its armed Q-switch as started; one whose pump nobody has started yet."""
    clinic = flash("--set", option)
    assert "interlock_open" not in clinic.findings()
    session = in_ready(clinic, "--for", "1")
    code, ran = clinic.ended(session)
    assert (code, ran["end"]["code"], ran["confirmed_locked"]) == (0, "planned_time", True), ran


def test_an_interlock_opened_in_ready_ends_it(flash):
    """The session ends locked; the open interlock refuses the next one, until it is closed."""
    clinic = flash()
    session = in_ready(clinic)
    clinic.laser.set("interlock=open")
    code, ran = clinic.ended(session)
    assert (code, ran["end"]["code"], ran["confirmed_locked"]) == (1, "interlock", True)
    assert clinic.findings()["interlock_open"] == "refuse"
    clinic.laser.set("interlock=closed")
    assert "interlock_open" not in clinic.findings()
    assert clinic.happened(*EDGES) == ["enabled", "disabled"]


@pytest.mark.parametrize("stop_ends", ["lamp", "all"])
def test_the_guard_locks_a_laser_whose_station_is_killed(flash, stop_ends):
    """Killed in light: dark by the guard, and nothing is left armed for the next start."""
    clinic = flash("--set", f"stop_ends={stop_ends}")
    session = in_ready(clinic)
    clinic.laser.set("trigger_input=on")
    clinic.laser.wait_for("light_on", session)
    os.kill(session.pid, signal.SIGKILL)
    session.communicate()
    wait(lambda: not clinic.laser.is_now("light_on") and not clinic.laser.is_now("enabled"))
    done = clinic.run("lock", clinic.serial)
    assert done.returncode == 0, done.stderr
    assert clinic.happened(*EDGES) == ["enabled", "light_on", "light_off", "disabled"]
    assert clinic.entries("lock.confirmed")[-1].data["words"]["R"] == "shutter closed "


def test_a_stop_in_mid_arming_leaves_nothing_of_it(flash):
    """Ctrl-C while the Q-switch is still inhibited: the Q-switch is never started."""
    clinic = flash("--set", "q_switch_wait_pulses=100")
    session = clinic.start("--json", "--kind", "service", "--for", "20")
    wait(lambda: said(clinic, "R1"))
    session.send_signal(signal.SIGINT)
    code, ran = clinic.ended(session)
    assert (code, ran["confirmed_locked"]) == (0, True)
    assert said(clinic, "A", "R1", "PQ") == ["$062A", "$062R1"]
    assert clinic.happened(*EDGES) == []


@pytest.mark.parametrize("setup", ["idle_fire", "enable_fire"])
def test_a_laser_that_fires_by_itself_is_not_used(flash, setup):
    """Intervals of idle or enable fire refuse: nothing is enabled."""
    clinic = flash("--setup", setup)
    code, ran = clinic.session("--kind", "service", "--for", "0.5")
    assert code == 1
    assert ran["end"]["code"] in {"no_answer", "refused"}, ran
    assert said(clinic, "A", "R1", "PQ") == []


def test_auto_run_is_switched_off_before_the_lamp_fires(flash):
    """A laser whose lamp alone would open and pulse is told not to, and READY comes in steps."""
    clinic = flash("--setup", "autorun_trap")
    in_ready(clinic, "--for", "0.3").communicate(timeout=60)
    assert said(clinic, "ROF0", "QOF0", "A") == ["$062ROF0", "$062QOF0", "$062A"]
    assert clinic.happened("light_on") == []


def test_a_laser_left_firing_is_locked_first(flash):
    """Light that this station did not ask for: locked at connect, and a finding."""
    clinic = flash("--setup", "left_firing")
    code, ran = clinic.session("--kind", "service", "--for", "0.3")
    assert code == 1
    assert "emitting_at_connect" in {each["code"] for each in ran["verdict"]["findings"]}
    assert not clinic.laser.is_now("light_on")
    assert said(clinic, "A", "R1", "PQ") == []


def test_a_stop_that_is_refused_is_never_called_locked(flash):
    """`S` answered and ignored: Q-switch and shutter take the light away, and the exit is 3."""
    clinic = flash()
    session = in_ready(clinic, "--for", "2")
    clinic.laser.set("trigger_input=on")
    clinic.laser.wait_for("light_on", session)
    clinic.laser.set("fault=refused_stop")
    session.communicate(timeout=60)
    assert session.returncode == 3
    assert clinic.happened(*EDGES) == ["enabled", "light_on", "light_off", "disabled"]
    assert not clinic.entries("lock.confirmed")
    clinic.laser.set("fault=none")


def test_another_serial_number_is_refused(flash):
    """A laser is addressed by its number, and the one that it tells has to be the registered."""
    clinic = flash()
    assert clinic.opened().device("SIM-062").configuration == {"serial": "062"}
    clinic.add_device(serial="063")
    clinic.serial = "SIM-063"
    assert clinic.findings()["device_not_answering"] == "refuse"
    clinic.add_device("--set", "serial=062", serial="063")
    assert clinic.findings()["wrong_device"] == "refuse"
    code, _ = clinic.session("--kind", "service", "--for", "0.2")
    assert code == 1
    assert said(clinic, "A", "R1", "PQ", "P1") == []
    here(
        *("device", "add", "X9", "--driver", "bigsky", "--port", clinic.laser.link, *clinic.by),
        code=2,
    )
