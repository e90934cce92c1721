"""Sessions whose laser has a watchdog relay in its interlock circuit, over real ptys.

Judged by the truths of relay and laser, in the time of the machine's monotonic clock.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from itertools import pairwise

import pytest

from devicelink.runtime import ThreadRuntime
from devicelink.session import guard, relaying
from tests.clinic import guard_pids, here, wait
from tests.session.relay_clinic import BOUND_MS, RelayClinic


@pytest.fixture
def relayed(tmp_path, template):
    """Makes such clinics."""
    made = []

    def make(*options, **more):
        made.append(RelayClinic(tmp_path / f"relayed{len(made)}", template, *options, **more))
        return made[-1]

    yield make
    for clinic in made:
        clinic.close()


def findings(clinic, kind):
    """The last verdict of that kind: finding codes to severity, and its facts."""
    verdict = clinic.entries(kind)[-1].data
    return {f["code"]: f["severity"] for f in verdict["findings"]}, verdict["facts"]


def test_a_session_closes_beats_and_opens_it(relayed):
    """Closed after a durable intent only, beaten all along, opened and read back at the end."""
    clinic = relayed()
    code, said = clinic.ended(clinic.start("--for", "2.5"))
    assert code == 0, said
    story = [e["event"] for e in clinic.relay_events("contact_closed", "contact_open")]
    assert story == ["contact_closed", "contact_open"]
    (on,), (off,) = clinic.relay_events("coil_on"), clinic.relay_events("coil_off")
    assert off["cause"] == "ORDER"
    (intent,), (closed,) = clinic.entries("relay.intended"), clinic.entries("relay.closed")
    assert intent.mono_ns < on["mono_ns"] < closed.mono_ns
    assert (closed.data["contact"], closed.data["evidence"]) == ("closed", "sensed")
    (opened,) = clinic.entries("relay.opened")
    assert (opened.data["relay"], opened.data["contact"]) == ("SIM-IR-0042", "open")
    kinds = [entry.type for entry in clinic.entries()]
    assert kinds.index("relay.closed") < kinds.index("settings.requested")
    codes, facts = findings(clinic, "verdict.permitted")
    assert codes["dead_man_relay"] == "warn"
    assert "no_dead_man" not in codes
    assert facts["relay"]["bound_ms"] == BOUND_MS
    assert "opens within 1040 ms" in said
    assert "is open, read back from its contact" in said
    (unlocking,) = clinic.entries("unlock.intended")
    assert "interlock_relay" in unlocking.data["ends"]["hard"]
    here("journal", "verify", clinic.station)


def test_the_laser_is_waited_for_until_somebody_resets_it(relayed):
    """A laser that wants START gets a minute, and the person is told; then it goes on by itself."""
    clinic = relayed(presses_start=False)
    session = clinic.start("--for", "0.5")
    wait(lambda: clinic.relay_is_closed() or session.poll() is not None)
    time.sleep(1.5)
    clinic.set("supply=on")
    code, said = clinic.ended(session)
    assert code == 0, said
    assert "The laser still says: reset required. Close the door, and reset the laser" in said
    assert "The laser says that its interlock is closed" in said


def test_where_nobody_resets_it_the_session_refuses_and_opens_it(relayed, monkeypatch):
    """The verdict says why, and the relay is open again."""
    monkeypatch.setattr(relaying, "RESET_WITHIN_S", 1.3)
    clinic = relayed(presses_start=False)
    here(*clinic.session_words("--for", "1"), code=1)
    codes, facts = findings(clinic, "verdict.refused")
    assert codes["reset_required"] == "refuse"
    assert facts["relay"]["holds"] is True
    assert not clinic.relay_is_closed()
    assert clinic.entries("relay.opened")
    assert not clinic.entries("settings.requested")


def test_a_check_closes_nothing(relayed, capsys):
    """It asks laser and relay, and says that a session would close it."""
    clinic = relayed()
    words = ("session", "check", "SIM-0917", "--technician", "t-ines", "--data", clinic.station)
    here(*words, "--settings", clinic.props / "settings.toml")
    assert "A session closes it first, and it opens within 1040 ms" in capsys.readouterr().out
    codes, _ = findings(clinic, "verdict.checked")
    assert codes["relay_open"] == "warn"
    assert not {"reset_required", "interlock_open", "no_dead_man"} & set(codes)
    assert {e["text"][:5] for e in clinic.relay_events("command")} <= {">ID F", ">ID 0", ">STAT"}


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--set", "program=hangs"), "did not answer"),
        (("--set", "contact=welded"), "contact welded or its mirror wire broken"),
        (("--set", "mirror=broken"), "contact welded or its mirror wire broken"),
        (("--set", "serial=IR-0041"), "says that it is SIM-IR-0041"),
    ],
    ids=["silent", "welded", "mirror broken", "another one"],
)
def test_a_relay_that_cannot_be_had_refuses(relayed, options, why):
    """Before anything is set, closed or unlocked; another relay is sent nothing but questions."""
    clinic = relayed(relay=options)
    code, said = clinic.ended(clinic.start("--for", "1"))
    assert code == 1
    assert why in said
    assert findings(clinic, "verdict.refused")[0]["interlock_relay"] == "refuse"
    assert not clinic.relay_events("coil_on")
    assert not clinic.entries("settings.requested")
    if "another" in why or "IR-0041" in why:
        assert all(e["text"][:1] == ">" for e in clinic.relay_events("command"))


def test_a_relay_whose_port_is_gone_refuses(relayed):
    """As an absent laser does."""
    clinic = relayed()
    clinic.relay.close()
    clinic.relay.link.unlink(missing_ok=True)
    code, said = clinic.ended(clinic.start("--for", "1"))
    assert code == 1
    assert "does not exist. Check that the cable is plugged in" in said


def test_a_relay_that_does_not_close_ends_the_session(relayed):
    """Its coil is broken: ordered once, not read back, nothing unlocked; it is latched."""
    clinic = relayed(relay=("--set", "coil=broken"))
    code, said = clinic.ended(clinic.start("--for", "1"))
    assert (code, "does not hold the laser's interlock circuit closed" in said) == (1, True), said
    assert len(clinic.relay_events("coil_on")) == 1
    assert [e.data["code"] for e in clinic.entries("fault.latched")] == ["interlock_relay"]
    assert not clinic.entries("unlock.intended")


def test_a_relay_that_is_not_in_the_circuit_refuses(relayed):
    """It is open, and the laser says closed: such a relay gives nobody a dead-man."""
    clinic = relayed(wired=False)
    clinic.set("interlock_1=closed")
    clinic.set("supply=on")
    code, said = clinic.ended(clinic.start("--for", "1"))
    assert code == 1
    assert "not in this laser's interlock circuit" in said
    assert not clinic.relay_events("coil_on")


@pytest.mark.parametrize(
    "breaks", ["supply=off", "program=hangs", "fault=silence", "contact=welded,supply=off"]
)
def test_a_relay_that_is_lost_in_ready_ends_it_hard(relayed, breaks):
    """Opened, silent or dead: dark at once, locked, read back."""
    clinic = relayed()
    session = clinic.start("--for", "20")
    clinic.wait_for_ready(session)
    began_ns = time.monotonic_ns()
    for pair in breaks.split(","):
        clinic.relay.set(pair)
    code, said = clinic.ended(session)
    assert code == 1, said
    (closed,) = clinic.entries("session.closed")
    assert closed.data["end"]["code"] in {"interlock_relay", "interlock"}, said
    if breaks in {"program=hangs", "fault=silence"}:
        assert closed.data["end"]["code"] == "interlock_relay"
        assert clinic.entries("fault.latched")
    (dark,) = [e["mono_ns"] for e in clinic.laser.truth() if e["event"] == "disabled"]
    assert (dark - began_ns) / 1e6 < BOUND_MS
    assert clinic.entries("lock.confirmed")
    (word,) = clinic.entries("relay.unconfirmed")
    assert word.data["relay"] == "SIM-IR-0042"


def test_one_lost_reply_is_forgiven(relayed):
    """The relay is asked for its challenge, and beaten again."""
    clinic = relayed(relay=("--fault", "drop@cmd=BEAT,nth=3"))
    code, said = clinic.ended(clinic.start("--for", "1.5"))
    assert code == 0, said
    assert clinic.relay_events("fault")
    assert len(clinic.relay_events("coil_off")) == 1


def test_no_wait_of_a_session_lets_a_beat_fall_due(relayed):
    """Settings, verdicts, the guard's start: no two beats are far apart."""
    clinic = relayed()
    code, said = clinic.ended(clinic.start("--for", "1"))
    assert code == 0, said
    beats = [e["mono_ns"] for e in clinic.relay_events("command") if e["text"][1:5] == "BEAT"]
    (on,) = clinic.relay_events("coil_on")
    times = [on["mono_ns"], *beats]
    assert max(after - before for before, after in pairwise(times)) < 0.8e9


