"""`sim serve --rfc2217`: the line is set over the network, by clients that are not ours."""

from __future__ import annotations

import socket

import pytest
import serial

pytestmark = pytest.mark.filterwarnings("ignore:set:DeprecationWarning")
"""By pyserial's own client."""


@pytest.fixture
def served(serve):
    """A laser behind RFC 2217."""
    return serve("--rfc2217", "127.0.0.1:0")


def opened(target, **line):
    """A port of another author's client."""
    return serial.serial_for_url(target, timeout=5, **line)


def ask(port, line):
    """One exchange."""
    port.write(line.encode() + b"\r")
    return port.read_until(b"\r").decode().removesuffix("\r")


def test_pyserials_client_talks_to_the_laser(served):
    """The ready line's target opens with pyserial, at any speed, and programs come and go."""
    assert served.target.startswith("rfc2217://127.0.0.1:")
    for baudrate, percent in ((57600, "20.0"), (9600, "30.0")):
        with opened(served.target, baudrate=baudrate) as port:
            assert ask(port, f"SDC {percent}") == f"SDC: {percent}"
            port.rts = port.dtr = False
            port.parity = serial.PARITY_EVEN
            assert ask(port, "RCS") == f"RCS: {percent}"


def test_a_program_that_does_not_know_the_protocol_still_talks(served):
    """Plain TCP gets replies too, behind what the server says of its options."""
    host, port = served.target.removeprefix("rfc2217://").split(":")
    with socket.create_connection((host, int(port)), 5) as client:
        client.sendall(b"RNC\r")
        heard = b""
        while not heard.endswith(b"RNC: 10.0\r"):
            piece = client.recv(100)
            assert piece, heard
            heard += piece


@pytest.mark.parametrize(
    "broken",
    [
        b"\xff\xf0",
        b"\xff\xfa\x2c\x01\x00\xff\xf0",
        b"\xff\xfa\x2c\x03\x63\xff\xf0",
    ],
)
def test_who_breaks_the_protocol_is_hung_up_on_and_the_next_is_served(served, broken):
    """A command that cannot be read ends that connection, never the simulator."""
    host, port = served.target.removeprefix("rfc2217://").split(":")
    with socket.create_connection((host, int(port)), 5) as client:
        client.sendall(broken)
        while client.recv(100):
            pass
    with opened(served.target) as port:
        assert ask(port, "RNC") == "RNC: 10.0"


def test_an_unplugged_line_closes_and_comes_back_by_its_name(serve, until):
    """The fault unplug takes the server away, and its way back has the same target."""
    served = serve("--rfc2217", "127.0.0.1:0", "--fault", "unplug@cmd=STA,for=0.3")
    host, port = served.target.removeprefix("rfc2217://").split(":")
    with socket.create_connection((host, int(port)), 5) as client:
        client.sendall(b"STA\r")
        while client.recv(100):
            pass

    def answered():
        try:
            with opened(served.target) as port:
                return ask(port, "RNC")
        except serial.SerialException:
            return None

    assert until(answered) == "RNC: 10.0"
