"""Dialogues with an OLCP console: the list of what is sent and what comes back is the test."""

from __future__ import annotations

import pytest

from devicelink.console import CheckedPulse, CheckingConsole, Console
from devicelink.driver import DeviceState, Evidence, Shown, Trigger
from devicelink.errors import (
    DeviceDeclined,
    DeviceFault,
    LinkError,
    NoReply,
    ProtocolError,
    WrongDevice,
)
from devicelink.link.link import Link
from devicelink.link.transcript import NoTranscript
from devicelink.session.account import Account
from devicelink.session.own_check import OwnCheck
from devicelink_olcp import Olcp
from devicelink_olcp.driver import LOCK_ORDER, TO_STANDBY
from devicelink_olcp.names import Refusal
from tests.drivers.dialogues import Clock
from tests.drivers.olcp_page import (
    AFTER,
    BEAT,
    BEFORE,
    CAN,
    CAPS,
    CHALLENGE,
    CHECK_BEGIN,
    CHECK_END,
    COMMIT,
    EVENTS_READ,
    IDENT,
    PERMIT,
    PROPOSE,
    READY_REQUEST,
    REPORTS_READ,
    SETTINGS_READ,
    STANDBY,
    STATUS,
    TIME,
    VECTORS,
    WHO,
    Refuses,
    ask,
    block,
    caps,
    dialogue,
    page,
    payload,
    status,
    unlock_token,
)
from tests.drivers.scripted import Script, scripted, token

GOOD = {"energy_mj": "20"}
PROPOSED = b"\x01" + page.pack("<BI", 1, 20_000)
EFFECTIVE = (ask(IDENT, WHO), ask(SETTINGS_READ, AFTER), ask(STATUS, status(2)))
ENABLED = (ask(IDENT, WHO), ask(CAPS, CAN), ask(CHALLENGE, payload("CHALLENGE")))


CLOCK = ask(TIME, page.BOOT + page.pack("<Q", 61_000))
"""Of the console whose status is made here."""


def said(call, *exchanges):
    """What a fresh driver makes of a dialogue, all of which has to take place."""
    driver = Olcp({})
    with scripted(driver, *dialogue(*exchanges)) as link:
        return call(driver, link)


def effective(*exchanges):
    """What is in force, as the page's console tells it."""
    return said(lambda driver, link: driver.read_effective(link, {}), *(exchanges or EFFECTIVE))


def prepared(settings, *exchanges):
    """Prepare with these settings."""
    return said(lambda driver, link: driver.prepare(link, settings), *exchanges)


def unlocked(spent, *exchanges):
    """Unlock under this token."""
    return said(lambda driver, link: driver.unlock(link, spent), *exchanges)


def test_a_whole_session():
    """Verb by verb, as on the page: who, settings, permit, beats, dark, locked."""
    permit = bytes.fromhex(VECTORS["permits"][0]["permit"]).replace(
        page.pack("<2I", 60_000, 20_000), b"\xff" * 8
    )[:-64]
    permit += page.KEY.sign(page.CONTEXT + permit)
    closed = status(2, nonce=0xAA)
    driver = Olcp({})
    with scripted(
        driver,
        *dialogue(
            ask(IDENT, WHO),
            *(ask(CAPS, CAN), ask(SETTINGS_READ, BEFORE)),
            (PROPOSE, PROPOSED, payload("SETTINGS_PROPOSE")),
            (COMMIT, payload("SETTINGS_COMMIT", "request"), AFTER),
            *EFFECTIVE,
            *ENABLED,
            (PERMIT, permit, payload("PERMIT")),
            ask(STATUS, payload("STATUS, in STANDBY")),
            (BEAT, page.beat(0xA2, 813), payload("BEAT, the lease begins")),
            ask(CAPS, CAN),
            (BEAT, page.beat(0xA3, 813), payload("BEAT, while ARMING")),
            (BEAT, page.beat(0xA4, 814), payload("BEAT, READY by now")),
            ask(STANDBY, payload("STANDBY")),
            closed,
            ask(STANDBY, closed),
            CLOCK,
            ask(STATUS, closed),
        ),
    ) as link:
        identity = driver.identify(link)
        driver.prepare(link, GOOD)
        in_force = driver.read_effective(link, GOOD)
        driver.unlock(link, unlock_token(in_force))
        seen, ready = [driver.read_status(link)], token()
        seen.append(driver.sustain(link, ready, in_force, seen[-1], 813))
        assert driver.ready(link, ready)
        for last_event in (813, 814):
            seen.append(driver.sustain(link, ready, in_force, seen[-1], last_event))
        driver.standby(link)
        for way in driver.declaration.lock_ways:
            driver.reduce(link, way)
        locked = driver.read_lock(link)
    assert isinstance(driver, Console)
    assert (identity.serial, identity.model) == ("OL-2101", "Resurface CO2")
    assert identity.firmware == "1.4.0"
    assert identity.details["maker"] == "Example Laser Maker"
    assert [each.state.value for each in seen] == ["STANDBY", "STANDBY", "ARMING", "READY"]
    assert {each.evidence for each in seen} == {Evidence.SENSED}
    assert (locked.confirmed, locked.evidence, locked.why_not) == (True, Evidence.SENSED, None)


