"""Reading a payload from its beginning: numbers, strings, counts. What follows is ignored.

Source of every fact: `docs/protocols/olcp.md`.
"""

from __future__ import annotations

from devicelink.errors import ProtocolError


class Payload:
    """The rest of a payload; every reader raises `ProtocolError` where it is too short."""

    def __init__(self, told: bytes, of: str) -> None:
        """`of` says, in words, what the laser told by it."""
        self._rest, self._of = told, of

    def take(self, size: int) -> bytes:
        """So many bytes."""
        taken, self._rest = self._rest[:size], self._rest[size:]
        if len(taken) < size:
            raise self.unreadable("it is too short")
        return taken

    def rest(self) -> bytes:
        """What was not read yet."""
        return self._rest

    def number(self, size: int) -> int:
        """Unsigned, little-endian."""
        return int.from_bytes(self.take(size), "little")

    def signed(self, size: int) -> int:
        """Signed, little-endian."""
        return int.from_bytes(self.take(size), "little", signed=True)

    def known(self, size: int) -> int | None:
        """A number; None where the laser says that it knows none."""
        number = self.number(size)
        return None if number == (1 << 8 * size) - 1 else number

    def text(self) -> str:
        """A string for people."""
        said = self.take(self.number(1))
        try:
            text = said.decode()
        except UnicodeDecodeError as error:
            raise self.unreadable("a name in it is no text") from error
        if not text.isprintable():
            raise self.unreadable("a name in it cannot be printed")
        return text

    def unreadable(self, why: str) -> ProtocolError:
        """To be raised: what was told makes no sense."""
        return ProtocolError(
            f"The laser tells {self._of} in a way that cannot be read: {why}. Switch it off and "
            "on. If this comes back, ask its maker which protocol it speaks."
        )


def decimal_text(number: int, places: int) -> str:
    """A whole number of thousandths, say, exactly: 12500 with three places is 12.500."""
    if not places:
        return str(number)
    whole, part = divmod(number, 10**places)
    return f"{whole}.{part:0{places}d}"