def test_a_guard_that_starts_slowly_costs_no_beat():
    """While its first word is waited for, what has to live is called again and again."""
    runtime, calls = ThreadRuntime(), []
    hears, says = runtime.pipe()
    try:
        guard._wait_readable(hears, 0.55, runtime, lambda: calls.append(1))
        assert len(calls) >= 4
    finally:
        runtime.close(hears)
        runtime.close(says)


@pytest.mark.parametrize("deaf", ["dead", "stopped"])
def test_owner_and_guard_gone_the_relay_takes_the_light(relayed, deaf, record_property):
    """Killed or hung, both at once: it opens by itself in time, and the laser is dark by it."""
    clinic = relayed()
    session = clinic.start("--for", "30")
    clinic.until_ready_stands(session)
    clinic.set("modulation_input=high")
    clinic.laser.wait_for("light_on", session)  # and nothing of ours will end it
    ended = signal.SIGKILL if deaf == "dead" else signal.SIGSTOP
    (watching,) = guard_pids(clinic.station)
    os.kill(watching, ended)
    killed_ns = time.monotonic_ns()
    session.send_signal(ended)
    wait(lambda: clinic.relay_events("coil_off"), 5)
    wait(lambda: not clinic.relay_is_closed(), 5)
    clinic.wait_until_dark()
    (off,), (opened,) = clinic.relay_events("coil_off"), clinic.relay_events("contact_open")
    assert off["cause"] == "BEAT"
    took_ms = (opened["mono_ns"] - killed_ns) / 1e6
    record_property("opened_ms", round(took_ms, 1))
    assert took_ms <= BOUND_MS
    beats = [e["mono_ns"] for e in clinic.relay_events("command") if e["text"][1:5] == "BEAT"]
    assert opened["mono_ns"] - beats[-1] <= BOUND_MS * 1e6
    assert not clinic.laser.is_now("light_on")
    for pid in (watching, session.pid):
        os.kill(pid, signal.SIGKILL) if deaf == "stopped" else None
    session.communicate()
    here("lock", "SIM-0917", "--data", clinic.station)
    (interrupted,), (found,) = clinic.entries("session.interrupted"), clinic.entries("relay.opened")
    assert found.session == interrupted.session


