"""The whole suite of devicelink, and what only this wire can get wrong."""

from __future__ import annotations

import pytest
from devicelink.driver import CommandClass
from devicelink.errors import DeviceFault, ProtocolError
from devicelink_simulation.conformance import DriverConformance

from devicelink_aurora.frames import AuroraWire, Report, body_of, frame, value_of
from devicelink_aurora_sim.profile import PROFILE


class TestAurora(DriverConformance):
    """Every check, on the laser of the profile."""

    profile = PROFILE


def test_a_frame_is_as_the_sheet_writes_it() -> None:
    """Bytes from the sheet, so that driver and simulator cannot be wrong together."""
    assert frame("OFF") == b"OFF*DB\r"
    assert body_of(b"OFF OK*95") == "OFF OK"


def test_a_wrong_checksum_is_no_answer() -> None:
    """Nor is an echo."""
    wire = AuroraWire()
    assert wire.answers(frame("OFF"), b"OFF OK*95")
    assert not wire.answers(frame("OFF"), b"OFF OK*96")
    assert not wire.answers(frame("OFF"), b"OFF*DB")


def test_the_frame_break_completes_no_half_frame() -> None:
    """Wherever an enabling frame was cut, what comes of it is no line."""
    for word in ("OPEN", "ARM"):
        for cut in range(len(frame(word))):
            whole = frame(word)[:cut] + AuroraWire.frame_break
            assert body_of(whole.removesuffix(b"\r")) is None


def test_unknown_words_are_forbidden() -> None:
    """So is a known one in another form."""
    classify = AuroraWire().classify
    for body in ("FIRE", "SET", "SET 1", "ARM 1", "off"):
        assert classify(frame(body)) is CommandClass.FORBIDDEN, body
    assert classify(frame("OFF") * 2) is CommandClass.FORBIDDEN


def test_a_refusal_is_raised() -> None:
    """And a state that the sheet does not know is no state."""
    with pytest.raises(DeviceFault):
        value_of("ARM", frame("ARM NO STATE").removesuffix(b"\r"))
    with pytest.raises(ProtocolError):
        Report.read("OPENED K1 I1 R0 P0 L0 F0 N1")