def test_what_is_in_force_is_told_whole():
    """Every parameter in its setting's unit, exactly; the block by the console's own id."""
    told = effective()
    assert told.settings == {
        "energy_mj": "20.000",
        "pulse_us": "400",
        "rate_hz": "0.000",
        "mode": "scan",
        "pattern": "square",
        "pattern_size_mm": "10.000",
        "density_spots_cm2": "200",
        "stack": "1",
        "wavelength_nm": "10600",
        "aiming_percent": "40",
    }
    assert told.configuration == {
        "serial": "OL-2101",
        "settings_id": page.SETTINGS_ID.hex(),
        "handpiece_serial": "HP-0031",
        "tip_serial": "TIP-7781",
        "configuration": "0102030405060708",
        "spot_um": "120",
    }
    assert (told.wavelength_nm, told.handpiece, told.tip) == ("10600", "scanner", "TIP-7781")
    assert told.trigger is Trigger.HARDWARE
    assert told.glimpse.state is DeviceState.LOCKED


def _flipped(data, at):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def test_a_block_whose_checksum_does_not_fit_is_not_believed():
    """`settings_id` has to be SHA-256 of exactly the block that was told."""
    for wrong in (*(_flipped(AFTER, at) for at in (0, 31, 32, 34, 40, 90)), AFTER[:-1]):
        with pytest.raises(ProtocolError, match="its settings"):
            effective(ask(IDENT, WHO), ask(SETTINGS_READ, wrong))


@pytest.mark.parametrize("numbers", [(2, 1), (1, 1)])
def test_parameters_out_of_order_are_not_believed(numbers):
    """Also where their checksum fits: one of two values would be dropped unseen."""
    made = bytes([2]) + b"".join(page.pack("<BI", n, 5_000) for n in numbers) + bytes(10)
    with pytest.raises(ProtocolError, match="not in order"):
        effective(ask(IDENT, WHO), ask(SETTINGS_READ, page.sha256(made).digest() + made))


def test_a_later_versions_fields_and_parameters_are_no_obstacle():
    """What follows a block is ignored; a parameter without a name here is part of what is set."""
    later = block(p13=7)
    told = effective(
        ask(IDENT, WHO + b"more"),
        ask(SETTINGS_READ, later + b"more"),
        ask(STATUS, status(2, at=[(29, later[:32].hex())]) + b"more"),
    )
    assert told.configuration["parameter_13"] == "7"


def test_settings_that_change_while_they_are_read_are_read_once_more():
    """Block and status have to name the same settings; twice another is a refusal."""
    other = (ask(SETTINGS_READ, BEFORE), ask(STATUS, status(2)))
    assert effective(ask(IDENT, WHO), *other, *EFFECTIVE[1:]).settings["energy_mj"] == "20.000"
    with pytest.raises(DeviceFault, match="changed while they were read"):
        effective(ask(IDENT, WHO), *other, *other)


