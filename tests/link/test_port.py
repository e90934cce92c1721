"""What stands behind an address, who may open it, and bytes over real ptys and sockets."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import socket
import struct
import subprocess
import sys
import threading
import time
import tty
from pathlib import Path

import pytest

from devicelink.errors import ConfigError, LinkLost, NoReply, PortUnavailable
from devicelink.link.framing import Line
from devicelink.link.port import FdPort, PortKind, open_port, port_kind
from devicelink.runtime import ThreadRuntime

# pyserial leaves a socket whose shutdown fails to the garbage collector, which then warns
leaves_a_socket = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
LINE = Line(57600)
RUNTIME = ThreadRuntime()


@pytest.fixture
def wire():
    """A real pty: its controlling end, and the path of the other."""
    control, device = pty.openpty()
    tty.setraw(device)
    path = os.ttyname(device)
    yield control, path
    for fd in (control, device):
        with contextlib.suppress(OSError):
            os.close(fd)


@pytest.fixture
def server():
    """A real TCP server on the loopback; gives its URL and what accepts."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(10)
    yield f"socket://127.0.0.1:{listener.getsockname()[1]}", lambda: listener.accept()[0]
    listener.close()


@pytest.fixture
def opened():
    """Opens ports and closes them when the test ends."""
    ports = []

    def make(address, **more):
        ports.append(open_port(address, LINE, RUNTIME, **more))
        return ports[-1]

    yield make
    for port in ports:
        port.close()


def hear(port, count, within_s=5.0):
    """So many bytes, in as many pieces as they come."""
    heard, give_up_s = b"", time.monotonic() + within_s
    while len(heard) < count and time.monotonic() < give_up_s:
        heard += port.read(0.5)
    return heard


def loses(act, within_s=5.0):
    """The sentence of the `LinkLost` that an act comes to, at once or soon."""
    give_up_s = time.monotonic() + within_s
    while time.monotonic() < give_up_s:
        try:
            act()
        except LinkLost as error:
            return str(error)
    raise AssertionError("the link was never lost")


def test_a_pty_is_told_through_any_link(wire, tmp_path, monkeypatch):
    """A pty, a link to it, a link to a link, and its descriptor's path are all a pty."""
    path = wire[1]
    (tmp_path / "laser").symlink_to(path)
    (tmp_path / "again").symlink_to("laser")
    monkeypatch.chdir(tmp_path)
    addresses = [path, f"{tmp_path}/laser", f"{tmp_path}/again", "again", f"/dev/../{path}"]
    with Path(path).open("rb", buffering=0) as held:
        addresses.append(f"/proc/self/fd/{held.fileno()}")
        assert {port_kind(address) for address in addresses} == {PortKind.PTY}


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("/dev/null", PortKind.DEVICE),
        ("/dev/ttyUSB-nobody-has-this", PortKind.ABSENT),
        ("no/such/path", PortKind.ABSENT),
        ("socket://127.0.0.1:4000", PortKind.LOOPBACK),
        ("socket://127.8.7.6:4000", PortKind.LOOPBACK),
        ("socket://localhost:4000", PortKind.LOOPBACK),
        ("socket://[::1]:4000", PortKind.LOOPBACK),
        ("socket://2130706433:4000", PortKind.LOOPBACK),
        ("socket://0.0.0.0:4000", PortKind.LOOPBACK),
        ("socket://[::]:4000", PortKind.LOOPBACK),
        ("socket://[::ffff:127.0.0.1]:4000", PortKind.LOOPBACK),
        ("socket://192.0.2.7:4000", PortKind.NETWORK),
        ("socket://[2001:db8::7]:4000", PortKind.NETWORK),
        ("rfc2217://127.0.0.1:4000", PortKind.LOOPBACK),
        ("rfc2217://localhost:4000", PortKind.LOOPBACK),
        ("rfc2217://0.0.0.0:4000", PortKind.LOOPBACK),
        ("rfc2217://[::1]:4000", PortKind.LOOPBACK),
        ("rfc2217://192.0.2.7:4000", PortKind.NETWORK),
        ("sim://ipg", PortKind.IN_PROCESS),
        ("sim://ipg?key=rem", PortKind.IN_PROCESS),
    ],
)
def test_the_kind_of_an_address(address, kind):
    """Devices, hosts, simulators and paths where nothing is are told apart."""
    assert port_kind(address) is kind


