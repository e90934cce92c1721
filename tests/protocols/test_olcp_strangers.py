"""Strangers, who had OLCP's page alone, on the other end of the simulator and the driver."""

from __future__ import annotations

import json

import pytest

from tests.protocols import stranger_wire as wire
from tests.protocols.stranger_bench import (
    SERIAL,
    SimulatedConsole,
    StrangerClinic,
    StrangerLaser,
    attended,
)
from tests.protocols.stranger_permit import Ed25519PrivateKey, public_bytes

SEED = "08" * 32
SETUPS = {
    "healthy": (),
    "panel": ("--setup", "panel_only"),
    "short lease": ("--setup", "short_lease"),
    "no energy": ("--set", "energy_sensor=missing"),
    "single pulses": ("--set", "personality=er-yag"),
    "roller": ("--set", "personality=nonablative"),
}
REFUSED = {
    "door_open": "PERMIT: interlock_open in state 2",
    "no_tip": "PERMIT: no_tip in state 2",
    "emergency_stop": "not LOCKED: state 7, faults 00000001",
    "refuses_lock": None,
    "shutter_stuck": None,
}


@pytest.fixture
def simulated(tmp_path):
    """The project's simulated consoles, on demand."""
    made = []

    def make(*options):
        made.append(SimulatedConsole(tmp_path, SEED, *options))
        return made[-1]

    yield make
    for laser in made:
        laser.close()


@pytest.fixture
def keyed(tmp_path):
    """Our console, with our host's key in its first slot."""
    laser = StrangerLaser(tmp_path)
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(SEED))
    laser.set(f"permit_key={public_bytes(key).hex()}")
    yield laser
    laser.close()


@pytest.fixture
def stranger(tmp_path, template):
    """A clinic whose laser is our console."""
    clinic = StrangerClinic(tmp_path / "stranger", template)
    yield clinic
    clinic.laser.close()


@pytest.mark.parametrize("options", SETUPS.values(), ids=SETUPS)
def test_our_host_completes_a_session_on_the_simulated_console(simulated, options):
    """Permit, lease, two reports, LOCK read back; the lifetime counter agrees with the reports."""
    laser = simulated(*options)
    *steps, result = attended(laser, str(laser.link), SEED, "--pulses", "2")
    assert result["complete"], (steps, result)
    assert result["locked"]
    assert result["of_this_session"]
    assert result["pulses_counted"] == result["pulses_reported"] > 0
    assert not laser.is_now("light_on")


def checked(laser):
    """An energy check of one pulse by our host: what the console told of it."""
    check = ("--kind", "energy_check", "--pulses", "1")
    *steps, result = attended(laser, str(laser.link), SEED, *check)
    assert result["complete"], (steps, result)
    assert result["pulses_counted"] == 1
    (ended,) = [each["pulses"] for each in steps if each["step"] == "check ended"]
    return ended


def test_our_host_completes_an_energy_check_on_the_simulated_console(simulated):
    """READY in a check alone; its one pulse, though a scan is set, in the console's own words."""
    [(set_uj, measured_uj)] = checked(simulated())
    assert measured_uj == pytest.approx(set_uj, rel=0.1)


def test_our_host_completes_an_energy_check_on_our_console(keyed):
    """Likewise, both sides from the page alone."""
    assert checked(keyed) == [[10_000, 9_800]]


@pytest.mark.parametrize(("setup", "why"), REFUSED.items(), ids=REFUSED)
def test_our_host_says_what_keeps_it_from_a_session(simulated, setup, why):
    """The console's refusals are the page's; what is not locked is not called so."""
    laser = simulated("--setup", setup)
    *_, result = attended(laser, str(laser.link), SEED, "--pulses", "1", "--seconds", "8")
    assert not result["complete"]
    assert result["locked"] == (setup != "refuses_lock")
    assert why is None or result["why"] == why


def test_our_host_completes_a_session_on_our_console(keyed):
    """Both sides from the page alone, with a scan that is complete and one that STANDBY cuts."""
    *_, result = attended(keyed, str(keyed.link), SEED, "--pulses", "2")
    assert result["complete"], result
    assert result["pulses_counted"] == result["pulses_reported"] > 200


def test_the_driver_makes_a_whole_session_on_our_console(stranger):
    """Identified, set, unlocked, beaten, one scan recorded, locked as sensed, and closed."""
    code, ran = stranger.run_with_a_scan()
    assert (code, ran["end"]["code"], ran["confirmed_locked"]) == (0, "planned_time", True)
    (identified,) = stranger.entries("device.identified")
    assert identified.data["details"]["maker"] == "Stranger"
    (effective,) = stranger.entries("settings.effective")
    assert effective.data["settings"]["energy_mj"] == "20.000"
    (scan,) = stranger.entries("scan.recorded")
    assert (scan.data["outcome"], scan.data["spots_delivered"]) == ("complete", 200)
    assert scan.data["energy_mj"]["measured"]["mean"] == "20.000"
    told = [
        each["event"]
        for entry in stranger.entries("device.events_recorded")
        for each in entry.data["events"]
    ]
    assert told == [
        "settings_changed",
        "permit_accepted",
        "arming",
        "ready",
        "permit_ended",
        "locked",
    ]
    (locked,) = stranger.entries("lock.confirmed")
    assert (locked.data["evidence"], locked.data["words"]["state"]) == ("sensed", "LOCKED")
    assert stranger.laser.set("footswitch=pressed") == wire.LOCKED


@pytest.mark.parametrize(
    ("knob", "state", "reason"),
    [
        ("interlock_1=open", wire.STANDBY, "interlock"),
        ("key=off", wire.LOCKED, "key"),
        ("emergency_stop=pressed", wire.FAULT, "emergency_stop"),
        ("tip=none", wire.STANDBY, "handpiece_or_tip"),
    ],
)
def test_the_driver_sees_what_cuts_a_scan_of_our_console(stranger, knob, state, reason):
    """The session ends locked, and the aborted scan is recorded with its reason."""
    code, ran = stranger.struck(knob, state)
    assert (code, ran["confirmed_locked"]) == (1, True)
    (scan,) = stranger.entries("scan.recorded")
    assert (scan.data["outcome"], scan.data["reason"]) == ("aborted", reason)
    assert scan.data["aborted_at"] == scan.data["spots_delivered"] < 200


def test_the_driver_probes_our_console(stranger):
    """It says who it is and that it is locked."""
    done = stranger.run("driver", "probe", "olcp", stranger.laser.link)
    assert SERIAL in done.stdout, json.dumps([done.stdout, done.stderr])
    assert "LOCKED" in done.stdout
