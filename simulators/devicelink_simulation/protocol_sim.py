"""pyserial's handler for `sim://`: `serial.serial_for_url("sim://ipg?key=rem")`.

pyserial finds it by its name once `devicelink_simulation` is imported. See
`devicelink_simulation.urls` for what an address may hold. Time is that of the machine.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import serial

from devicelink.errors import DeviceLinkError
from devicelink.runtime import ThreadRuntime, nanoseconds
from devicelink_simulation.urls import SimPort, open_port

if TYPE_CHECKING:
    from collections.abc import Iterator

_SLICE_S = 0.001
_PATIENCE_S = 60.0
_TURN = object()


class Serial(serial.SerialBase):  # type: ignore[misc]  # pyserial has no types
    """A serial port with a simulated device on it; a reader and a writer thread may share it."""

    is_open: bool

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._runtime = ThreadRuntime()
        self._sim: SimPort | None = None
        self._waiting = b""
        self._turns: Any = self._runtime.mailbox()
        self._turns.post(_TURN)
        super().__init__(*args, **kwargs)

    def open(self) -> None:
        """Make the device; raises `SerialException` with a sentence."""
        if self._port is None:
            raise serial.SerialException("Name a port first, for example sim://ipg.")
        if self.is_open:
            raise serial.SerialException("The port is open already.")
        try:
            self._sim = open_port(self._port, self._runtime)
        except DeviceLinkError as error:
            raise serial.SerialException(str(error)) from error
        self._waiting = b""
        self.is_open = True

    def close(self) -> None:
        """End the device."""
        if self._sim is not None:
            self._sim.close()
        self._sim = None
        self.is_open = False

    def set(self, key: str, value: str) -> None:
        """Turn a knob of the device, beside what pyserial offers; raises `ConfigError`."""
        with self._turn() as sim:
            sim.set(key, value)

    def read(self, size: int = 1) -> bytes:
        """Up to `size` bytes; fewer when `timeout` seconds pass."""
        deadline_ns = None
        if self._timeout is not None:
            deadline_ns = self._runtime.mono_ns() + nanoseconds(self._timeout)
        while len(self._waiting) < size:
            over = deadline_ns is not None and self._runtime.mono_ns() >= deadline_ns
            self._listen()
            if over or len(self._waiting) >= size:
                break
            self._runtime.sleep(_SLICE_S)
        data, self._waiting = self._waiting[:size], self._waiting[size:]
        return data

    def write(self, data: Any, /) -> int:
        """To the device, at once."""
        sent = serial.to_bytes(data)
        try:
            with self._turn() as sim:
                sim.write(sent)
        except DeviceLinkError as error:
            raise serial.SerialException(str(error)) from error
        return len(sent)

    def flush(self) -> None:
        """Nothing waits to be sent."""

    @property
    def in_waiting(self) -> int:
        """How many bytes can be read at once."""
        self._listen()
        return len(self._waiting)

    def reset_input_buffer(self) -> None:
        """Drop what was received."""
        self._listen()
        self._waiting = b""

    def reset_output_buffer(self) -> None:
        """Nothing waits to be sent."""

    def _listen(self) -> None:
        try:
            with self._turn() as sim:
                self._waiting += sim.read(0)
        except DeviceLinkError as error:
            raise serial.SerialException(str(error)) from error

    @contextlib.contextmanager
    def _turn(self) -> Iterator[SimPort]:
        """One thread at a time; the mailbox holds the one token."""
        self._turns.take(_PATIENCE_S)
        try:
            if self._sim is None:
                raise serial.PortNotOpenError
            yield self._sim
        finally:
            self._turns.post(_TURN)

    def _reconfigure_port(self) -> None:
        """Line settings mean nothing here."""

    def _update_rts_state(self) -> None:
        """No modem lines."""

    def _update_dtr_state(self) -> None:
        """No modem lines."""

    def _update_break_state(self) -> None:
        """No modem lines."""

    @property
    def cts(self) -> bool:
        """Always ready."""
        return True

    @property
    def dsr(self) -> bool:
        """Always ready."""
        return True

    @property
    def ri(self) -> bool:
        """Never rings."""
        return False

    @property
    def cd(self) -> bool:
        """Always connected."""
        return True
