"""The wires that a served device can hang on: a pseudo-terminal, TCP, or RFC 2217 over TCP."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
import tty
from typing import TYPE_CHECKING, Protocol

from devicelink.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from serial.rfc2217 import PortManager

_READ_BYTES = 4096


class ServedWire(Protocol):
    """One end of a wire; the host's program has the other."""

    @property
    def target(self) -> str:
        """What pyserial's `serial_for_url` takes to reach it."""
        ...

    def descriptors(self) -> list[int]:
        """The descriptors to wait on; `read` when one is readable."""
        ...

    def read(self) -> bytes:
        """What came from the host, never waiting; empty where nothing is there."""
        ...

    def write(self, data: bytes) -> None:
        """To the host; what it does not take now is lost, as on a serial line."""
        ...

    def close(self) -> None:
        """Take the wire away; closing again changes nothing."""
        ...


class PtyWire:
    """A raw pseudo-terminal; its far end is kept open, so that programs may come and go."""

    def __init__(self, link: Path | None) -> None:
        if link is not None and link.exists() and not link.is_symlink():
            raise ConfigError(f"{link} exists and is no link. Name another path for --link.")
        try:
            self._near, self._far = os.openpty()
        except OSError as error:
            reason = error.strerror or str(error)
            raise ConfigError(f"There is no pseudo-terminal to be had: {reason}.") from error
        tty.setraw(self._far)
        os.set_blocking(self._near, False)
        self._path = os.ttyname(self._far)
        self._link = link
        if link is not None:
            try:
                self._make_link(link)
            except OSError as error:
                self._close_ends()
                reason = error.strerror or str(error)
                raise ConfigError(f"The link {link} cannot be made: {reason}.") from error

    @property
    def target(self) -> str:
        """The link where there is one, else the pty's path."""
        return str(self._link) if self._link else self._path

    def descriptors(self) -> list[int]:
        """The near end, while there is one."""
        return [self._near] if self._near >= 0 else []

    def read(self) -> bytes:
        """What was written to the far end."""
        try:
            return os.read(self._near, _READ_BYTES)
        except BlockingIOError:
            return b""

    def write(self, data: bytes) -> None:
        """Into the far end's buffer of 4 KiB."""
        with contextlib.suppress(BlockingIOError):
            os.write(self._near, data)

    def close(self) -> None:
        """Whoever has the far end open reads an error from now on; our own link goes."""
        if self._link is not None and self._is_ours(self._link):
            self._link.unlink()
        self._close_ends()

    def _make_link(self, link: Path) -> None:
        """Atomically: the path names either the old port or this one."""
        new = link.with_name(f".{link.name}.{os.getpid()}")
        new.unlink(missing_ok=True)
        new.symlink_to(self._path)
        new.replace(link)

    def _is_ours(self, link: Path) -> bool:
        return self._near >= 0 and link.is_symlink() and str(link.readlink()) == self._path

    def _close_ends(self) -> None:
        if self._near >= 0:
            os.close(self._near)
            os.close(self._far)
            self._near = -1


class TcpWire:
    """A TCP server on a loopback address; programs are served one after another."""

    scheme, option = "socket", "--tcp"

    def __init__(self, address: str) -> None:
        host, port = _loopback(address, self.option)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            self._server = socket.create_server((host, port), family=family, backlog=8)
        except OSError as error:
            reason = error.strerror or str(error)
            raise ConfigError(f"{address} cannot be served: {reason}.") from error
        self._server.settimeout(0)
        self._client: socket.socket | None = None
        shown = f"[{host}]" if ":" in host else host
        self.address = f"{shown}:{self._server.getsockname()[1]}"

    @property
    def target(self) -> str:
        """The scheme, and HOST:PORT."""
        return f"{self.scheme}://{self.address}"

    def descriptors(self) -> list[int]:
        """The client where there is one, else the server; none when closed."""
        socks = [self._client or self._server]
        return [sock.fileno() for sock in socks if sock.fileno() >= 0]

    def read(self) -> bytes:
        """From the client; lets the next one in where there is none."""
        if self._client is None:
            self._accept()
            return b""
        try:
            data = self._client.recv(_READ_BYTES)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        if not data:
            self._hang_up()
        return data

    def write(self, data: bytes) -> None:
        """To the client; to nobody where there is none."""
        if self._client is None:
            return
        with contextlib.suppress(OSError):
            self._client.send(data)

    def close(self) -> None:
        """Stop listening and hang up, in this order: who hears the end cannot come back."""
        self._server.close()
        self._hang_up()

    def _accept(self) -> None:
        try:
            self._client, _ = self._server.accept()
        except OSError:
            return
        self._client.settimeout(0)
        self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _hang_up(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


class Rfc2217Wire(TcpWire):
    """TCP whose host sets the line by RFC 2217; any speed works, as the laser's own is not known.

    A client that breaks the protocol is hung up on.
    """

    scheme, option = "rfc2217", "--rfc2217"

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self._line: PortManager | None = None

    def read(self) -> bytes:
        """From the client, without what it says of the line."""
        data = super().read()
        if self._client is None or not data:
            return b""
        try:
            if self._line is None:
                return b""
            return b"".join(self._line.filter(data))
        except Exception:  # noqa: BLE001  (pyserial raises what it likes for a broken command)
            self._hang_up()
            return b""

    def write(self, data: bytes) -> None:
        """To the client, with 0xFF doubled."""
        super().write(data.replace(b"\xff", b"\xff\xff"))

    def _accept(self) -> None:
        super()._accept()
        if self._client is not None:
            from serial import serial_for_url
            from serial.rfc2217 import PortManager

            self._line = PortManager(serial_for_url("loop://"), _Said(super().write))

    def _hang_up(self) -> None:
        super()._hang_up()
        self._line = None


class _Said:
    """What pyserial's port manager writes to."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self.write = write


def _loopback(address: str, option: str) -> tuple[str, int]:
    """Host and port; raises `ConfigError` for anything but this machine itself."""
    host, colon, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not (colon and host and port.isascii() and port.isdecimal() and int(port) < 65536):  # noqa: PLR2004  (ports are 16 bits)
        raise ConfigError(f"{option} must be written as HOST:PORT, not {address!r}.")
    host = "127.0.0.1" if host == "localhost" else host
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise ConfigError(
            f"A simulator serves this machine only, not {host}. Use 127.0.0.1:{port}."
        )
    return host, int(port)