def test_the_only_wavelength_is_told_where_it_is_no_parameter():
    """A console of one wavelength may not list it; of two, nobody guesses which."""
    bare = block(p10=None)
    told = status(2, at=[(29, bare[:32].hex())])
    read = (ask(IDENT, WHO), ask(SETTINGS_READ, bare), ask(STATUS, told))
    assert effective(*read, ask(CAPS, CAN)).wavelength_nm == "10600"
    two = ask(CAPS, caps({}, wavelengths=(1550, 1927)))
    assert effective(*read, two).wavelength_nm is None


def test_bounds_are_the_consoles_own_in_the_settings_units():
    """Of numeric settings that CAPS lists; of what it does not list none are made up."""
    told = said(lambda driver, link: driver.bounds(link), ask(CAPS, CAN))
    assert told == {
        "energy_mj": ("5.000", "50.000"),
        "pulse_us": ("100", "2000"),
        "rate_hz": ("0.000", "5.000"),
        "pattern_size_mm": ("3.000", "15.000"),
        "density_spots_cm2": ("25", "500"),
        "stack": ("1", "5"),
        "wavelength_nm": ("10600", "10600"),
        "aiming_percent": ("5", "100"),
    }


def test_a_parameter_that_is_listed_twice_has_no_bounds():
    """Nobody knows which of them counts, so the wider one never does."""
    twice = ask(CAPS, CAN[:14] + b"\x02" + 2 * page.pack("<BIII", 1, 5, 50, 1))
    with pytest.raises(ProtocolError, match="twice"):
        said(lambda driver, link: driver.bounds(link), twice)


def test_without_a_handpiece_the_sentence_says_so():
    """Instead of asking for another settings file."""
    empty = page.pack("<BBI", 1, 1, 10_000) + b"\0\0" + bytes(8)
    bare = page.sha256(empty).digest() + empty
    with pytest.raises(DeviceFault, match="tells no handpiece: connect one"):
        prepared(GOOD | {"stack": "1"}, ask(CAPS, caps({1: (0, 9, 1)})), ask(SETTINGS_READ, bare))


def test_nothing_is_sent_where_all_is_in_force_already():
    """Other words for the same number are the same; settings that are not asked for stay."""
    same = {"energy_mj": "20.0", "mode": "scan", "density_spots_cm2": "200"}
    prepared(same, ask(CAPS, CAN), ask(SETTINGS_READ, AFTER))


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (GOOD | {"cooling_percent": "3"}, "no cooling.*take cooling_percent out"),
        (GOOD | {"wavelength_nm": "1064"}, "wavelength be changed"),
    ],
)
def test_what_the_console_does_not_list_is_refused_before_anything_is_sent(settings, sentence):
    """A setting that it does not have, or that cannot be another one."""
    with pytest.raises(DeviceFault, match=sentence):
        prepared(settings, ask(CAPS, CAN), ask(SETTINGS_READ, BEFORE))


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"energy_mj": "20.0001"}, "whole steps of 0.001 mJ"),
        ({"energy_mj": "NaN"}, "cannot be told"),
        ({"energy_mj": "5000000"}, "cannot be told"),
        ({"energy_mj": "20", "mode": "2"}, "a choice of single, scan"),
        ({"fluence_j_cm2": "1"}, "knows no setting"),
    ],
)
def test_what_the_wire_cannot_say_exactly_is_never_rounded(settings, sentence):
    """Nothing is asked of the console then."""
    with pytest.raises(ProtocolError, match=sentence):
        prepared(settings)


def test_a_panels_settings_are_compared_and_never_sent():
    """A console whose settings are made at its panel: the sentence says what to dial."""
    panel = ask(CAPS, caps({1: (5_000, 50_000, 500)}, flags=0b111_1100))
    prepared({"energy_mj": "10", "stack": "1"}, panel, ask(SETTINGS_READ, BEFORE))
    with pytest.raises(DeviceFault, match=r"panel alone.*energy 20\.000 mJ \(it says 10\.000 mJ\)"):
        prepared(GOOD, panel, ask(SETTINGS_READ, BEFORE))


