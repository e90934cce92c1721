"""Sessions on consoles that speak OLCP: a permit, a hand at READY, a foot, reports that add up."""

from __future__ import annotations

import signal

import pytest

from tests.clinic import guard_pids, here, wait
from tests.session.other_lasers import OtherClinic

SETTINGS = {
    "co2-fractional": (
        "OL-2101",
        "energy_mj = 20\ndensity_spots_cm2 = 100\npattern_size_mm = 5\nrate_hz = 2\n",
    ),
    "er-yag": ("OL-2201", "energy_mj = 500\n"),
    "nonablative": ("OL-2301", "energy_mj = 20\nwavelength_nm = 1927\n"),
}
EDGES = ("enabled", "light_on", "light_off", "disabled")


@pytest.fixture
def console(tmp_path, template, capsys):
    """Makes a clinic with a console that knows the station's key for permits."""
    made = []

    def make(*options, personality="co2-fractional"):
        serial, settings = SETTINGS[personality]
        clinic = OtherClinic(
            tmp_path / f"console{len(made)}",
            template,
            driver="olcp",
            serial=serial,
            settings=f"[settings]\n{settings}",
            options=("--set", f"personality={personality}", *options),
        )
        made.append(clinic)
        capsys.readouterr()
        _, key = clinic.ask("station", "permit-key")
        clinic.laser.set(f"permit_key_1={key['public_key']}")
        return clinic

    yield make
    for clinic in made:
        clinic.laser.close()


def unlocked(clinic, *more):
    """A session that has asked for READY, and waits for a hand at the console."""
    session = clinic.start("--json", "--for", "20", *more)
    wait(lambda: clinic.entries("ready.intended") or session.poll() is not None)
    assert session.poll() is None, session.communicate()
    return session


def press_ready(clinic, session):
    """Again and again, as one does, until the console takes it and is READY."""

    def ready():
        clinic.laser.set("ready_key=press")
        return clinic.laser.is_now("enabled") or session.poll() is not None

    wait(ready)


def in_ready(clinic, *more):
    """The same, with READY pressed."""
    session = unlocked(clinic, *more)
    press_ready(clinic, session)
    clinic.laser.wait_for("enabled", session)
    wait(lambda: clinic.entries("ready.confirmed"))
    return session


def tread(clinic):
    """Step on the footswitch, and wait for the first pulse; some last less than a look takes."""
    clinic.laser.set("footswitch=pressed")
    wait(lambda: clinic.happened("light_on"))


@pytest.mark.parametrize("personality", SETTINGS)
def test_a_session_with_light_adds_up(console, personality):
    """Every pulse that the console counted stands in a report of this session."""
    clinic = console(personality=personality)
    session = in_ready(clinic, "--for", "2")
    assert clinic.happened("light_on") == []
    tread(clinic)
    code, ran = clinic.ended(session)
    assert (code, ran["end"]["code"], ran["confirmed_locked"]) == (0, "planned_time", True), ran
    (counter,) = clinic.entries("counter.reconciled")
    assert counter.data["recorded"] > 0
    assert counter.data["unexplained"] == 0, counter.data
    reports = clinic.entries("scan.recorded") + clinic.entries("pulses.recorded")
    energy = reports[0].data["energy_mj"]
    assert None not in (energy["requested"], energy["effective"], energy["measured"])
    (locked,) = clinic.entries("lock.confirmed")
    assert locked.data["evidence"] == "sensed"


def test_without_its_key_the_console_unlocks_for_nobody(console):
    """A station that it does not know is refused, in words that say what to do."""
    clinic = console()
    clinic.laser.set("permit_key_1=")
    code, ran = clinic.session("--for", "0.3")
    assert (code, ran["end"]["code"], ran["confirmed_locked"]) == (1, "declined", True), ran
    assert "key" in ran["end"]["sentence"]
    assert not clinic.entries("ready.intended")
    assert not clinic.entries("fault.latched")
    assert clinic.happened(*EDGES) == []


def test_a_used_up_tip_holds_no_laser(console):
    """Who put another one on goes on: no administrator has to lift anything."""
    clinic = console("--set", "tip_uses_left=0")
    code, ran = clinic.session("--for", "0.3")
    assert (code, ran["end"]["code"], ran["confirmed_locked"]) == (1, "declined", True), ran
    assert "the tip is used up" in ran["end"]["sentence"]
    assert clinic.ask("device", "list")[1][0]["holds"] == []


def test_the_ready_key_does_nothing_before_ready_is_recorded(console):
    """Pressed in STANDBY, without a lease: no READY, and no harm."""
    clinic = console()
    session = clinic.start("--json", "--for", "0.2")
    wait(lambda: clinic.entries("unlock.intended") or session.poll() is not None)
    press_ready(clinic, session)
    code, ran = clinic.ended(session)
    assert (code, ran["end"]["code"]) == (0, "planned_time"), ran
    intended = clinic.entries("ready.intended")[0].mono_ns
    enabled = [each["mono_ns"] for each in clinic.laser.truth() if each["event"] == "enabled"]
    assert all(at_ns > intended for at_ns in enabled)


