"""Opening a port, and moving bytes over it; the only file that knows pyserial.

A path or `socket://HOST:PORT` is opened by pyserial and then driven by its descriptor alone, so
that a guard process can inherit it; `rfc2217://HOST:PORT` likewise, by a client of our own. Other
schemes come from the entry-point group
`devicelink.ports`. Every exception of the layers below turns into `PortUnavailable` or `LinkLost`.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.metadata
import ipaddress
import os
import socket
import termios
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast
from urllib.parse import urlsplit

import serial

from devicelink.errors import ConfigError, LinkLost, NoReply, PortUnavailable
from devicelink.link.rfc2217 import Rfc2217Port

if TYPE_CHECKING:
    from collections.abc import Callable

    from devicelink.link.framing import Line
    from devicelink.runtime import Latch, Runtime

_READ_BYTES = 4096
_EMPTY_READS = 3
_PTY_MAJORS = range(136, 144)
_WRITE_PATIENCE_S = 0.5
_WRITE_PAUSE_S = 0.001
_CONNECT_WITHIN_S = 5.0
_NETWORK_SCHEMES = ("socket", "rfc2217")


class Port(Protocol):
    """Bytes out, bytes in, nothing else."""

    def write(self, data: bytes) -> None:
        """Write all of it; raises `LinkLost`."""
        ...

    def read(self, within_s: float, until: Latch | None = None) -> bytes:
        """What is there, waiting at most `within_s`; empty at the deadline or when `until` is set.

        Raises `LinkLost`.
        """
        ...

    def fileno(self) -> int | None:
        """The descriptor that a guard may inherit; None for a port inside this process."""
        ...

    def close(self) -> None:
        """Let go; never raises."""
        ...


class PortKind(StrEnum):
    """What stands behind an address, as far as the operating system shows (design rule 8)."""

    DEVICE = "device"
    NETWORK = "network"
    PTY = "pty"
    LOOPBACK = "loopback"
    IN_PROCESS = "in_process"
    ABSENT = "absent"
    """A path where nothing is now."""

    @property
    def words(self) -> str:
        """What it is, for people; follows "is" in a sentence."""
        return _KIND_WORDS[self]

    def belongs(self, *, simulated: bool) -> bool:
        """Whether a simulated station may use it, or a real one; what is absent, neither yet."""
        return self is not PortKind.ABSENT and simulated is self.only_simulators

    @property
    def only_simulators(self) -> bool:
        """Whether nothing but a simulator can be there."""
        return self in {PortKind.PTY, PortKind.LOOPBACK, PortKind.IN_PROCESS}


_KIND_WORDS = {
    PortKind.DEVICE: "a device or file of this computer, where a real laser may be",
    PortKind.NETWORK: "an address in the network, where a real laser may be",
    PortKind.PTY: "a pseudo-terminal, which only simulators use",
    PortKind.LOOPBACK: "an address of this computer itself, which only simulators use",
    PortKind.IN_PROCESS: "a simulator inside the program itself",
    PortKind.ABSENT: "not there",
}


def port_kind(address: str) -> PortKind:
    """What kind of port an address names; links are followed, host names resolved.

    An address whose host cannot be resolved counts as `network`. Raises `ConfigError` for an
    address without a meaning.
    """
    scheme, separator, rest = address.partition("://")
    if not separator:
        if not address or "\0" in address:
            raise ConfigError("A port is a path, or an address like socket://HOST:PORT.")
        real = os.path.realpath(address)
        if not Path(real).exists():
            return PortKind.ABSENT
        return PortKind.PTY if _is_pty(real) else PortKind.DEVICE
    if scheme in _NETWORK_SCHEMES:
        host, _ = _host_and_port(address)
        return PortKind.LOOPBACK if _is_loopback(host) else PortKind.NETWORK
    if rest and scheme in _foreign_schemes():
        return PortKind.IN_PROCESS
    schemes = (*_NETWORK_SCHEMES, *_foreign_schemes())
    known = ", ".join(["a device path", *(f"{each}://" for each in schemes)])
    raise ConfigError(f"The port {address!r} has no known form. Known: {known}.")


def open_port(address: str, line: Line, runtime: Runtime, *, simulated: bool | None = None) -> Port:
    """Open a port exclusively, control lines low.

    With `simulated` a port of the other kind is refused, whatever was registered (design rule 8).
    Raises `PortUnavailable` or `ConfigError`.
    """
    kind = port_kind(address)
    if kind is PortKind.ABSENT:
        raise PortUnavailable(
            f"The port {address} does not exist. Check that the cable is plugged in."
        )
    if simulated is not None and not kind.belongs(simulated=simulated):
        raise PortUnavailable(
            f"The port {address} is {kind.words}. Simulated lasers belong to "
            "simulated stations, real lasers to real ones."
        )
    if kind is PortKind.IN_PROCESS:
        opener = _foreign_schemes()[address.partition("://")[0]].load()
        return cast("Callable[[str, Runtime], Port]", opener)(address, runtime)
    if address.startswith("rfc2217://"):
        return _open_rfc2217(address, line, runtime)
    try:
        handle = serial.serial_for_url(address, do_not_open=True)
        handle.baudrate = line.baudrate
        handle.bytesize = line.bytesize
        handle.parity = line.parity
        handle.stopbits = line.stopbits
        handle.timeout = 0
        if kind in {PortKind.DEVICE, PortKind.PTY}:
            handle.exclusive = True
        if line.control_lines_low:
            handle.dtr = False
            handle.rts = False
        handle.open()
    except (serial.SerialException, OSError, ValueError, TypeError, termios.error) as error:
        raise PortUnavailable(_unavailable(address, error)) from error
    if kind is PortKind.DEVICE:
        with contextlib.suppress(OSError):
            fcntl.ioctl(handle.fileno(), termios.TIOCEXCL)
    os.set_blocking(handle.fileno(), False)
    return FdPort(handle.fileno(), runtime, keep=handle)


def inherited_port(fd: int, runtime: Runtime, *, rfc2217: bool) -> Port:
    """A port on a descriptor that another process opened; `rfc2217` where it speaks that."""
    port = FdPort(fd, runtime)
    return Rfc2217Port(port, runtime, begun=True) if rfc2217 else port


class FdPort:
    """A port on a file descriptor: one that pyserial opened, or one inherited."""

    def __init__(self, fd: int, runtime: Runtime, keep: object = None) -> None:
        self._fd = fd
        self._runtime = runtime
        self._keep = keep

    def write(self, data: bytes) -> None:
        """Write all of it, waiting half a second at most for a line that takes nothing."""
        patience_ns = self._runtime.mono_ns() + round(_WRITE_PATIENCE_S * 1e9)
        rest = data
        while rest:
            try:
                rest = rest[self._runtime.write(self._fd, rest) :]
            except BlockingIOError:
                if self._runtime.mono_ns() > patience_ns:
                    raise NoReply("The port takes no more bytes now. Check the cable.") from None
                self._runtime.sleep(_WRITE_PAUSE_S)
            except OSError as error:
                raise LinkLost(_lost(error)) from error

    def read(self, within_s: float, until: Latch | None = None) -> bytes:
        """Wait with `poll`, take what is there.

        Owner and guard may read one line at once, and one of them finds nothing: only what is
        readable and empty again and again is closed.
        """
        for _ in range(_EMPTY_READS):
            if not self._runtime.wait_readable(self._fd, within_s, until):
                return b""
            try:
                data = self._runtime.read(self._fd, _READ_BYTES)
            except BlockingIOError:
                return b""
            except OSError as error:
                raise LinkLost(_lost(error)) from error
            if data:
                return data
            within_s = 0.0
        raise LinkLost("The far end closed the port. Check the cable and the laser's power.")

    def fileno(self) -> int | None:
        """The descriptor."""
        return self._fd

    def close(self) -> None:
        """Close by whoever opened it."""
        with contextlib.suppress(Exception):
            if isinstance(self._keep, serial.SerialBase):
                self._keep.close()
            else:
                self._runtime.close(self._fd)


@cache
def _foreign_schemes() -> dict[str, importlib.metadata.EntryPoint]:
    found = importlib.metadata.entry_points(group="devicelink.ports")
    return {point.name: point for point in found}


def _open_rfc2217(address: str, line: Line, runtime: Runtime) -> Port:
    """Connect, and set the line at the server; raises `PortUnavailable`."""
    try:
        connection = socket.create_connection(_host_and_port(address), _CONNECT_WITHIN_S)
    except OSError as error:
        raise PortUnavailable(_unavailable(address, error)) from error
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.settimeout(0)
    port = Rfc2217Port(FdPort(connection.detach(), runtime), runtime)
    try:
        port.set_line(line)
    except BaseException:
        port.close()
        raise
    return port


def _host_and_port(address: str) -> tuple[str, int]:
    """Host and port of an address; raises `ConfigError` where one of them is none."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or not port:
        scheme = address.partition("://")[0]
        raise ConfigError(f"The port {address!r} is no address. Write it as {scheme}://HOST:PORT.")
    return host, port


def _is_pty(path: str) -> bool:
    """By the device's number, wherever its node lies: Linux gives ptys the majors 136 to 143."""
    return path.startswith("/dev/pts/") or os.major(Path(path).stat().st_rdev) in _PTY_MAJORS


def _is_loopback(host: str) -> bool:
    try:
        addresses = {info[4][0] for info in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        return False
    return any(_stays_here(ipaddress.ip_address(str(address))) for address in addresses)


def _stays_here(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Loopback in any of its spellings; connecting to the unspecified address is loopback, too."""
    inner = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    meant = inner or address
    return meant.is_loopback or meant.is_unspecified


def _unavailable(address: str, error: Exception) -> str:
    text = str(error)
    if "exclusively lock" in text or "Device or resource busy" in text:
        return f"The port {address} is used by another program. Close that program and try again."
    if "Permission denied" in text:
        return f"The port {address} may not be opened by this user. Ask for access to it."
    return f"The port {address} cannot be opened ({text})."


def _lost(error: Exception) -> str:
    return f"The port is gone ({error}). Check the cable and the laser's power."