@pytest.mark.parametrize(
    ("proposed", "sentence"),
    [
        (block(p1=19_500), r"make 19\.500 mJ of the energy 20\.000 mJ"),
        (block(p2=500), "also make its pulse duration 500 us; it is 400 us"),
        (block(p11=3), "also make its cooling 3 %"),
        (block(p8=None), "also make its stack nothing"),
    ],
)
def test_a_proposal_that_is_not_what_was_asked_for_is_not_committed(proposed, sentence):
    """Rounded values, and whatever else would change."""
    answer = (PROPOSE, PROPOSED, b"\x05\x00\x00\x00" + proposed)
    with pytest.raises(DeviceFault, match=sentence):
        prepared(GOOD, ask(CAPS, CAN), ask(SETTINGS_READ, BEFORE), answer)


def test_what_is_out_of_range_is_refused_by_the_console_in_words():
    """Its error is a sentence, and nothing is committed."""
    with pytest.raises(DeviceFault, match=r"out of its range.*\(out_of_range, in LOCKED\)"):
        prepared(
            *(GOOD, ask(CAPS, CAN), ask(SETTINGS_READ, BEFORE)),
            (PROPOSE, PROPOSED, Refuses(Refusal.out_of_range, 2)),
        )


def test_a_permit_is_asked_for_once_and_only_with_a_grant():
    """A token without a grant, or one under which the permit left, sends nothing."""
    with pytest.raises(ProtocolError, match="without a grant"):
        unlocked(token("unlock"))
    spent = unlock_token(effective())
    spent.spend(b"the permit")
    with pytest.raises(ProtocolError, match="repeat"):
        unlocked(spent)


def test_a_permit_goes_to_the_laser_that_was_judged_and_to_its_present_boot():
    """Another serial number, or another boot between two answers, and no permit leaves."""
    spent = unlock_token(effective())
    stranger = WHO.replace(b"\x07OL-2101", b"\x07OL-2102")
    with pytest.raises(WrongDevice, match="OL-2102"):
        unlocked(spent, ask(IDENT, stranger))
    elsewhen = page.NONCE + page.OTHER_BOOT + bytes(4)
    with pytest.raises(DeviceFault, match="off and on"):
        unlocked(spent, *ENABLED[:2], ask(CHALLENGE, elsewhen))
    assert not spent.begun


class Answers(Script):
    """A script behind whose end a permit comes, whatever its bytes: it gets this answer."""

    def __init__(self, clock, pairs, *, code=0xFF, told):
        super().__init__(clock, pairs)
        self.code, self.told = code, told

    def write(self, data):
        """The permit is answered under its number."""
        if self.pairs:
            super().write(data)
            return
        told = page.frame(self.code, int.from_bytes(data[3:5], "little"), self.told)
        self.due.append((self.clock.ns, told))


@pytest.mark.parametrize(
    ("error", "state", "sentence"),
    [
        (Refusal.unknown_key, 2, "not know this station.*ACCEPT KEY.*id is fe812c12f3ab4ce6"),
        (Refusal.bad_state, 3, "Not now: it is in STANDBY; lock it and begin anew"),
        (Refusal.bad_state, 7, "FAULT: read on its panel why, and clear it there"),
        (Refusal.key_off, 2, "turn the key"),
        (Refusal.interlock_open, 2, "close the door"),
        (Refusal.reset_required, 2, "press RESET"),
        (Refusal.no_tip, 2, "or the tip is used up: put one on"),
        (Refusal.limits, 2, "beyond what this session is allowed"),
        (Refusal.nonce_used, 2, "Another computer"),
        (99, 2, "unknown here.*error 99"),
        (Refusal.unknown_key, 77, "in state 77"),
    ],
)
def test_a_refused_permit_is_told_in_words_with_what_to_do(error, state, sentence):
    """What a nurse reads, and the console's own word behind it."""
    driver, clock, spent = Olcp({}), Clock(), unlock_token(effective())
    port = Answers(clock, dialogue(*ENABLED), told=bytes([PERMIT, error, state]))
    link = Link(port, driver.wire, clock, NoTranscript())
    kind = DeviceDeclined if error in {11, 22, 23, 24, 28} else DeviceFault
    with pytest.raises(kind, match=sentence):
        driver.unlock(link, spent)
    with pytest.raises(ProtocolError, match="repeat"):
        driver.unlock(link, spent)