@pytest.mark.parametrize("breaks", ["unplug", "silence"])
def test_where_the_laser_cannot_be_locked_the_relay_opens(relayed, breaks):
    """Its cable is pulled, or it is deaf: exit 3, the relay open at once, read back, recorded."""
    clinic = relayed()
    session = clinic.start("--for", "30")
    clinic.wait_for_ready(session)
    time.sleep(0.3)
    clinic.set(f"fault={breaks}")
    code, said = clinic.ended(session)
    assert code == 3, said
    assert "in its interlock circuit is open, read back from its contact" in said
    assert "Look at the laser's emission lamp" in said
    (opened,) = clinic.entries("relay.opened")
    assert opened.data["contact"] == "open"
    (off,) = clinic.relay_events("coil_off")
    assert off["cause"] == "ORDER"  # before anybody knew whether the laser's own orders helped
    (seen,) = clinic.entries("lock.unconfirmed")
    assert off["mono_ns"] <= seen.data["began_mono_ns"] + 20e6
    clinic.wait_until_dark()


def test_a_lock_opens_it_too(relayed):
    """Nobody's session: the laser first, then the relay, told and recorded; also without laser."""
    clinic = relayed()
    done = clinic.run("lock", "SIM-0917")
    assert done.returncode == 0, done
    assert "The relay SIM-IR-0042 in its interlock circuit is open" in done.stdout
    clinic.laser.link.unlink()
    done = clinic.run("lock", "SIM-0917")
    assert done.returncode == 3, done
    assert "The relay SIM-IR-0042 in its interlock circuit is open" in done.stdout + done.stderr
    clinic.relay.set("contact=welded")
    time.sleep(0.2)
    done = clinic.run("lock", "SIM-0917")
    assert "NOT read back open: contact welded" in done.stdout + done.stderr
    assert [e.type for e in clinic.entries() if e.type.startswith("relay.")] == [
        *("relay.opened", "relay.opened", "relay.unconfirmed"),
    ]


