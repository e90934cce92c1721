"""`sim://`: a simulated device in this process, for devicelink's ports and for plain pyserial."""

from __future__ import annotations

import threading

import pytest
import serial

import devicelink_simulation
from devicelink.errors import ConfigError, LinkLost
from devicelink.link.framing import Line
from devicelink.link.port import PortKind, open_port, port_kind
from devicelink.runtime import ThreadRuntime

LINE = Line(57600)


class VirtualRuntime(ThreadRuntime):
    """A runtime whose time moves only while somebody sleeps."""

    def __init__(self):
        super().__init__()
        self.ns = 5_000_000_000
        self.slept = []

    def mono_ns(self):
        """Virtual nanoseconds."""
        return self.ns

    def sleep(self, seconds, until=None):
        """Jump."""
        if until is not None and until.is_set():
            return True
        self.slept.append(seconds)
        self.ns += round(seconds * 1e9)
        return False


def ask(port, line, within_s=1.0):
    """One exchange on a devicelink port."""
    port.write(line.encode() + b"\r")
    return port.read(within_s).decode().removesuffix("\r")


def test_opened_as_any_port():
    """Devicelink's own opener finds the scheme and reaches the laser; no guard can inherit it."""
    assert port_kind("sim://ipg") is PortKind.IN_PROCESS
    port = open_port("sim://ipg?key=rem&firmware=2.0", LINE, ThreadRuntime())
    assert ask(port, "RFV") == "RFV: 2.0"
    assert ask(port, "EMON") == "ERR: Keyswitch in remote"
    assert port.fileno() is None
    port.close()
    port.close()
    for use in (lambda: port.read(0), lambda: port.write(b"x"), lambda: port.set("key", "on")):
        with pytest.raises(LinkLost, match="closed"):
            use()


def test_all_time_comes_from_the_runtime():
    """In virtual time a wait for a late reply takes no real time and ends exactly when it comes."""
    runtime = VirtualRuntime()
    port = open_port("sim://ipg?fault=delay:seconds=100", LINE, runtime)
    assert ask(port, "RNC", within_s=1000) == "RNC: 10.0"
    assert (runtime.ns, runtime.slept) == (105_000_000_000, [100.0])
    assert port.read(7.5) == b""
    assert runtime.ns == 112_500_000_000
    port.close()


def test_what_happens_by_itself_has_its_own_time(tmp_path, facts):
    """Nobody looks for a minute: the truth has the end of the start-up at its own time."""
    runtime = VirtualRuntime()
    path = tmp_path / "truth"
    port = open_port(f"sim://ipg?diode_current_percent=50&truth={path}", LINE, runtime)
    ask(port, "EMON")
    runtime.sleep(60)
    port.set("interlock_1", "open")
    port.close()
    told = [(each["event"], each["mono_ns"] / 1e9) for each in facts(path)]
    assert told == [
        ("start", 5),
        ("command", 5),
        ("enabled", 8),
        ("light_on", 8),
        ("set", 65),
        ("light_off", 65),
        ("disabled", 65),
        ("end", 65),
    ]


def test_a_stop_ends_the_wait():
    """A latch that is set ends a read at once, with nothing."""
    runtime = ThreadRuntime()
    port = open_port("sim://ipg?fault=silence", LINE, runtime)
    stop = runtime.latch()
    stop.set()
    assert port.read(60, stop) == b""
    port.close()


