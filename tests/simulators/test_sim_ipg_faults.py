"""The laser's own faults: it restarts by itself, its status freezes, light comes by itself."""

from __future__ import annotations

import pytest


def test_reboot(lab):
    """Dark at once and deaf for its time; then as after power-on, with the supply on."""
    laser = lab(values={"startup_s": "0"})
    for line in ("EMOD", "SDC 50", "SFWS 2", "EMON"):
        laser.ask(line)
    laser.set(modulation_input="high", fault="reboot:seconds=4@at=1")
    assert laser.sim.next_event_ns() == laser.now_ns + 1_000_000_000
    laser.wait(3)
    assert laser.lights()[-2:] == ["light_off", "disabled"]
    assert laser.when("light_off") == 1.0
    assert [laser.ask("STA"), laser.ask("EMON"), laser.raw(b"SDC 90")] == ["", "", b""]
    laser.wait(2)
    assert laser.when("restarted") == 5.0
    said = [laser.ask(line) for line in ("STA", "RCS", "RFWS", "ROP")]
    assert said == ["STA: 0", "RCS: 0.0", "RFWS: 1.0", "ROP: Off"]
    assert not laser.lit
    struck = [each for each in laser.truth.events if each["event"] == "fault"]
    assert [(each["name"], each["word"]) for each in struck] == [("reboot", "")]


def test_a_command_may_bring_the_restart(lab):
    """The command that strikes and all behind it are lost, and replies that had not left."""
    laser = lab(values={"startup_s": "0"}, faults=["reboot@cmd=EMON"])
    assert laser.raw(b"SDC 50\rEMON\rRNC\rRN") == b""
    assert laser.lights() == []
    laser.wait(5)
    assert laser.raw(b"C\rRNC\r") == b"BCMD\rRNC: 10.0\r"
    assert laser.ask("EMON") == "EMON"


def test_a_restart_swallows_replies_on_their_way(lab):
    """A reply that was due while the laser restarts never comes."""
    laser = lab(values={"reply_latency_s": "0.5"}, faults=["reboot:seconds=2@at=0.2"])
    assert laser.raw(b"RNC\r") == b""
    assert laser.wait(10) == b""


def test_a_restart_clears_errors_whose_cause_is_gone(lab):
    """Latched errors go; one whose cause is still there comes back."""
    laser = lab(values={"resettable": "no", "back_reflection": "on", "modules": "failed"})
    assert laser.status == {3, 7}
    laser.set(back_reflection="off", fault="reboot:seconds=1")
    laser.wait(1)
    assert laser.status == {7}


@pytest.mark.parametrize(("again", "shown"), [("open", {11}), ("closed", set())])
def test_after_a_restart_the_supply_is_as_the_interlocks_say(lab, again, shown):
    """Off while a channel is open, on without START where all are closed."""
    laser = lab(values={"interlock_1": "open"}, faults=["reboot:seconds=1@at=1"])
    laser.set(interlock_1="closed")
    assert laser.status == {11}
    laser.set(interlock_1=again)
    laser.wait(2)
    assert laser.status == shown


def test_nothing_makes_light_during_a_restart(lab):
    """START and the panel are in vain; light by itself waits for the supply."""
    laser = lab(values={"startup_s": "0", "diode_current_percent": "50"})
    laser.set(fault="reboot:seconds=2", supply="on", emission="on", unexpected_emission="on")
    laser.wait(1.999)
    assert laser.lights() == []
    laser.wait(0.001)
    assert laser.lights() == ["light_on"]
    assert laser.when("light_on") == 2.0
    assert laser.status == {17}


def test_clearing_faults_does_not_end_a_restart(lab):
    """A restart that began goes on to its end."""
    laser = lab(faults=["reboot:seconds=2"])
    laser.wait(1)
    laser.set(fault="none")
    assert laser.ask("RNC") == ""
    laser.wait(1)
    assert laser.ask("RNC") == "RNC: 10.0"


def test_frozen_status(lab):
    """The words of the moment stay, whatever the laser does; commands are carried out."""
    laser = lab(values={"startup_s": "0", "diode_current_percent": "50"})
    laser.set(fault="frozen_status@at=1")
    assert laser.ask("EMON") == "EMON"
    laser.wait(5)
    before = [laser.ask(line) for line in ("STA", "RCT")]
    assert before[0] == "STA: 4"
    assert [laser.ask("EMOFF"), laser.ask("SDC 20"), laser.ask("RCS")][1:] == [
        "SDC: 20.0",
        "RCS: 20.0",
    ]
    assert not laser.lit
    laser.wait(60)
    assert [laser.ask(line) for line in ("STA", "RCT")] == before
    assert laser.ask("ROP") not in {"ROP: Off", "ROP: Low"}
    assert laser.ask("sta") == before[0]
    assert laser.ask("STA 1") == "BCMD"
    laser.set(fault="none")
    assert [laser.ask("STA"), laser.ask("ROP")] == ["STA: 0", "ROP: Off"]


def test_status_frozen_by_a_command_is_that_before_it(lab):
    """Frozen as EMON arrives it never shows the emission that EMON began; it may end."""
    laser = lab(
        values={"startup_s": "0", "diode_current_percent": "50"},
        faults=["frozen_status:rcs=yes@cmd=EMON,for=2"],
    )
    assert laser.ask("EMON") == "EMON"
    assert laser.lit
    assert [laser.ask(line) for line in ("STA", "ROP", "SDC 30", "RCS")] == [
        *("STA: 0", "ROP: Off", "SDC: 30.0", "RCS: 50.0")
    ]
    laser.wait(2)
    assert [laser.ask("STA"), laser.ask("RCS")] == ["STA: 4", "RCS: 30.0"]


def test_light_by_itself_at_its_time(lab):
    """Unexpected emission can be planned: light at that time, without emission commanded."""
    laser = lab(at=["1.5:unexpected_emission=on", "2:unexpected_emission=off"])
    laser.wait(3)
    assert laser.lights() == ["light_on", "light_off"]
    assert (laser.when("light_on"), laser.when("light_off")) == (1.5, 2.0)
    assert laser.status == {17}
