"""The permit's bytes against the page's vectors."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from devicelink.driver import Effective, Trigger
from devicelink.errors import DeviceFault, ProtocolError
from devicelink.treatment.sessions import KINDS
from devicelink_olcp.permit import Asked, Limits, lease_within, limits_of, permit
from tests.drivers.olcp_page import VECTORS, grant, page

ASKED = Asked("OL-2101", page.BOOT, page.NONCE)
LIMITS = Limits(energy_uj=50_000, mean_power_mw=60_000, pulses=20_000)
STRANGER = {"public_key": page.public(page.STRANGER), "sign": page.STRANGER.sign}
BUILT = {
    "good": ({}, {}),
    "at 60 s, the last moment": ({}, {}),
    "nonce of no challenge": ({}, {"asked": Asked("OL-2101", page.BOOT, page.OLD_NONCE)}),
    "wrong device": ({}, {"asked": Asked("OL-2102", page.BOOT, page.NONCE)}),
    "wrong boot": ({}, {"asked": Asked("OL-2101", page.OTHER_BOOT, page.NONCE)}),
    "a key that is in no slot": (STRANGER, {}),
    "signed by another key under our key_id": ({"sign": page.STRANGER.sign}, {}),
    "a lease that this console does not offer": ({}, {"lease_ms": 300}),
    "energy in force above the permit's": (
        {},
        {"limits": Limits(energy_uj=19_999, mean_power_mw=60_000, pulses=20_000)},
    ),
    "another wavelength": ({"effective": ("1550", "scanner")}, {}),
    "another handpiece": ({"effective": ("10600", "collimated")}, {}),
}
"""Vectors by name: what is granted otherwise, and what is told otherwise."""


def in_force(wavelength="10600", handpiece="scanner"):
    """What was judged."""
    return Effective({}, {}, Trigger.HARDWARE, wavelength_nm=wavelength, handpiece=handpiece)


def made(granted=None, **told):
    """One permit."""
    granted = dict(granted or {})
    effective = in_force(*granted.pop("effective", ()))
    says = {"asked": ASKED, "limits": LIMITS, "lease_ms": 1000} | told
    lease_ms = says["lease_ms"]
    return permit(grant(effective, **granted), says["asked"], says["limits"], lease_ms=lease_ms)


@pytest.mark.parametrize("name", BUILT)
def test_the_pages_permits_are_made_byte_for_byte(name):
    """Good ones, and those that differ in what the console said or was granted."""
    granted, told = BUILT[name]
    vector = {each["name"]: each["permit"] for each in VECTORS["permits"]}[name]
    assert made(granted, **told).hex() == vector


@pytest.mark.parametrize(("number", "kind"), list(enumerate(KINDS, 1)))
def test_each_kind_of_session_has_its_number(number, kind):
    """All kinds that a session can be of."""
    assert made({"kind": kind})[121] == number


@given(
    st.binary(min_size=16, max_size=16),
    st.integers(1, 100_000),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=32),
)
@settings(max_examples=100, deadline=None)
def test_every_permit_is_signed_over_its_own_bytes_and_fits(permit_id, duration_s, serial):
    """At most 256 bytes, at most two hours, the signature over context and all before it."""
    told = made(
        {"permit_id": permit_id, "duration_s": duration_s},
        asked=Asked(serial, page.BOOT, page.NONCE),
    )
    assert len(told) <= 256
    assert int.from_bytes(told[122:124], "little") == min(duration_s, 7200)
    page.KEY.public_key().verify(told[-64:], page.CONTEXT + told[:-64])


@pytest.mark.parametrize(
    ("granted", "sentence"),
    [
        ({"permit_id": b""}, "permit_id"),
        ({"person_sha256": b"x"}, "person_sha256"),
        ({"kind": "none"}, "kind 'none'"),
        ({"kind": "party"}, "kind 'party'"),
        ({"duration_s": 0}, "no time"),
    ],
)
def test_what_no_permit_can_say_is_not_signed(granted, sentence):
    """Ours is the mistake then, and nothing is sent."""
    with pytest.raises(ProtocolError, match=sentence):
        made(granted)


def test_light_that_nobody_defined_gets_no_permit():
    """Without wavelength or handpiece, or with a serial number that no permit holds."""
    for effective, sentence in (
        ((None, "scanner"), "wavelength"),
        (("about 1550", "scanner"), "wavelength"),
        (("99999", "scanner"), "wavelength"),
        (("1550", None), "handpiece"),
    ):
        with pytest.raises(DeviceFault, match=sentence):
            made({"effective": effective})
    with pytest.raises(DeviceFault, match="fits no permit"):
        made(asked=Asked("x" * 33, page.BOOT, page.NONCE))


def test_a_handpiece_of_a_later_version_is_permitted_by_its_number():
    """It is the one in force, as the console told it."""
    assert made({"effective": ("10600", "handpiece_9")})[145:147] == b"\x01\x09"


@pytest.mark.parametrize(
    ("highest", "energy_uj"),
    [
        ({"energy_mj": "50"}, 50_000),
        ({"energy_mj": "19.9999"}, 19_999),
        ({"energy_mj": "0"}, 0),
        ({"energy_mj": "99999999"}, 0xFFFFFFFF),
        ({"energy_mj": "-1"}, 0),
        ({"pulse_us": "3"}, None),
    ],
)
def test_the_energy_is_limited_as_people_are_and_rounded_down(highest, energy_uj):
    """The permit's other limits narrow nothing; energy without a limit neither."""
    limits = limits_of(grant(in_force(), highest=highest))
    assert limits == Limits(energy_uj=energy_uj)
    assert limits.packed()[4:] == b"\xff" * 12


def test_a_limit_that_is_no_number_permits_nothing():
    """Ours is the mistake, and nothing is signed."""
    for highest in ("much", "NaN", "Infinity"):
        with pytest.raises(ProtocolError, match="no number"):
            limits_of(grant(in_force(), highest={"energy_mj": highest}))


@pytest.mark.parametrize(
    ("offered", "lease_ms"),
    [((300, 2000), 1000), ((1500, 2000), 1500), ((300, 500), 500), ((0, 65535), 1000)],
)
def test_the_lease_is_a_second_where_the_console_offers_it(offered, lease_ms):
    """Else what is nearest within its range."""
    assert lease_within(offered) == lease_ms


def test_a_lease_that_no_console_may_offer_is_refused():
    """Out of the page's own range there is none."""
    for offered in ((2001, 3000), (100, 299), (900, 800)):
        with pytest.raises(DeviceFault, match="lease"):
            lease_within(offered)


def test_the_pages_key_is_known_to_everybody():
    """The vectors' key signs here, in tests, alone."""
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(VECTORS["key"]["private_seed"]))
    assert page.public(key) == page.public(page.KEY)
