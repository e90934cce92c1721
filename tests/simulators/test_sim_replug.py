"""A port that is unplugged for a while: it comes back, and who had it open opens it anew."""

from __future__ import annotations

import socket

import pytest
import serial

from devicelink.errors import ConfigError, LinkLost
from devicelink.runtime import ThreadRuntime
from devicelink_simulation.urls import SimPort, open_port

SECOND_NS = 1_000_000_000


def test_the_port_comes_back(lab):
    """It is away exactly so long, under a new number; the laser lives on meanwhile."""
    laser = lab(setup="left_emitting", faults=["unplug@at=1,for=2"])
    opening = laser.sim.plugs
    assert laser.sim.carries(opening)
    laser.wait(1)
    assert not laser.sim.plugged
    assert laser.sim.next_event_ns() == laser.now_ns + 2 * SECOND_NS
    assert laser.ask("EMOFF") == ""
    laser.wait(2)
    assert laser.sim.plugged
    assert not laser.sim.carries(opening)
    assert laser.sim.carries(laser.sim.plugs)
    assert laser.lit
    assert laser.ask("EMOFF") == "EMOFF"
    assert (laser.when("unplugged"), laser.when("plugged")) == (1.0, 3.0)


def test_leaving_and_returning_within_one_look(lab):
    """Nobody looked while it was away: the old opening is dead all the same."""
    laser = lab(faults=["unplug@at=1,for=0"])
    opening = laser.sim.plugs
    laser.wait(5)
    assert laser.sim.plugged
    assert not laser.sim.carries(opening)
    assert (laser.when("unplugged"), laser.when("plugged")) == (1.0, 1.0)


def test_replies_die_with_the_port_until_it_is_back(lab):
    """What would have come while it was away is lost; what comes after it is back comes."""
    laser = lab(faults=["delay:seconds=2@nth=1", "delay:seconds=5@nth=2", "unplug@at=1,for=3"])
    assert laser.raw(b"RNC\rRCS\r") == b""
    laser.wait(4)
    assert laser.wait(0.999) == b""
    assert laser.wait(0.001) == b"RCS: 0.0\r"


def test_half_a_command_waits_in_the_laser(lab):
    """The laser keeps what came before the cable left, and joins what comes after."""
    laser = lab(faults=["unplug@at=1,for=1"])
    laser.raw(b"EMO")
    laser.wait(2)
    assert laser.ask("EMOFF") == "BCMD"
    assert laser.ask("EMOFF") == "EMOFF"


def test_overlapping_and_later_faults(lab):
    """Away until the last of several returns, for ever where one of them stays."""
    laser = lab(faults=["unplug@at=1,for=2", "unplug@at=2,for=3", "unplug@at=10"])
    laser.wait(4)
    assert not laser.sim.plugged
    laser.wait(1)
    assert laser.sim.plugged
    laser.wait(100)
    assert not laser.sim.plugged
    times = [each["mono_ns"] for each in laser.truth.events]
    assert times == sorted(times)


def test_the_truth_keeps_the_order_of_times(lab):
    """What the laser does by itself before the cable leaves stands before it, in one long step."""
    laser = lab(values={"diode_current_percent": "50"}, faults=["unplug@at=4,for=1"])
    laser.ask("EMON")
    laser.wait(10)
    told = laser.truth.names("enabled", "light_on", "unplugged", "plugged")
    assert told == ["enabled", "light_on", "unplugged", "plugged"]


def test_clearing_faults_does_not_plug_in(lab):
    """With all faults cleared the port still comes back when it was to, and not before."""
    laser = lab(faults=["unplug@cmd=STA,for=2"])
    assert laser.ask("STA") == ""
    laser.set(fault="none")
    laser.wait(1.999)
    assert not laser.sim.plugged
    laser.wait(0.001)
    assert laser.ask("STA") == "STA: 0"


class StillRuntime(ThreadRuntime):
    """A runtime whose time is told."""

    ns = 1_000_000_000_000

    def mono_ns(self):
        """The told time."""
        return self.ns


def test_an_opening_stays_dead_and_a_new_one_works(lab):
    """Two ports on one laser: the older is lost for ever, the newer works."""
    laser = lab(faults=["unplug@at=1,for=1"])
    runtime = StillRuntime()
    older = SimPort(laser.sim, runtime, laser.truth)
    older.write(b"RNC\r")
    assert older.read(0) == b"RNC: 10.0\r"
    older.write(b"RN")
    runtime.ns += 2 * SECOND_NS
    for use in (lambda: older.write(b"C\r"), lambda: older.read(0), lambda: older.set("key", "on")):
        with pytest.raises(LinkLost, match="unplugged"):
            use()
    newer = SimPort(laser.sim, runtime, laser.truth)
    newer.write(b"C\r")
    assert newer.read(0) == b"RNC: 10.0\r"


def test_sim_addresses_refuse_a_return():
    """A device that ends with its port cannot be met again: a sentence says so."""
    with pytest.raises(ConfigError, match="has no return on sim://"):
        open_port("sim://ipg?fault=unplug@for=1", ThreadRuntime())


def test_a_served_pty_comes_back_behind_its_link(serve, tmp_path, until):
    """The open pty dies, the link goes and names a new pty; the laser kept its set-point."""
    link = tmp_path / "laser"
    served = serve("--pty", "--link", link, "--fault", "unplug@cmd=STA,for=0.2")
    with serial.serial_for_url(str(link), 57600, timeout=5) as port:
        first = link.readlink()
        port.write(b"SDC 20\r")
        assert port.read_until(b"\r") == b"SDC: 20.0\r"
        port.write(b"STA\r")
        with pytest.raises((serial.SerialException, OSError)):
            until(lambda: port.read(1) and None)
        until(link.is_symlink)
        assert link.readlink() != first
        with pytest.raises((serial.SerialException, OSError)):
            until(lambda: port.read(1) and None)
        with serial.serial_for_url(str(link), 57600, timeout=5) as again:
            again.write(b"RCS\r")
            assert again.read_until(b"\r") == b"RCS: 20.0\r"
    assert served.end() == 0
    assert not link.is_symlink()


def test_a_served_socket_comes_back_on_its_port(serve, until):
    """The connection is closed; after a while the same port number answers again."""
    served = serve("--tcp", "127.0.0.1:0", "--fault", "unplug@cmd=STA,for=0.2")
    host, number = served.target.removeprefix("socket://").split(":")
    with socket.create_connection((host, int(number)), 5) as client:
        client.sendall(b"STA\r")
        assert client.recv(100) == b""

    def connected():
        try:
            return socket.create_connection((host, int(number)), 5)
        except ConnectionRefusedError:
            return None

    with until(connected) as client:
        client.sendall(b"RNC\r")
        assert client.recv(100) == b"RNC: 10.0\r"


def test_a_pty_without_a_link_cannot_come_back(serve, sim):
    """Its name would be another: refused at the start, in --at, and on standard input."""
    for asked in (["--fault", "unplug@for=1"], ["--at", "1:fault=unplug@for=1"]):
        code, _, said = sim("serve", "ipg", "--pty", *asked)
        assert code == 2
        assert "has no return on a pty without a name that lasts" in said
    answer = serve("--pty").say("fault=unplug@for=1")
    assert answer["ok"] is False
    assert "add --link PATH" in answer["error"]