def test_a_killed_station_is_dark_at_once(console):
    """The guard says LOCK; the console would end its lease by itself as well."""
    clinic = console()
    session = in_ready(clinic)
    tread(clinic)
    session.send_signal(signal.SIGKILL)
    session.communicate(timeout=60)
    wait(lambda: not clinic.laser.is_now("enabled") and not clinic.laser.is_now("light_on"))
    here("lock", clinic.serial, "--data", clinic.station)
    assert clinic.entries("session.interrupted")


def test_settings_turned_at_the_panel_end_ready(console):
    """What was judged is not what is in force: no beat is taken, and the session goes back."""
    clinic = console()
    session = in_ready(clinic, "--for", "3")
    clinic.laser.set("panel_energy_uj=25000")
    wait(lambda: not clinic.laser.is_now("enabled"))
    session.communicate(timeout=60)
    assert clinic.happened("light_on") == []


def test_pulses_made_in_service_are_told_by_the_next_session(console):
    """One pulse outside any session: the next says so, and records the console's own event."""
    clinic = console()
    code, _ = clinic.ended(in_ready(clinic, "--for", "0.2"))
    assert code == 0
    for turn in ("service=on", "service_pulses=1", "service=off"):
        clinic.laser.set(turn)
    session = in_ready(clinic, "--for", "0.2")
    code, ran = clinic.ended(session)
    assert code == 0, ran
    assert "counter_unexplained" in {each["code"] for each in ran["verdict"]["findings"]}
    told = [each.data for each in clinic.entries("counter.reconciled") if "of" in each.data]
    assert [each["unexplained"] for each in told] == [1]
    events = [
        event["event"]
        for each in clinic.entries("device.events_recorded")
        for event in each.data["events"]
    ]
    assert "service_pulses" in events


def test_a_console_in_service_is_not_said_to_have_been_lit(console):
    """Nobody knows what it does: said to be not confirmed locked, with what it is."""
    clinic = console()
    clinic.laser.set("service=on")
    words = ("session", "check", clinic.serial, "--technician", "t-ines", "--kind=service")
    checked = clinic.run(*words)
    assert checked.returncode == 3
    assert "somebody services the laser" in checked.stderr
    assert "emitting" not in checked.stderr
    clinic.laser.set("service=off")
    wait(lambda: not guard_pids(clinic.station))


def test_an_interlock_in_ready_ends_the_session(console):
    """The console goes to STANDBY and wants its reset; the session locks."""
    clinic = console()
    session = in_ready(clinic)
    tread(clinic)
    clinic.laser.set("interlock_1=open")
    code, ran = clinic.ended(session)
    assert (code, ran["end"]["code"], ran["confirmed_locked"]) == (1, "interlock", True), ran
    (counter,) = clinic.entries("counter.reconciled")
    assert counter.data["unexplained"] == 0, counter.data
    assert clinic.entries("scan.recorded")[-1].data["outcome"] == "aborted"


def test_a_counter_that_goes_back_in_a_session_holds_the_laser(console):
    """It ends locked and says so; no later session begins before somebody has looked."""
    clinic = console()
    session = in_ready(clinic, "--for", "1")
    clinic.laser.set("fault=counter_lost")
    _, ran = clinic.ended(session)
    assert ran["confirmed_locked"]
    (counter,) = clinic.entries("counter.reconciled")
    assert (counter.data["unexplained"], counter.data["why"]) == (None, "went_backwards")
    assert "counter_backwards" in {each.data["code"] for each in clinic.entries("device.held")}
    code, ran = clinic.session("--for", "0.2")
    assert code == 1
    assert "held_counter_backwards" in {each["code"] for each in ran["verdict"]["findings"]}


def test_a_counter_that_went_back_holds_the_laser(console):
    """Nobody knows any more what it did: the next session is refused, and so is every later one."""
    clinic = console()
    code, _ = clinic.ended(in_ready(clinic, "--for", "0.2"))
    assert code == 0
    clinic.laser.set("fault=counter_lost")
    for _ in range(2):
        code, ran = clinic.session("--for", "0.2")
        refused = {each["code"] for each in ran["verdict"]["findings"]}
        assert (code, ran["end"]["code"]) == (1, "refused")
        assert "held_counter_backwards" in refused
    assert len(clinic.entries("unlock.intended")) == 1


@pytest.mark.parametrize("nonce", ["frozen", "fresh"])
def test_a_status_that_stands_still_is_never_called_locked(console, nonce):
    """Told while it was LOCKED, it would say so for ever: its clock shows that it is old."""
    clinic = console()
    assert clinic.run("lock", clinic.serial).returncode == 0
    clinic.laser.set(f"fault=frozen_status:nonce={nonce}@for=6")
    locked = clinic.run("lock", clinic.serial)
    assert locked.returncode == 3, locked
    assert "does not show that its status is new" in locked.stdout + locked.stderr
    wait(lambda: clinic.run("lock", clinic.serial).returncode == 0)
