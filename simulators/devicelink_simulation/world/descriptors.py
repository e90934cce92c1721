"""What descriptors of simulated processes stand for: pipes, lock files, the laser's port."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devicelink_simulation.world.kernel import Kernel, Signal
    from devicelink_simulation.world.wire import SimWire

PIPE_BYTES = 65_536


class Description:
    """Something open, held by the descriptors of one or more processes."""

    def __init__(self) -> None:
        self.holders = 0

    def let_go(self) -> None:
        """One descriptor less; the last one closes it."""
        self.holders -= 1
        if self.holders == 0:
            self.close()

    def close(self) -> None:
        """Nobody holds it any more."""

    def readable(self) -> bool:
        """Whether a read would not wait."""
        return False

    def next_ns(self) -> int | None:
        """When something may come by itself."""
        return None

    def signal(self) -> Signal | None:
        """What fires when something comes."""
        return None

    def read(self, count: int) -> bytes:
        """As os.read."""
        del count
        raise OSError(errno.EBADF, "Bad file descriptor")

    def write(self, data: bytes) -> int:
        """As os.write."""
        del data
        raise OSError(errno.EBADF, "Bad file descriptor")


class Pipe:
    """A pipe's bytes, between its two ends."""

    def __init__(self, kernel: Kernel) -> None:
        from devicelink_simulation.world.kernel import Signal

        self.data = b""
        self.some = Signal(kernel)
        self.read_end = PipeRead(self)
        self.write_end = PipeWrite(self)


class PipeRead(Description):
    """The end to read."""

    def __init__(self, pipe: Pipe) -> None:
        super().__init__()
        self._pipe = pipe

    def readable(self) -> bool:
        """Bytes, or the end."""
        return bool(self._pipe.data) or self._pipe.write_end.holders == 0

    def signal(self) -> Signal:
        """Bytes came, or the last writer went."""
        return self._pipe.some

    def read(self, count: int) -> bytes:
        """Empty at the end."""
        if not self.readable():
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
        taken, self._pipe.data = self._pipe.data[:count], self._pipe.data[count:]
        return taken


class PipeWrite(Description):
    """The end to write."""

    def __init__(self, pipe: Pipe) -> None:
        super().__init__()
        self._pipe = pipe

    def close(self) -> None:
        """The reader reads the end."""
        self._pipe.some.fire()

    def write(self, data: bytes) -> int:
        """All of it, while somebody may read and there is room."""
        if self._pipe.read_end.holders == 0:
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")
        if len(self._pipe.data) + len(data) > PIPE_BYTES:
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
        self._pipe.data += data
        self._pipe.some.fire()
        return len(data)


class LockFile(Description):
    """A lock file, held."""

    def __init__(self, held: dict[str, LockFile], path: str) -> None:
        super().__init__()
        self._held = held
        self._path = path
        held[path] = self

    def close(self) -> None:
        """Free for the next."""
        del self._held[self._path]


class OpenPort(Description):
    """The laser's port, opened; dead for good once its cable was pulled."""

    def __init__(self, wire: SimWire) -> None:
        super().__init__()
        self._wire = wire
        self._plug = wire.plug()

    def _check(self) -> None:
        if self._wire.plug() != self._plug:
            raise OSError(errno.EIO, "Input/output error")

    def close(self) -> None:
        """Another may open it."""
        self._wire.opened = None

    def readable(self) -> bool:
        """Bytes, or the end of the port."""
        return self._wire.readable(self._plug)

    def next_ns(self) -> int | None:
        """When the laser may next say something by itself."""
        return self._wire.next_ns()

    def signal(self) -> Signal:
        """Something was sent to the laser, or done to it."""
        return self._wire.stirred

    def read(self, count: int) -> bytes:
        """What arrived."""
        self._check()
        return self._wire.take(count)

    def write(self, data: bytes) -> int:
        """On its way to the laser."""
        self._check()
        self._wire.send(data)
        return len(data)
