"""The `$` protocol as pure functions: frames, replies, and what they mean.

Sources: the maker's manual of the EA-1, its programmers' guide (general rules), and two host
programs by others. What follows from none of them is marked `[?]`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from devicelink.errors import DeviceFault, ProtocolError
from devicelink.link.framing import split_lines
from devicelink.meter import OVER_RANGE, CommandClass, Reading

if TYPE_CHECKING:
    from typing import Self

END = b"\r\n"
OVER = "OVER"
AUTO = "AUTO"
ANY_WITHIN = "CONTINUOUS"

_NUMBER = r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]{1,2})?"
_FIRMWARE = r"[A-Za-z]\S*[0-9]\S*"
_QUERIES = {
    "HP": r"",
    "VE": _FIRMWARE,
    "II": r"\S+ \S.*",
    "HI": r"\S\S.*",
    "SI": r"\S+",
    "SP": rf"{_NUMBER}|{OVER}",
    "SE": rf"{_NUMBER}|{OVER}",
    "EF": r"[01]",
    "ER": r"[01]",
    "MM0": r"[0-9]",
    "AR": r"-?[0-9]+( \S+)+",
    "AW": r"(CONTINUOUS|DISCRETE)( \S+)+",
    "FQ": r".*",
    "DQ": r".*",
}
"""What is asked, and the form of its answer, so that few are taken for another question's."""
_SETS = re.compile(r"MM[23]|FP|FE|WN(-1|[0-9]{1,2})|WI[1-9][0-9]?|WL [1-9][0-9]{1,4}", re.ASCII)
"""What is set: mode, range, an entry of the wavelengths, or the wavelength of the current one.

What is neither asked nor set is forbidden: reset, line speed, saving, zeroing, streaming, lists.
"""
_SUBJECTS = {
    "VE": "its firmware",
    "II": "its name",
    "HI": "its head",
    "SI": "its unit",
    "SP": "its next power reading",
    "SE": "the energy of a pulse",
    "EF": "whether a pulse came",
    "ER": "whether it is ready for a pulse",
    "MM0": "what it measures",
    "AR": "its ranges",
    "AW": "its wavelengths",
}
_ORDERS = {"M": "what it is to measure", "F": "what it is to measure", "W": "what it is to use"}
_ANSWERS = {word: re.compile(form, re.ASCII) for word, form in _QUERIES.items()}
_MARKER_ANSWER = re.compile(rf"\*[ ]*{_FIRMWARE}\r\n".encode())


def frame(word: str) -> bytes:
    """One command. It ends as two host programs end it; the manual asks for CR, and allows LF."""
    return b"$" + word.encode("ascii") + END


def _word_of(sent: bytes) -> str | None:
    """What stands in a frame; None where it is no single frame."""
    lines, rest = split_lines(sent, END)
    if rest or len(lines) != 1 or not lines[0].isascii() or not lines[0].startswith(b"$"):
        return None
    return lines[0][1:].decode("ascii")


class OphirWire:
    """The wire as the link sees it."""

    longest_reply = 400
    latest_reply_s = 3.0
    """`[?]` A reading is answered when the head has its next one."""
    frame_break = b"?" + END
    """Not the end alone: it would complete what another program began to set."""
    marker = frame("VE")
    """`[?]` Its answer is one word of letters and digits, and no other question's is."""

    def classify(self, sent: bytes) -> CommandClass:
        """Nothing here makes light; what is not named cannot be sent all the same."""
        word = _word_of(sent)
        if word is None:
            return CommandClass.FORBIDDEN
        if word in _ANSWERS:
            return CommandClass.QUERY
        return CommandClass.PREPARES if _SETS.fullmatch(word) else CommandClass.FORBIDDEN

    def split(self, received: bytes, sent: bytes) -> tuple[list[bytes], bytes]:  # noqa: ARG002 - the contract's
        """Replies end with CR LF."""
        return split_lines(received, END)

    def may_grow_s(self, sent: bytes, reply: bytes) -> float:  # noqa: ARG002 - the contract's
        """What ends with CR LF is whole."""
        return 0.0

    def answers(self, sent: bytes, reply: bytes) -> bool:
        """A `?` refuses anything; a `*` answers where it has the form of that answer."""
        if reply.startswith(b"?"):
            return True
        form = _ANSWERS.get(_word_of(sent) or "")
        return reply.startswith(b"*") and (form is None or bool(form.fullmatch(_body(reply))))

    def marker_replies(self, received: bytes) -> int:
        """Every whole line that can only tell a firmware, whatever garbage stands before it."""
        return len(_MARKER_ANSWER.findall(received))


def _body(reply: bytes) -> str:
    """What stands behind the `*`; a space may stand between."""
    return reply[1:].decode("ascii", errors="replace").strip()


