"""A serial line behind RFC 2217, against a server that another author wrote."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from serial import serial_for_url
from serial.rfc2217 import PortManager

from devicelink.errors import LinkLost, PortUnavailable
from devicelink.link import rfc2217
from devicelink.link.framing import Line
from devicelink.link.port import inherited_port, open_port
from devicelink.link.rfc2217 import Rfc2217Port, Telnet, escaped
from devicelink.runtime import ThreadRuntime

RUNTIME = ThreadRuntime()
LOCK = b"\rEMOFF\rSDC 0\r"


class Recorded:
    """A serial line that notes what is set on it, in order."""

    def __init__(self):
        object.__setattr__(self, "line", serial_for_url("loop://"))
        object.__setattr__(self, "said", [])

    def __getattr__(self, name):
        return getattr(self.line, name)

    def __setattr__(self, name, value):
        self.said.append((name, value))
        setattr(self.line, name, value)


class Server:
    """Pyserial's port manager behind a real socket; keeps what reaches the laser."""

    def __init__(self, *, stubborn=False):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"rfc2217://127.0.0.1:{self.listener.getsockname()[1]}"
        self.line = Recorded()
        self.laser = b""
        self.stubborn = stubborn
        self.connection = None
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def write(self, data):
        """To the client."""
        if self.stubborn and data[:4] == b"\xff\xfa\x2c\x65":
            data = b"\xff\xfa\x2c\x65\x00\x00\x25\x80\xff\xf0"
        self.connection.sendall(data)

    def tell(self, data):
        """The laser says something."""
        self.write(escaped(data))

    def _serve(self):
        with contextlib.suppress(OSError):
            self.connection, _ = self.listener.accept()
            manager = PortManager(self.line, self)
            while data := self.connection.recv(4096):
                self.laser += b"".join(manager.filter(data))

    def heard(self, data, within_s=5.0):
        """Wait until the laser has heard this last."""
        give_up_s = time.monotonic() + within_s
        while not self.laser.endswith(data):
            assert time.monotonic() < give_up_s, self.laser
            time.sleep(0.002)

    def close(self):
        """Hang up."""
        for each in (self.connection, self.listener):
            if each is not None:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
                each.close()
        self.thread.join(5)


@pytest.fixture
def serve():
    """Makes servers, and ports on them."""
    made = []

    def make(line=Line(57600), **how):  # noqa: B008
        server = Server(**how)
        made.append(server)
        port = open_port(server.address, line, RUNTIME, simulated=True)
        made.append(port)
        return server, port

    yield make
    for each in reversed(made):
        each.close()


def hear(port, count):
    """So many bytes."""
    heard, give_up_s = b"", time.monotonic() + 5
    while len(heard) < count and time.monotonic() < give_up_s:
        heard += port.read(0.2)
    return heard


def test_the_line_is_set_and_its_control_lines_are_low_first(serve):
    """Speed and format are what the driver asked for; DTR and RTS go low before anything else."""
    server, _ = serve(Line(19200, bytesize=7, parity="E", stopbits=2))
    line = server.line.line
    assert (line.baudrate, line.bytesize, line.parity, line.stopbits) == (19200, 7, "E", 2)
    assert (line.dtr, line.rts) == (False, False)
    assert [name for name, _ in server.line.said[:3]] == ["dtr", "rts", "baudrate"]


def test_bytes_pass_unchanged_both_ways(serve):
    """Every byte value arrives, 0xFF too, whatever the server says of its line meanwhile."""
    server, port = serve()
    every = bytes(range(256))
    port.write(every)
    server.heard(every)
    server.write(b"\xff\xfa\x2c\x6b\x30\xff\xf0")
    server.tell(every)
    assert hear(port, 256) == every


def test_what_the_server_says_of_its_line_is_no_data(serve):
    """A notice alone wakes nobody: the wait goes on to its deadline, and is empty."""
    server, port = serve()
    began_s = time.monotonic()
    server.write(b"\xff\xfa\x2c\x6b\x30\xff\xf0")
    assert port.read(0.2) == b""
    assert time.monotonic() - began_s >= 0.19


def test_a_stop_ends_the_wait(serve):
    """A latch that is set ends a read at once."""
    _, port = serve()
    stop = RUNTIME.latch()
    stop.set()
    began_s = time.monotonic()
    assert port.read(20.0, stop) == b""
    assert time.monotonic() - began_s < 5


def test_a_server_that_hangs_up_is_a_lost_link(serve):
    """The end of the connection is said as such."""
    server, port = serve()
    server.close()
    with pytest.raises(LinkLost):
        hear(port, 1)


def test_a_server_that_sets_another_speed_is_not_used(serve):
    """What was read back counts: another speed would garble every word."""
    with pytest.raises(PortUnavailable, match="did not set 57600 baud as asked"):
        serve(stubborn=True)


def test_a_server_that_does_not_speak_it_is_not_used(monkeypatch):
    """A plain socket answers no option: the sentence says so, soon."""
    monkeypatch.setattr(rfc2217, "AGREE_WITHIN_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"rfc2217://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(PortUnavailable, match="does not speak RFC 2217"):
            open_port(address, Line(57600), RUNTIME)
    with pytest.raises(PortUnavailable, match="cannot be opened"):
        open_port(address, Line(57600), RUNTIME)


def test_a_real_station_opens_none_on_its_own_machine(serve):
    """A loopback address is simulated, whatever scheme it has."""
    server, _ = serve()
    with pytest.raises(PortUnavailable, match=r"an address of this computer itself.* real ones"):
        open_port(server.address, Line(57600), RUNTIME, simulated=False)


@pytest.mark.parametrize("left", [b"", b"EMO", b"EMO\xff"])
def test_a_guard_goes_on_in_the_middle(serve, left):
    """On the inherited descriptor the lock bytes arrive whole, even behind half a pair of 0xFF."""
    server, port = serve()
    port._inner.write(left)
    guards = inherited_port(port.fileno(), RUNTIME, rfc2217=True)
    assert isinstance(guards, Rfc2217Port)
    guards.write(LOCK)
    server.heard(LOCK)
    server.tell(b"EMOFF\r")
    assert hear(guards, 6) == b"EMOFF\r"


COMMANDS = [
    b"\xff\xf1",
    b"\xff\xfb\x01",
    b"\xff\xfd\x2c",
    b"\xff\xfa\x2c\x6b\x30\xff\xf0",
    b"\xff\xfa\x2c\x65\xff\xff\x00\xff\xf0",
]


@given(
    st.lists(st.one_of(st.binary(max_size=20).map(lambda data: (data, escaped(data))),
                       st.sampled_from(COMMANDS).map(lambda command: (b"", command))), max_size=12),
    st.lists(st.integers(0, 200), max_size=6),
)  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_however_the_stream_is_cut_the_data_is_the_same(pieces, cuts):
    """Data and commands come apart the same way, wherever the network cuts the stream."""
    stream = b"".join(sent for _, sent in pieces)
    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    telnet = Telnet()
    heard = b"".join(telnet.feed(stream[begin:end]) for begin, end in itertools.pairwise(places))
    assert heard == b"".join(data for data, _ in pieces)
    assert telnet.commands == [sent for _, sent in pieces if sent in COMMANDS]


@given(st.lists(st.binary(max_size=2000), max_size=5))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_survived(pieces):
    """No stream makes the codec raise, and what waits for its end does not grow for ever."""
    telnet = Telnet()
    for piece in pieces:
        telnet.feed(piece)
    assert len(telnet._rest) <= 1024
