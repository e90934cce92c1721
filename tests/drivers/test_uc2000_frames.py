"""What UC-2000 frames can do, where replies end, what status bytes mean: the pure side."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devicelink.driver import CommandClass
from devicelink.errors import DeviceFault, NoReply, ProtocolError
from devicelink.link.link import Link
from devicelink.link.transcript import NoTranscript
from devicelink_uc2000 import Uc2000
from devicelink_uc2000.frames import STATUS, Report, Uc2000Wire, form_of, frame
from tests.drivers.dialogues import Clock, token

ON, OFF = Uc2000Wire(checksum=True), Uc2000Wire(checksum=False)
SHEET = {
    "5B 70 8F": (0x70,),
    "5B 73 8C": (0x73,),
    "5B 75 8A": (0x75,),
    "5B 76 89": (0x76,),
    "5B 7B 84": (0x7B,),
    "5B 7C 83": (0x7C,),
    "5B 31 CE": (0x31,),
    "5B 7F 00 80": (0x7F, 0),
    "5B 7F 14 6C": (0x7F, 20),
    "5B 7F 28 58": (0x7F, 40),
    "5B 7F 64 1C": (0x7F, 100),
    "5B 7F 7D 03": (0x7F, 125),
    "5B 7F 7E 02": (0x7F, 126),
    "5B 7F BE C2": (0x7F, 190),
}
NEVER = {"5B 30 CF", "5B 71 8E", "5B 72 8D", "5B 74 8B", "5B 77 88", "5B 7A 85", "5B 7D 82"}
EXAMPLE = bytes.fromhex("AA A8 32 00 00")


@pytest.mark.parametrize(("text", "order"), SHEET.items())
def test_frames_of_the_sheet(text, order):
    """Each frame to the byte; without checksums its last byte is missing."""
    assert ON.frame(*order) == bytes.fromhex(text)
    assert OFF.frame(*order) == bytes.fromhex(text)[:-1]


def expected(wire, sent):
    """The class that the sheet gives a frame."""
    reducing = {"5B 76 89", "5B 7F 00 80", "5B 7B 84"}
    if sent == STATUS:
        return CommandClass.QUERY
    if sent in {bytes.fromhex(text) for text in reducing}:
        return CommandClass.REDUCES
    body, check = (sent[:-1], sent[-1:]) if wire.checksum else (sent, b"")
    if not body.startswith(b"\x5b") or (check and check[0] != ~sum(body[1:]) & 0xFF):
        return CommandClass.FORBIDDEN
    match list(body[1:]):
        case [0x75]:
            return CommandClass.ENABLES
        case [0x76 | 0x7B] | [0x7F, 0]:
            return CommandClass.REDUCES
        case [0x70 | 0x73 | 0x7C | 0x31]:
            return CommandClass.PREPARES
        case [0x7F, data] if data <= 190 and (wire.checksum or data != 0x7E):
            return CommandClass.PREPARES
    return CommandClass.FORBIDDEN


@pytest.mark.parametrize("wire", [ON, OFF], ids=["on", "off"])
def test_every_frame_has_its_class(wire):
    """All frames of one and two bytes, and all that begin with a start byte up to four."""
    assert wire.classify(b"") is CommandClass.FORBIDDEN
    for size in (1, 2):
        for sent in map(bytes, itertools.product(range(256), repeat=size)):
            assert wire.classify(sent) is expected(wire, sent), sent.hex(" ")
    for body in itertools.product(range(256), repeat=2):
        sent = bytes([0x5B, *body])
        assert wire.classify(sent) is expected(wire, sent), sent.hex(" ")
        for check in {~sum(body) & 0xFF, 0x00, 0x80, 0x7E}:
            assert wire.classify(sent + bytes([check])) is expected(wire, sent + bytes([check]))


@pytest.mark.parametrize("wire", [ON, OFF], ids=["on", "off"])
@pytest.mark.parametrize("text", sorted(NEVER))
def test_what_is_never_sent(wire, text):
    """Lase on power-up, gate pull-up, analogue modes and others cannot be sent at all."""
    whole = bytes.fromhex(text)
    for sent in (whole, whole[:-1]):
        assert wire.classify(sent) is CommandClass.FORBIDDEN


def test_the_power_byte_that_is_a_question():
    """63 % is sendable with its checksum only: without, its byte is the status request."""
    assert ON.classify(bytes.fromhex("5B 7F 7E 02")) is CommandClass.PREPARES
    assert OFF.classify(bytes.fromhex("5B 7F 7E")) is CommandClass.FORBIDDEN
    assert OFF.classify(bytes.fromhex("5B 7F 7E 02")) is CommandClass.FORBIDDEN
    assert OFF.classify(bytes.fromhex("5B 7F 7D")) is CommandClass.PREPARES


def check(body):
    """The checksum over bytes."""
    return bytes([~sum(body) & 0xFF])


FORMS = {
    "none": EXAMPLE,
    "data": EXAMPLE + check(EXAMPLE[1:]),
    "all": EXAMPLE + check(EXAMPLE),
}


class Pieces:
    """A port that gives its pieces one read at a time, and then silence."""

    def __init__(self, *pieces):
        self.clock, self.pieces, self.sent = Clock(), list(pieces), []

    def write(self, data):
        """Note it, unless it only ends what another program may have begun."""
        if data != Uc2000Wire.frame_break:
            self.sent.append(data)

    def read(self, within_s, until=None):
        """The next piece, once something was asked."""
        if self.sent and self.pieces:
            return self.pieces.pop(0)
        self.clock.ns += round(within_s * 1e9)
        return b""


def ask(port, wire=None, sent=STATUS, **more):
    """One exchange over these pieces."""
    link = Link(port, wire or Uc2000Wire(checksum=True), port.clock, NoTranscript())
    return link.exchange(sent, within_s=0.2, **more)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("known", [False, True])
def test_a_status_split_at_every_byte(form, known):
    """However its bytes come, the same reply is read, its checksum included."""
    whole = FORMS[form]
    for cuts in itertools.chain([()], itertools.combinations(range(1, len(whole)), 2)):
        edges = [0, *cuts, len(whole)]
        wire = Uc2000Wire(checksum=True)
        wire.form = form if known else None
        port = Pieces(*(whole[a:b] for a, b in itertools.pairwise(edges)))
        assert ask(port, wire) == whole
    wire = Uc2000Wire(checksum=True)
    assert ask(Pieces(*(bytes([byte]) for byte in whole)), wire) == whole


@pytest.mark.parametrize("form", ["data", "all"])
def test_a_wrong_checksum_is_no_reply(form):
    """A status whose sixth byte is not its checksum is never taken, known form or not."""
    for known in (None, form):
        for bit in range(48):
            broken = bytearray(FORMS[form])
            broken[bit // 8] ^= 1 << bit % 8
            wire = Uc2000Wire(checksum=True)
            wire.form = known
            with pytest.raises((NoReply, DeviceFault, ProtocolError)):
                Report.read(ask(Pieces(bytes(broken)), wire))


def test_a_known_form_takes_no_other():
    """Where a checksum is known to stand behind, five bytes are half a reply; the other way too."""
    for known, came in (("data", "none"), ("all", "none"), ("none", "data"), ("data", "all")):
        wire = Uc2000Wire(checksum=True)
        wire.form = known
        with pytest.raises(NoReply):
            ask(Pieces(FORMS[came]), wire)


@pytest.mark.parametrize("known", [None, "none"])
def test_a_late_acknowledgement_shifts_no_status(known):
    """`AA` of an earlier order before a status would read as another state; it is not taken."""
    wire = Uc2000Wire(checksum=True)
    wire.form = known
    for pieces in ([b"\xaa" + EXAMPLE], [b"\xaa", EXAMPLE], [b"\xaa" + EXAMPLE[:-1], b"\x00"]):
        with pytest.raises(NoReply):
            ask(Pieces(*pieces), wire)


@pytest.mark.parametrize(("known", "waited_s"), [(None, 0.05), ("none", 0.02), ("data", 0)])
def test_how_long_a_status_is_listened_to(known, waited_s):
    """50 ms while the form is not known; known to end there, longer than a USB adapter keeps it."""
    wire = Uc2000Wire(checksum=True)
    wire.form = known
    port = Pieces(FORMS[known or "none"])
    link = Link(port, wire, port.clock, NoTranscript())
    link._unsure = False
    began_ns = port.clock.ns
    link.exchange(STATUS, within_s=0.2)
    assert (port.clock.ns - began_ns) / 1e9 == pytest.approx(waited_s)


@given(st.binary(min_size=1, max_size=5), st.binary(max_size=3))
@settings(max_examples=300, deadline=None)
def test_garbage_before_a_status_is_no_status(before, behind):
    """Bytes around a status spoil it: what is read is a refusal, nothing, or a whole other one."""
    try:
        reply = ask(Pieces(before + EXAMPLE + behind))
    except (NoReply, ProtocolError):
        return
    assert reply == b"\x3f" or form_of(reply) in {"data", "all"}


@pytest.mark.parametrize("sent", [ON.frame(0x76), ON.frame(0x7F, 0), ON.frame(0x70)])
@pytest.mark.parametrize(
    ("came", "reply"),
    [(b"\xaa", b"\xaa"), (b"\x3f", b"\x3f"), (b"\x00", None), (b"\x89\xaa", None), (b"", None)],
)
def test_a_command_is_answered_by_one_byte(sent, came, reply):
    """`AA` or `3F`; anything else is no answer, also with an `AA` behind it."""
    port = Pieces(came) if came else Pieces()
    if reply is None:
        with pytest.raises(NoReply):
            ask(port, sent=sent)
    else:
        assert ask(port, sent=sent) == reply


def test_lasing_is_enabled_by_a_token_once():
    """`75` leaves under the token of a durable intent alone, and once."""
    lase_on = ON.frame(0x75)
    port = Pieces(b"\xaa")
    with pytest.raises(ProtocolError, match="without a durable intent"):
        ask(port, sent=lase_on)
    assert port.sent == []
    held = token()
    assert ask(port, sent=lase_on, token=held) == b"\xaa"
    with pytest.raises(ProtocolError, match="repeat"):
        ask(port, sent=lase_on, token=held)
    assert port.sent == [lase_on]


def test_a_forbidden_frame_never_leaves():
    """Not even under a token: no byte is written."""
    for wire, text in ((ON, "5B 30 CF"), (ON, "5B 7A 85"), (OFF, "5B 7F 7E"), (ON, "5B 75")):
        port = Pieces()
        with pytest.raises(ProtocolError, match="forbidden"):
            ask(port, wire, bytes.fromhex(text), token=token())
        assert port.sent == []


def test_status_bits():
    """The sheet's two captured replies, bit by bit."""
    quiet = Report.read(EXAMPLE)
    assert (quiet.mode, quiet.remote, quiet.lase_on, quiet.gate_pull_up) == (0, True, False, True)
    assert (quiet.lase_on_power_up, quiet.version, quiet.power_percent) == (False, "3", "0")
    assert quiet.as_configuration() == {
        "mode": "0",
        "remote": "1",
        "gate_pull_up": "1",
        "pwm_frequency": "2",
        "lase_on_power_up": "0",
        "max_pwm_95": "1",
    }
    lasing = Report.read(bytes.fromhex("AA B8 32 28 00"))
    assert (lasing.lase_on, lasing.power_percent) == (True, "20")
    assert Report.read(bytes.fromhex("AA 0B 31 7D 00")).power_percent == "62.5"


def test_a_frequency_that_no_unit_has():
    """Bits of the frequency that mean nothing are a broken reply."""
    with pytest.raises(ProtocolError, match="cannot be read"):
        Report.read(bytes.fromhex("AA E8 32 00 00"))


def test_the_lock_is_read_back_in_time():
    """The silence before a lock's read-back, and every deadline, fit in the beat of a guard."""
    declared = Uc2000.declaration
    assert ON.latest_reply_s + declared.query_within_s < 1.0
    assert frame(0x76, checksum=True) in declared.lock_bytes