def test_a_permit_that_was_not_accepted_as_it_was_sent_is_told():
    """The console names the permit that it took; another one is not ours."""
    driver, clock, spent = Olcp({}), Clock(), unlock_token(effective())
    port = Answers(clock, dialogue(*ENABLED), code=0x86, told=bytes(26))
    with pytest.raises(ProtocolError, match="another one's"):
        driver.unlock(Link(port, driver.wire, clock, NoTranscript()), spent)


def test_every_error_has_a_sentence():
    """None is told as a number alone."""
    for error in set(Refusal) - {Refusal.unsupported_version}:
        with pytest.raises(DeviceFault, match=rf"refused\. [A-Z].*\({error.name}, in STANDBY\)"):
            said(lambda driver, link: driver.standby(link), (STANDBY, b"", Refuses(error)))


def test_ready_is_asked_for_only_where_the_console_offers_it_and_once():
    """Elsewhere there is nothing to send, and the hand at the laser makes READY."""
    asks = (ask(CAPS, caps({}, flags=0b1)), (READY_REQUEST, b"", status(3)))
    driver, intent = Olcp({}), token()
    with scripted(driver, *dialogue(*asks)) as link:
        assert driver.ready(link, intent)
        with pytest.raises(ProtocolError, match="repeat"):
            driver.ready(link, intent)
    assert said(lambda driver, link: driver.ready(link, token()), ask(CAPS, CAN))
    assert "READY" in driver.declaration.ready_at_the_laser


def test_nothing_that_enables_or_goes_on_leaves_without_an_intent():
    """Permit, question for READY, beat and check need the token of an intent that is durable."""
    for code, asked in (
        *((PERMIT, bytes(213)), (READY_REQUEST, b"")),
        *((BEAT, page.beat(1, 1)), (CHECK_BEGIN, b"\x05")),
    ):
        driver = Olcp({})
        first = dialogue((code, asked, b""))[:1]
        with (
            scripted(driver, *first) as link,
            pytest.raises(ProtocolError, match="without a durable intent"),
        ):
            link.exchange(driver.wire.request(code, asked), within_s=0.1)


BEGUN = (CHECK_BEGIN, b"\x05", payload("CHECK_BEGIN, five pulses"))


@pytest.mark.parametrize(("flags", "asks"), [(0, ()), (1, ((READY_REQUEST, b"", status(3)),))])
def test_a_check_is_begun_once_under_its_intent_before_anything_else(flags, asks):
    """Then READY is asked for on the screen, where the console offers that; never a second time."""
    driver, intent = Olcp({}), token()
    assert isinstance(driver, CheckingConsole)
    with scripted(driver, *dialogue(BEGUN, ask(CAPS, caps({}, flags=flags)), *asks)) as link:
        assert driver.ready_for_check(link, intent, 5) == 5
        with pytest.raises(ProtocolError, match="repeat"):
            driver.ready_for_check(link, intent, 5)
        with pytest.raises(ProtocolError, match="repeat"):
            driver.ready(link, intent)


def test_a_console_makes_at_most_twenty_pulses_of_a_check():
    """More are not asked for, and the session is told how many it gets."""
    twenty = (CHECK_BEGIN, b"\x14", payload("CHECK_BEGIN, five pulses"))
    ready = lambda driver, link: driver.ready_for_check(link, token(), 100)  # noqa: E731
    assert said(ready, twenty, ask(CAPS, CAN)) == 20


def test_a_refused_check_asks_for_no_ready():
    """What the console does not begin is a fault, and nothing follows it."""
    refused = (CHECK_BEGIN, b"\x05", Refuses(Refusal.limits))
    with pytest.raises(DeviceFault, match="to begin an energy check and refused"):
        said(lambda driver, link: driver.ready_for_check(link, token(), 5), refused)


