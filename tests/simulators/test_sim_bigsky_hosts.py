"""Host programs that we did not write, and plain pyserial, against a served Big Sky laser."""

from __future__ import annotations

import json
import re
import subprocess
import time

import pytest
import serial

from tests.simulators.bigsky_lab import QUICK
from tests.simulators.conftest import SIM, Served


@pytest.fixture
def serve_bigsky(tmp_path):
    """Serves one over a pty, with a truth file; it may not outlive its test."""
    truth = tmp_path / "truth"
    running = []

    def start(**values):
        sets = [f"--set={key}={value}" for key, value in values.items()]
        process = subprocess.Popen(
            [*SIM, "serve", "bigsky", "--pty", "--truth", str(truth), *sets],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        running.append(process)
        return Served(process), truth

    yield start
    for process in running:
        process.kill()
        process.wait(10)
        process.stdin.close()
        process.stdout.close()


def lights(truth):
    """The story of the light, as the truth has it."""
    events = [json.loads(line)["event"] for line in truth.read_text().splitlines()]
    return [event for event in events if event in {"light_on", "light_off"}]


def test_plain_pyserial_over_a_pty(serve_bigsky):
    """Exactly 17 bytes come for each command, and light as the truth tells it."""
    served, truth = serve_bigsky(**QUICK)
    with serial.Serial(served.target, 9600, timeout=2) as port:

        def ask(command):
            port.write(command)
            return port.read(17)

        assert ask(b"$062SN\r\n") == b"\r\ns/number    062"
        assert ask(b"$062V1150\r\n") == b"\r\nvoltage  1150 V"
        assert ask(b"$062A\r\n") == b"\r\nfire auto      "
        assert ask(b"$062R1\r\n") == b"\r\nshutter opened "
        assert ask(b"$062PQ\r\n") == b"\r\nfire auto   qs "
        time.sleep(0.5)
        assert ask(b"$062S\r\n") == b"\r\nstandby        "
        port.timeout = 0.1
        assert ask(b"SN\r\n") == b""
    assert lights(truth) == ["light_on", "light_off"]


class BroadcastHost:
    """A laboratory's host program in our own words: broadcasts, lower case, LF alone.

    It reads whatever comes within its time, finds numbers at the end or strips the words around
    them, sets the lamp voltage by VMO, and takes `s` for lamp, shutter and Q-switch in one.
    """

    def __init__(self, port):
        self.port = port

    def send(self, command):
        """One broadcast; None where nothing comes."""
        self.port.write(f">{command}\n".encode())
        reply = self.port.read(140).decode("utf-8")
        return reply if reply.strip() else None

    def number(self, command, around):
        """The number in a reply, once the characters around it are stripped."""
        return float(self.send(command).strip(f"\r\n{around}"))

    def last_digit(self, command):
        """The number at the end of a reply."""
        return int(re.search(r"(\d+)\s*$", self.send(command).strip())[1])


def test_a_host_that_broadcasts_in_lower_case(serve_bigsky):
    """It finds serial number, temperature and settings, arms for outside triggers, and stops."""
    served, truth = serve_bigsky(**QUICK, stop_ends="all")
    with serial.Serial(served.target, 9600, timeout=0.15) as port:
        host = BroadcastHost(port)
        assert host.send("sn").strip(" \r\ns/number") == "062"
        assert host.number("cg", "temp.CG d") == 33
        assert host.number("vmo0900", "Voltage m V") == 900
        assert host.number("v", "voltage V") == 900
        assert host.number("f2000", "freq. Hz") == 20
        assert host.number("ene", "energy J") == 11.9
        assert host.send("s").strip() == "standby"
        assert host.last_digit("lpm1") == 1
        assert host.send("a").strip() == "fire ext"
        assert host.send("r1").strip() == "shutter opened"
        assert host.send("pq").strip() == "fire ext   qs"
        assert served.say("lamp_trigger_input=on")["ok"]
        time.sleep(0.4)
        assert host.send("s").strip() == "standby"
        assert host.send("r").strip() == "shutter closed"
    assert lights(truth) == ["light_on", "light_off"]


def test_the_package_big_sky_yag(serve_bigsky):
    """Its authors' own class reads everything, arms and disarms; unmodified."""
    package = pytest.importorskip("big_sky_yag", reason="big-sky-yag is not here; pip brings it")
    served, truth = serve_bigsky(**QUICK)
    yag = package.BigSkyYag(served.target, serial_number=62)
    assert yag.serial_number == "062"
    assert (yag.software_revision, yag.shutter, yag.pump) == ("SPECTRA-SY 3.68", False, True)
    yag.flashlamp.voltage = 1000
    yag.flashlamp.frequency = 20.0
    yag.qswitch.delay = 150
    assert (yag.flashlamp.voltage, yag.flashlamp.frequency, yag.qswitch.delay) == (1000, 20.0, 150)
    yag.arm()
    assert yag.laser_status.qswitch_running
    time.sleep(0.3)
    yag.disarm()
    assert not yag.laser_status.flashlamp_running
    assert served.say("interlock=open")["ok"]
    assert yag.flashlamp.interlock.EXT_INTERLOCK
    assert yag.qswitch.interlock.SHUTTER_CLOSED
    assert not yag.laser_status.interlock
    yag.close()
    assert lights(truth) == ["light_on", "light_off"]