def test_a_link_to_what_is_gone_is_absent(tmp_path):
    """A link whose pty has gone names nothing."""
    control, device = pty.openpty()
    (tmp_path / "laser").symlink_to(os.ttyname(device))
    os.close(device)
    os.close(control)
    assert port_kind(str(tmp_path / "laser")) is PortKind.ABSENT


@pytest.mark.parametrize("address", ["http://laser", "telnet://127.0.0.1:1", "://x", "x://y"])
def test_an_address_without_a_meaning(address):
    """An unknown form is refused with the forms that are known."""
    with pytest.raises(ConfigError, match=r"no known form.*socket://.*sim://"):
        port_kind(address)


def test_a_socket_without_a_host():
    """A network address needs host and port, and the sentence says how to write it."""
    for scheme in ("socket", "rfc2217"):
        for address in (f"{scheme}://:4000", f"{scheme}://laser", f"{scheme}://laser:0"):
            with pytest.raises(ConfigError, match=f"{scheme}://HOST:PORT"):
                port_kind(address)


@pytest.mark.parametrize("kind", PortKind)
def test_a_kind_belongs_to_one_sort_of_station(kind):
    """Every kind belongs either to simulated stations or to real ones; what is absent to none."""
    simulated, real = kind.belongs(simulated=True), kind.belongs(simulated=False)
    assert (simulated or real) is (kind is not PortKind.ABSENT)
    assert not (simulated and real)
    assert real is (kind in {PortKind.DEVICE, PortKind.NETWORK})


def test_a_real_station_opens_no_simulated_port(wire, server):
    """Ptys, loopback sockets and simulators are refused on a real station, unopened."""
    for address, kind in (
        (wire[1], "a pseudo-terminal"),
        (server[0], "an address of this computer itself"),
        ("sim://ipg", "a simulator"),
    ):
        with pytest.raises(PortUnavailable, match=f"is {kind}.* real lasers to real ones"):
            open_port(address, LINE, RUNTIME, simulated=False)


@pytest.mark.parametrize("address", ["/dev/null", "socket://192.0.2.7:4000"])
def test_a_simulated_station_opens_no_real_port(address):
    """Devices and hosts of the network are refused on a simulated station, unopened."""
    with pytest.raises(PortUnavailable, match="real lasers to real ones"):
        open_port(address, LINE, RUNTIME, simulated=True)


def test_a_port_of_the_right_kind_opens(wire, server, opened):
    """On a simulated station a pty, a loopback socket and a simulator open."""
    for address in (wire[1], server[0], "sim://ipg"):
        opened(address, simulated=True)


def test_a_port_that_is_gone():
    """An absent port says to look at the cable."""
    with pytest.raises(PortUnavailable, match=r"does not exist\. Check that the cable"):
        open_port("/dev/ttyUSB-nobody-has-this", LINE, RUNTIME)


@pytest.mark.parametrize("address", ["/dev/null", "/proc/self/status", "/"])
def test_what_is_no_serial_line(address):
    """Files, folders and other devices cannot be opened as a port: a sentence with its name."""
    with pytest.raises(PortUnavailable, match=f"The port {address} cannot be opened"):
        open_port(address, LINE, RUNTIME)