def test_what_the_console_measured_is_told_in_its_own_words():
    """Each pulse in mJ; FF is nothing known, and no value is made of it."""
    told = said(lambda driver, link: driver.end_check(link), ask(CHECK_END, payload("CHECK_END")))
    assert told == (CheckedPulse("20.000", "19.870"), CheckedPulse("20.000", None))


@pytest.mark.parametrize("answer", [b"\x15" + bytes(168), b"\x02" + bytes(8), b""])
def test_a_list_that_cannot_be_is_not_believed(answer):
    """More pulses than a check has, or fewer than it says."""
    with pytest.raises(ProtocolError, match="energy check in a way that cannot be read"):
        said(lambda driver, link: driver.end_check(link), ask(CHECK_END, answer))


def test_a_check_that_is_void_is_told_as_such():
    """Refused in STANDBY, since something ended it before: no advice to lock for that."""
    refused = ask(CHECK_END, Refuses(Refusal.bad_state))
    with pytest.raises(DeviceFault, match=r"Something ended the check before.*in STANDBY"):
        said(lambda driver, link: driver.end_check(link), refused)


def test_whoever_asks_for_ready_at_once_loses_no_pulse_of_the_check_before():
    """A check that nobody ended yet is ended first, and what it measured is kept."""
    own, driver = OwnCheck(), Olcp({})
    more = (*BEGUN[:1], b"\x03", BEGUN[2])
    ended = ask(CHECK_END, payload("CHECK_END"))
    can = ask(CAPS, CAN)
    with scripted(driver, *dialogue(BEGUN, can, ended, more, can, ended)) as link:
        assert own.ready(driver, link, token(), 5) == 5
        assert own.ready(driver, link, token(), 3) == 3
        assert (len(own.pulses), own.why) == (2, "it was locked before it could be asked.")
        assert not own.due(0.05)
        assert own.due(0.2)
        own.end(link)
    assert (len(own.pulses), own.why, own.due(1)) == (4, None, False)


def test_a_beat_needs_what_was_read_and_an_intent():
    """Without nonce, settings or token nothing leaves; a refused one is a fault that is told."""
    driver, in_force = Olcp({}), effective()
    seen = said(lambda each, link: each.read_status(link), ask(STATUS, status(3)))
    beat = (BEAT, page.beat(0xA1, 811), Refuses(Refusal.stale_nonce))
    with scripted(driver, *dialogue(beat)) as link, pytest.raises(DeviceFault, match="stale_nonce"):
        driver.sustain(link, token(), in_force, seen, 811)
    seen.words.pop("nonce")
    with scripted(Olcp({})) as link, pytest.raises(ProtocolError, match="without having read"):
        driver.sustain(link, token(), in_force, seen, 811)


def test_events_and_reports_are_read_as_they_were_numbered():
    """From the page: an event; a scan of 200 spots with what was sensed, in mJ."""
    events = said(
        lambda driver, link: driver.read_events(link, 812),
        (EVENTS_READ, page.pack("<QB", 812, 18), payload("EVENTS_READ, what came since")),
    )
    assert (events.oldest, events.next) == (1, 814)
    assert [(each.number, each.name, each.boot) for each in events.found] == [
        (812, "settings_changed", 41),
        (813, "permit_accepted", 41),
    ]
    reports = said(
        lambda driver, link: driver.read_reports(link, 97),
        (REPORTS_READ, page.pack("<QB", 97, 4), payload("REPORTS_READ, one scan later")),
    )
    (scan,) = reports.found
    assert (scan.number, scan.kind, scan.outcome, scan.reason) == (97, "scan", "complete", "none")
    assert (scan.pulses, scan.spots_planned, scan.spots_delivered) == (200, 200, 200)
    assert (scan.set_mj, scan.aborted_at, scan.exceptions) == ("20.000", None, 0)
    measured = {"sum": "3994.800", "mean": "19.974", "min": "19.310", "max": "20.655"}
    assert scan.measured_mj == measured | {"spread": "0.288"}
    assert scan.settings == page.SETTINGS_ID[:8].hex()
    assert scan.permit == page.PERMIT_ID[:8].hex()