def test_binding_and_unbinding(clinic, capsys):
    """Kept when the laser is registered anew, changed by itself, ended by `none`; listed."""
    port = clinic.props / "relay"
    bind = ("device", "add", "0917", "--interlock", "R1", "--interlock-port", port)
    here(*bind, *clinic.by)
    clinic.add_device()
    relay = clinic.opened().device("SIM-0917").relay
    assert (relay.serial, relay.driver, relay.port) == ("SIM-R1", "interlock", str(port))
    capsys.readouterr()
    here("device", "list", "--data", clinic.station)
    assert "Interlock relay SIM-R1" in capsys.readouterr().out
    here("device", "add", "0917", "--interlock", "none", *clinic.by)
    assert clinic.opened().device("SIM-0917").relay is None
    here("device", "list", "--data", clinic.station, "--json")
    assert json.loads(capsys.readouterr().out.splitlines()[-1])[0]["relay"] is None


def test_the_doctor_misses_an_absent_relay(clinic):
    """Its port is looked for, and not opened."""
    port = clinic.props / "relay"
    here(
        *("device", "add", "0917", "--interlock", "R1", "--interlock-port", port, *clinic.by),
    )
    code, document = clinic.ask("station", "doctor")
    (found,) = [f for f in document["findings"] if f["code"] == "relay_unreachable"]
    assert (code, str(port) in found["sentence"]) == (1, True)
    port.symlink_to(clinic.laser.link)
    code, document = clinic.ask("station", "doctor")
    assert code == 0, document
    assert any("of the relay SIM-R1 is there" in sentence for sentence in document["fine"])


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("--interlock", "R1"), 2, "A relay needs both"),
        (("--interlock-port", "p"), 2, "A relay needs both"),
        (("--interlock", "R1", "--interlock-port", "/dev/null"), 1, "This is a simulated station"),
        (
            ("--interlock", "R1", "--interlock-port", "p", "--interlock-driver", "ipg"),
            2,
            "ipg is a laser, not a relay",
        ),
        (
            ("--interlock", "R 1", "--interlock-port", "p"),
            2,
            "A relay's serial number is 1 to 60 visible",
        ),
    ],
)
def test_what_is_wrong_with_a_binding_is_said(clinic, capsys, words, code, sentence):
    """Nothing is recorded then."""
    here("device", "add", "0917", *words, *clinic.by, code=code)
    assert sentence in capsys.readouterr().err
    assert clinic.opened().device("SIM-0917").relay is None


def test_a_stop_while_the_reset_is_waited_for(relayed):
    """Ctrl-C ends it at once: locked, the relay open, nothing latched."""
    clinic = relayed(presses_start=False)
    session = clinic.start("--for", "1")
    wait(lambda: clinic.relay_is_closed() or session.poll() is not None)
    time.sleep(0.5)
    session.send_signal(signal.SIGINT)
    began = time.monotonic()
    code, said = clinic.ended(session)
    assert time.monotonic() - began < 5
    assert code == 0, said
    assert clinic.entries("stop.requested")
    assert clinic.entries("relay.opened")
    assert not clinic.entries("fault.latched")


def test_a_service_leaves_it_open_and_lends_the_laser(relayed):
    """An idle laser's circuit stays open; a session closes it, and it is open again after."""
    clinic = relayed()
    served = subprocess.Popen(
        [sys.executable, "-m", "devicelink", "station", "serve", "--data", str(clinic.station)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        wait(lambda: any(e["event"] == "command" for e in clinic.laser.truth()))
        time.sleep(1)
        assert not clinic.relay_events("command")
        code, said = clinic.ended(clinic.start("--for", "1"))
        assert code == 0, said
        assert not clinic.relay_is_closed()
        asked = len(clinic.laser.truth())
        wait(lambda: len(clinic.laser.truth()) > asked + 10)  # the service has the laser again
    finally:
        served.send_signal(signal.SIGTERM)
        out, _ = served.communicate(timeout=20)
    assert (served.returncode, "NOT" in out) == (0, False), out