def test_a_host_that_refuses():
    """A socket on which nobody listens is unavailable."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
    with pytest.raises(PortUnavailable, match="refused"):
        open_port(f"socket://127.0.0.1:{number}", LINE, RUNTIME)


def test_a_port_held_by_another_process(wire):
    """A port that another process has locked is said to be used by another program."""
    code = (
        "import fcntl, os, sys; fd = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY); "
        "fcntl.flock(fd, fcntl.LOCK_EX); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, wire[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(PortUnavailable, match="used by another program"):
            open_port(wire[1], LINE, RUNTIME)
        other.stdin.close()
        assert other.wait(10) == 0
    open_port(wire[1], LINE, RUNTIME).close()


def test_an_open_port_is_exclusive(wire, opened):
    """While we hold a port nobody else who asks for it politely gets it, we ourselves included."""
    opened(wire[1])
    with pytest.raises(PortUnavailable, match="used by another program"):
        open_port(wire[1], LINE, RUNTIME)
    with Path(wire[1]).open("rb", buffering=0) as other, pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_bytes_over_a_pty(wire, opened):
    """All 256 byte values pass both ways unchanged, and nothing is an empty answer in time."""
    control, path = wire
    port, everything = opened(path), bytes(range(256))
    began_s = time.monotonic()
    assert port.read(0.05) == b""
    assert 0.04 <= time.monotonic() - began_s < 1.0
    assert port.read(0) == b""
    os.write(control, everything)
    assert hear(port, 256) == everything
    port.write(everything)
    heard = b""
    while len(heard) < 256:
        heard += os.read(control, 4096)
    assert heard == everything


def test_what_another_program_reads_first_is_no_lost_port(wire, opened):
    """Owner and guard hold one line: who comes second finds it empty, and not gone."""

    class Second(ThreadRuntime):
        """Between `poll` and `read` the other one takes what came."""

        def wait_readable(self, fd, within_s, until=None):
            there = super().wait_readable(fd, within_s, until)
            if there:
                os.read(fd, 4096)
            return there

    control, path = wire
    port = FdPort(opened(path).fileno(), Second())
    os.write(control, b"STA: 0\r")
    assert port.read(0.5) == b""
    os.close(control)
    assert loses(lambda: port.read(0.5))


def test_bytes_over_tcp_until_its_end(server, opened):
    """Bytes pass both ways; after the last one the closed far end is a lost link, not silence."""
    address, accept = server
    port = opened(address)
    with accept() as far:
        port.write(b"STA\r")
        assert far.recv(64) == b"STA\r"
        far.sendall(b"STA: 0\r")
    assert hear(port, 7) == b"STA: 0\r"
    assert "far end closed" in loses(lambda: port.read(0.5))


@leaves_a_socket
def test_writing_to_a_reset_connection_is_a_lost_link(server, opened):
    """Once the far end has gone with a reset, writing and reading say so."""
    address, accept = server
    port = opened(address)
    far = accept()
    far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    far.close()
    assert "The port is gone" in loses(lambda: port.write(b"EMOFF\r"))
    assert loses(lambda: port.read(0.1))


def test_a_pty_whose_far_end_closed_is_a_lost_link(wire, opened):
    """A dead pty is a lost link for readers and writers, with what to check."""
    control, path = wire
    port = opened(path)
    os.close(control)
    assert "Check the cable" in loses(lambda: port.read(0.5))
    assert "Check the cable" in loses(lambda: port.write(b"EMOFF\r"))


def test_a_far_end_that_dies_ends_the_wait(wire, opened):
    """A wait that is under way ends when the far end goes, long before its deadline."""
    control, path = wire
    port = opened(path)
    killer = threading.Timer(0.05, os.close, [control])
    killer.start()
    began_s = time.monotonic()
    with pytest.raises(LinkLost):
        port.read(20.0)
    killer.join()
    assert time.monotonic() - began_s < 5.0


@pytest.mark.parametrize("which", ["pty", "tcp"])
def test_a_latch_ends_a_wait_at_once(which, wire, server, opened):
    """A stop ends a wait within a fraction of its deadline, and a stopped port waits no more."""
    port = opened(wire[1] if which == "pty" else server[0])
    stop = RUNTIME.latch()
    setter = threading.Timer(0.05, stop.set)
    setter.start()
    began_s = time.monotonic()
    assert port.read(20.0, stop) == b""
    assert time.monotonic() - began_s < 5.0
    setter.join()
    began_s = time.monotonic()
    assert port.read(20.0, stop) == b""
    assert time.monotonic() - began_s < 1.0


@leaves_a_socket
def test_a_line_that_takes_nothing_is_not_waited_for(server, opened):
    """A write ends after half a second where nobody reads; the link itself is not lost."""
    address, accept = server
    port = opened(address)
    far = accept()
    began_s = time.monotonic()
    with pytest.raises(NoReply, match="takes no more bytes"):
        port.write(b"x" * 50_000_000)
    assert 0.4 < time.monotonic() - began_s < 20
    far.close()


def test_a_whole_frame_is_written_where_the_line_takes_it_in_pieces(server, opened):
    """A long frame is written to its last byte while the far end reads on."""
    address, accept = server
    port = opened(address)
    count, heard = 20_000_000, []
    far = accept()

    def listen():
        while sum(heard) < count:
            heard.append(len(far.recv(1 << 20)))

    reader = threading.Thread(target=listen)
    reader.start()
    port.write(b"x" * count)
    reader.join(20)
    far.close()
    assert sum(heard) == count


def test_an_inherited_descriptor_is_a_port(wire):
    """A guard makes a port of a descriptor alone; closing it twice harms nobody."""
    control, path = wire
    port = FdPort(os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK), RUNTIME)
    os.write(control, b"RFV: 1\r")
    assert hear(port, 7) == b"RFV: 1\r"
    port.close()
    with pytest.raises(LinkLost):
        port.read(0.1)
    port.close()