def test_what_is_not_sensed_is_not_measured_and_an_abort_tells_where():
    """FF is nothing known: no value is made of it; a scan that was cut says at which spot."""
    made = bytearray(page.report())
    made[9:11], made[47:71] = b"\x01\x02", b"\xff" * 24
    made[73:77] = page.pack("<I", 37)
    told = said(
        lambda driver, link: driver.read_reports(link, 90),
        (REPORTS_READ, page.pack("<QB", 90, 4), page.pack("<QQB", 95, 98, 1) + bytes(made)),
    )
    (scan,) = told.found
    assert (scan.outcome, scan.reason, scan.aborted_at) == ("aborted", "lease", 37)
    assert scan.measured_mj is None
    assert told.oldest == 95


def test_a_report_that_ends_before_it_begins_is_not_believed():
    """One less than the first is none at all; two less is no count of pulses."""
    for less, raises in ((1, False), (2, True)):
        made = bytearray(page.report())
        made[27:35] = page.pack("<Q", 1_200_346 - less)
        answer = (REPORTS_READ, page.pack("<QB", 97, 4), page.pack("<QQB", 1, 98, 1) + bytes(made))
        read = lambda driver, link: driver.read_reports(link, 97).found[0].pulses  # noqa: E731
        if raises:
            with pytest.raises(ProtocolError, match="before its first"):
                said(read, answer)
        else:
            assert said(read, answer) == 0


def test_an_oldest_number_behind_the_next_one_is_not_believed():
    """Reading on from there would skip whatever comes."""
    answer = page.pack("<QQB", 1 << 63, 814, 0)
    with pytest.raises(ProtocolError, match="oldest"):
        said(
            lambda driver, link: driver.read_events(link, 812),
            (EVENTS_READ, page.pack("<QB", 812, 18), answer),
        )


@pytest.mark.parametrize("numbers", [(812, 812), (813, 812), (811,), (814,)])
def test_numbers_that_do_not_follow_each_other_are_not_believed(numbers):
    """An event twice, backwards, before where it was asked, or from the future."""
    found = b"".join(page.event(n, 0, 1, 0) for n in numbers)
    answer = page.pack("<QQB", 1, 814, len(numbers)) + found
    with pytest.raises(ProtocolError, match="do not follow"):
        said(
            lambda driver, link: driver.read_events(link, 812),
            (EVENTS_READ, page.pack("<QB", 812, 18), answer),
        )


def test_a_session_keeps_the_lease_alive_by_what_it_reads():
    """The session's own account: events are read before the beat that shows them."""
    driver, in_force = Olcp({}), effective()
    events = page.pack("<QQB", 1, 813, 1) + page.event(812, 0, 4, 0)
    with scripted(
        driver,
        *dialogue(
            ask(STATUS, status(3)),
            ask(STATUS, status(3, nonce=0xB2, next_event=813)),
            (EVENTS_READ, page.pack("<QB", 812, 18), events),
            (BEAT, page.beat(0xB2, 812), status(5, nonce=0xB3, next_event=813)),
            (BEAT, page.beat(0xB3, 812), Refuses(Refusal.stale_nonce, 5)),
            ask(STATUS, status(5, nonce=0xB5, next_event=813)),
            (BEAT, page.beat(0xB5, 812), status(5, nonce=0xB6, next_event=813)),
        ),
    ) as link:
        account = Account.of(driver, driver.read_status(link), None)
        account.lease(token(), in_force)
        assert account.read(link).state is DeviceState.READY
        assert account.read(link).state is DeviceState.READY
    assert [kind for kind, _ in account.take()] == ["device.events_recorded"]