def value_of(word: str, reply: bytes) -> str:
    """What was answered; raises `DeviceFault` for a refusal."""
    if reply.startswith(b"?"):
        text = reply.decode("ascii", errors="replace").strip()
        verb = "tell" if word in _ANSWERS else "take"
        raise DeviceFault(
            f"The meter does not {verb} {_subject(word)}. Check that its head is plugged in "
            f"(${word}: {text})."
        )
    return _body(reply)


def no_answer(word: str, within_s: float) -> str:
    """That no answer came, in words for people."""
    asked = "asked for" if word in _ANSWERS else "told"
    return f"The meter did not answer within {within_s:g} s when it was {asked} {_subject(word)}."


def _subject(word: str) -> str:
    """What a word asks for or sets."""
    known = _SUBJECTS if word in _ANSWERS else {word: _ORDERS.get(word[0], "")}
    return known.get(word) or f"${word}"


def reading_of(text: str) -> Reading:
    """A number as the meter wrote it; what over-ranged is none."""
    return Reading(None, OVER_RANGE) if text == OVER else Reading(text)


@dataclass(frozen=True, slots=True)
class Choice:
    """A list with a current entry, as `$AR` and `$FQ` tell it."""

    index: int
    entries: tuple[str, ...]
    first: int
    """The index that the meter gives the first entry."""

    @classmethod
    def of_ranges(cls, text: str) -> Self:
        """`3 AUTO 30.0mW …`: 0 is the largest range, and -1 is AUTO where that is listed."""
        index, *entries = text.split()
        return cls(int(index), tuple(entries), -1 if entries[0] == AUTO else 0)

    @classmethod
    def of_filter(cls, text: str) -> Self:
        """`1 OUT IN`, counted from 1; raises `ValueError` for what is no such list."""
        index, *entries = text.split()
        return cls(int(index), tuple(entries), 1)

    @property
    def current(self) -> str:
        """Raises `ProtocolError` for an index beyond the list."""
        position = self.index - self.first
        if not 0 <= position < len(self.entries):
            raise ProtocolError(
                f"The meter names an entry that its list has not ({self.index} of "
                f"{' '.join(self.entries)}). Choose one at its keys."
            )
        return self.entries[position]

    def index_of(self, entry: str) -> int:
        """Raises `DeviceFault` for what is not listed."""
        if entry not in self.entries:
            raise DeviceFault(f"The meter has no range {entry}; it has {', '.join(self.entries)}.")
        return self.entries.index(entry) + self.first


_UNREADABLE = "The meter tells its wavelengths in a way that cannot be read ({!r})."


@dataclass(frozen=True, slots=True)
class Wavelengths:
    """What `$AW` tells: a head that takes any within limits, or one that knows names."""

    limits_nm: tuple[Decimal, Decimal] | None
    choice: Choice

    @classmethod
    def read(cls, text: str) -> Self:
        """Raises `ProtocolError`."""
        kind, *words = text.split()
        try:
            limits = (Decimal(words.pop(0)), Decimal(words.pop(0))) if kind == ANY_WITHIN else None
            index, *entries = words
            choice = Choice(int(index), tuple(entries), 1)
        except (ArithmeticError, IndexError, ValueError):
            raise ProtocolError(_UNREADABLE.format(text)) from None
        if limits and not all(limit.is_finite() for limit in limits):
            raise ProtocolError(_UNREADABLE.format(text))
        return cls(limits, choice)

    def commands_for(self, wanted: str) -> tuple[str, ...]:
        """What sets a wavelength, the second where the first is refused; none where it is chosen.

        An old instrument knows no lists: it is told the wavelength itself. Raises `DeviceFault`
        where this head has it not.
        """
        choice = self.choice
        for position, entry in enumerate(choice.entries, choice.first):
            length_nm = nanometres(entry)
            if wanted == entry or (length_nm is not None and length_nm == wanted):
                if position == choice.index:
                    return ()
                return (f"WI{position}", *self._told(length_nm))
        if told := self._told(wanted):
            return told
        within = f" or {self.limits_nm[0]} to {self.limits_nm[1]} nm" if self.limits_nm else ""
        raise DeviceFault(
            f"The head has no wavelength {wanted!r}; it has {', '.join(self.choice.entries)}"
            f"{within}."
        )

    def _told(self, length_nm: str | None) -> tuple[str, ...]:
        """The command with the wavelength itself, where this head takes it."""
        if self.limits_nm is None or length_nm is None or not _WHOLE.fullmatch(length_nm):
            return ()
        lowest, highest = self.limits_nm
        return (f"WL {int(length_nm)}",) if lowest <= Decimal(length_nm) <= highest else ()


_LARGEST_UM = 100
_WHOLE = re.compile(r"[0-9]{1,5}", re.ASCII)


def nanometres(entry: str) -> str | None:
    """An entry's wavelength in nm; None for a name.

    `[?]` Lists hold 248 and 10.6 side by side: numbers below 100 are in micrometres.
    """
    try:
        number = Decimal(entry)
    except InvalidOperation:
        return None
    if not number.is_finite() or number <= 0:
        return None
    return f"{(number * 1000 if number < _LARGEST_UM else number).normalize():f}"