def test_unplugged():
    """A port whose cable leaves is lost, for reading and writing."""
    port = open_port("sim://ipg?fault=unplug@cmd=EMON", LINE, ThreadRuntime())
    assert ask(port, "RNC") == "RNC: 10.0"
    for use in (lambda: port.write(b"EMON\r"), lambda: port.read(1), lambda: port.write(b"x")):
        with pytest.raises(LinkLost, match="unplugged"):
            use()
    port.close()


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("sim://ibg", "There is no simulator 'ibg'. Known: bigsky, interlock"),
        ("sim://ipg?kye=on", "The simulator ipg knows no 'kye'."),
        ("sim://ipg?key=off", "key must be one of on, rem, not 'off'."),
        ("sim://ipg?key", "must name values as KEY=VALUE&KEY=VALUE."),
        ("sim://ipg?seed=x", "seed must be a whole number, not 'x'."),
        ("sim://ipg?fault=nix", "There is no fault 'nix'."),
        ("sim://ipg?setup=nix", "The simulator ipg has no set-up 'nix'."),
        ("sim://ipg?truth=/nowhere/at/all", "cannot be written: No such file or directory."),
        ("sim://ipg/path", "is no simulator. Write it as sim://NAME?KEY=VALUE."),
        ("sim://?key=rem", "is no simulator. Write it as sim://NAME?KEY=VALUE."),
    ],
)
def test_bad_addresses_are_told_in_a_sentence(address, sentence):
    """An address that cannot be read says why: ConfigError here, SerialException in pyserial."""
    with pytest.raises(ConfigError) as here:
        open_port(address, LINE, ThreadRuntime())
    assert sentence in str(here.value)
    with pytest.raises(serial.SerialException) as there:
        serial.serial_for_url(address)
    assert str(there.value) == str(here.value)


def test_plain_pyserial():
    """After importing the kit, pyserial reaches a laser and works as on any port."""
    assert serial.protocol_handler_packages.count(devicelink_simulation.__name__) == 1
    with serial.serial_for_url("sim://ipg?firmware=3.1", 57600, timeout=1) as port:
        assert port.write(b"RFV\rRNC\r") == 8
        assert port.in_waiting == 19
        assert port.read_until(b"\r") == b"RFV: 3.1\r"
        assert port.read(3) == b"RNC"
        port.reset_input_buffer()
        port.timeout = 0.05
        assert port.read(5) == b""
        assert (port.cts, port.dsr, port.ri, port.cd) == (True, True, False, True)
        port.rts = port.dtr = False
        port.baudrate = 9600
        port.set("key", "rem")
        port.write(b"EMOFF\r")
        assert port.read_until(b"\r") == b"ERR: Keyswitch in remote\r"
    for use in (lambda: port.write(b"x"), lambda: port.read(1), lambda: port.in_waiting):
        with pytest.raises(serial.PortNotOpenError):
            use()


def test_pyserial_opens_again_and_only_once():
    """A closed port opens again with a fresh laser; an open one does not open twice."""
    port = serial.serial_for_url("sim://ipg", timeout=1)
    port.write(b"SDC 50\rRFV\r")
    assert port.read_until(b"\r") == b"SDC: 50.0\r"
    with pytest.raises(serial.SerialException, match="open already"):
        port.open()
    port.close()
    port.open()
    port.write(b"RCS\r")
    assert port.read_until(b"\r") == b"RCS: 0.0\r"
    port.close()
    port.port = None
    with pytest.raises(serial.SerialException, match="Name a port first"):
        port.open()


def test_pyserial_reports_an_unplugged_port():
    """Pyserial's own exception, as with a real adapter."""
    with serial.serial_for_url("sim://ipg", timeout=1) as port:
        port.set("fault", "unplug")
        with pytest.raises(serial.SerialException, match="unplugged"):
            port.write(b"STA\r")
        with pytest.raises(serial.SerialException, match="unplugged"):
            port.read(1)


def test_pyserial_with_a_reader_and_a_writer_thread():
    """A thread that waits for bytes gets what another one's command brings."""
    with serial.serial_for_url("sim://ipg", timeout=10) as port:
        heard = []
        reader = threading.Thread(
            target=lambda: heard.extend(port.read_until(b"\r") for _ in range(200))
        )
        reader.start()
        for _ in range(200):
            port.write(b"RNC\r")
        reader.join(10)
        assert heard == [b"RNC: 10.0\r"] * 200