def test_who_speaks_no_olcp_1_is_a_wrong_device():
    """Another version, an error, an answer that cannot be read, another model."""
    identify = lambda driver, link: driver.identify(link)  # noqa: E731
    answers = (
        *(Refuses(Refusal.unsupported_version), Refuses(Refusal.unknown_message)),
        *(b"\x07OL", b"\x00" + WHO[8:], b"\x01\xff" + WHO[8:], b"\x01\x07" + WHO[8:]),
    )
    for answer in answers:
        with pytest.raises(WrongDevice):
            said(identify, ask(IDENT, answer))
    driver = Olcp({"model": "Another"})
    with (
        scripted(driver, *dialogue(ask(IDENT, WHO))) as link,
        pytest.raises(WrongDevice, match="'Another' is registered"),
    ):
        driver.identify(link)
    driver, (marker, (sent, _)) = Olcp({}), dialogue(ask(IDENT, WHO))
    later = page.frame(0xFF, 2, bytes([IDENT, 1, 2]), version=2)
    with (
        scripted(driver, marker, (sent, later)) as link,
        pytest.raises(WrongDevice, match="version 2"),
    ):
        driver.identify(link)


def test_an_error_about_another_message_is_not_taken_for_ours():
    """The number fits and the message does not: nothing is concluded."""
    driver, (marker, (sent, _)) = Olcp({}), dialogue(ask(STATUS, b""))
    wrong = page.frame(0xFF, 2, bytes([BEAT, 4, 2]))
    with (
        scripted(driver, marker, (sent, wrong)) as link,
        pytest.raises(ProtocolError, match="nobody asked"),
    ):
        driver.read_status(link)


def test_a_lost_answer_to_lock_proves_nothing_and_the_next_status_does():
    """LOCK's late answer, which has no number, is never taken for the status asked afresh."""
    driver, lit = Olcp({}), status(6, at=[(61, "ffff")])
    (lock, _), marker, time, (sent, told) = dialogue(status(2), CLOCK, ask(STATUS, lit))
    late = page.frame(0xA0, 0, status(2))
    clock = Clock()
    port = Script(clock, [(lock, None), marker, time, (sent, late + told)])
    link = Link(port, driver.wire, clock, NoTranscript())
    with pytest.raises(NoReply, match="told to lock"):
        driver.reduce(link, LOCK_ORDER)
    reading = driver.read_lock(link)
    assert not reading.confirmed
    assert "EMITTING, not LOCKED" in reading.why_not


def test_both_ways_leave_at_once_without_a_marker():
    """Nothing that takes light away waits for a question about the line."""
    driver = Olcp({})
    with scripted(driver, *dialogue(status(2), ask(STANDBY, status(2)))) as link:
        driver.reduce(link, LOCK_ORDER)
        driver.reduce(link, TO_STANDBY)


def test_silence_is_raised_by_every_question_in_time():
    """Whatever is asked: `NoReply` in words, within the deadline and the marker's."""
    for call in (
        lambda driver, link: driver.identify(link),
        lambda driver, link: driver.read_status(link),
        lambda driver, link: driver.bounds(link),
        lambda driver, link: driver.read_effective(link, {}),
        lambda driver, link: driver.read_lock(link),
        lambda driver, link: driver.read_events(link, 1),
    ):
        driver, clock = Olcp({}), Clock()
        port = Script(clock, [])
        port.write = lambda _: None
        with pytest.raises(LinkError, match=r"did not answer within 0\.2 s when it was asked"):
            call(driver, Link(port, driver.wire, clock, NoTranscript()))
        assert clock.ns <= 0.41e9


def test_a_fault_is_cleared_at_the_laser_alone():
    """No message clears one, so none is sent."""
    with pytest.raises(DeviceFault, match="at the laser alone"):
        said(lambda driver, link: driver.clear_fault(link))


def test_the_footswitch_is_the_trigger_whatever_is_set():
    """And every way, word and bound is declared."""
    driver = Olcp({})
    assert driver.implied_trigger(GOOD) is Trigger.HARDWARE
    assert driver.declaration.as_json()["lock_bytes"] == "7d7e4c4f434b7d7e"
    assert driver.declaration.lock_bound_s == 0.05
    assert driver.declaration.arming_bound_s == 15
    assert driver.declaration.complete_product
    assert Shown.YES.value == driver.declaration.control_shown.value
