"""INTERLOCK/1 as pure functions: frames, replies, what they mean. Source: the protocol's page."""

from __future__ import annotations

import binascii
import re

from devicelink.errors import DeviceFault, ProtocolError
from devicelink.link.framing import split_lines
from devicelink.relay import CommandClass

OPEN = b"!"
NO_TAG = "----"
MARKER_TAG = "FFFF"
"""Of the marker alone: its reply is no other question's."""
TAGS = 0xFFFF

_REPLY = re.compile(rb"<([!-~]+(?: [!-~]+)*)\*([0-9A-F]{4})")
_COMMAND = re.compile(
    rb">((?:ID|STATUS) [0-9A-F]{4}|BEAT [0-9A-F]{4} [0-9A-F]{4}"
    rb"|CLOSE [0-9A-F]{4} [0-9A-F]{4} [!-~]{1,20})\*([0-9A-F]{4})\n"
)
_CLASSES = {
    b"ID": CommandClass.QUERY,
    b"STATUS": CommandClass.QUERY,
    b"BEAT": CommandClass.PREPARES,
    b"CLOSE": CommandClass.ENABLES,
}
"""A beat closes nothing; it is no question either: what locks may not send it."""
_REFUSALS = {
    "LINE": "could not read what it was sent",
    "WORD": "does not know that command",
    "SERIAL": "has another serial number",
    "STATE": "is not in that state: it has opened, or is closed already",
    "FAULT": "has a fault, or is not read back open",
    "ECHO": "was not told its latest challenge",
}


def checksum(text: bytes) -> bytes:
    """CRC-16/CCITT-FALSE, four capitals."""
    return b"%04X" % binascii.crc_hqx(text, 0xFFFF)


def frame(word: str, tag: str, *arguments: str) -> bytes:
    """One command."""
    text = " ".join((word, tag, *arguments)).encode("ascii")
    return b">" + text + b"*" + checksum(text) + b"\n"


def words_of(reply: bytes) -> list[str] | None:
    """The words of a reply; None where it is none, or its CRC is another."""
    whole = _REPLY.fullmatch(reply[reply.rfind(b"<") :]) if b"<" in reply else None
    if whole is None or checksum(whole[1]) != whole[2]:
        return None
    return whole[1].decode("ascii").split(" ")


def _asked(sent: bytes) -> tuple[str, str]:
    """The word and the tag of what was sent."""
    if sent == OPEN:
        return "OPEN", NO_TAG
    word, tag = sent[1:].split(b"*")[0].split(b" ")[:2]
    return word.decode("ascii"), tag.decode("ascii")


class InterlockWire:
    """The wire as the link sees it."""

    longest_reply = 240
    """Three replies: those to a few `!` may come together."""
    latest_reply_s = 0.5
    frame_break = b">"
    """What begins a line makes the relay forget the one before."""
    marker = frame("ID", MARKER_TAG)

    def classify(self, sent: bytes) -> CommandClass:
        """What is no whole command of ours cannot be sent."""
        if sent == OPEN:
            return CommandClass.REDUCES
        whole = _COMMAND.fullmatch(sent)
        if whole is None or checksum(whole[1]) != whole[2]:
            return CommandClass.FORBIDDEN
        return _CLASSES[whole[1].split(b" ")[0]]

    def split(self, received: bytes, sent: bytes) -> tuple[list[bytes], bytes]:  # noqa: ARG002 - the contract's
        """Replies end with LF."""
        return split_lines(received, b"\n")

    def may_grow_s(self, sent: bytes, reply: bytes) -> float:  # noqa: ARG002 - the contract's
        """What ends with LF is whole."""
        return 0.0

    def answers(self, sent: bytes, reply: bytes) -> bool:
        """Its tag says so; an unreadable command is answered without one."""
        told = words_of(reply)
        if told is None or self.classify(sent) is CommandClass.FORBIDDEN:
            return False
        word, tag = _asked(sent)
        if told[:2] == ["ERR", NO_TAG]:
            return sent != OPEN
        return told[:2] in ([word, tag], ["ERR", tag])

    def marker_replies(self, received: bytes) -> int:
        """Every whole one, whatever garbage stands before it."""
        told = [words_of(reply) for reply in split_lines(received, b"\n")[0]]
        return sum(words is not None and words[:2] == ["ID", MARKER_TAG] for words in told)


def body(reply: bytes) -> list[str]:
    """The words behind the tag; raises `DeviceFault` for a refusal, `ProtocolError`."""
    told = words_of(reply)
    if told is None:
        raise ProtocolError(f"The relay answered what is no line of INTERLOCK/1 ({reply!r:.80}).")
    if told[0] == "ERR":
        code = told[2] if len(told) > 2 else ""  # noqa: PLR2004 - ERR, tag, code
        raise DeviceFault(f"The relay {_REFUSALS.get(code, 'refused')} ({' '.join(told)}).")
    return told[2:]
