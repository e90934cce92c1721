"""Two sides of OLCP that were written from its page alone, against its vectors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.protocols import stranger_host as host
from tests.protocols import stranger_permit as permits
from tests.protocols import stranger_settings as settings
from tests.protocols import stranger_wire as wire
from tests.protocols.stranger_answers import AnsweringConsole

VECTORS = json.loads((Path(__file__).parents[2] / "docs/protocols/olcp-vectors.json").read_text())
EXCHANGES = {exchange["name"]: exchange for exchange in VECTORS["exchanges"]}
GOOD = wire.encode(wire.CODE["STATUS"], 99)


def _named(listed: list[dict]) -> list:
    return [pytest.param(each, id=each["name"]) for each in listed]


def _console(after_ms: float = 0) -> AnsweringConsole:
    """The console that the vectors tell of."""
    told, now = VECTORS["console"], [0.0]
    console = AnsweringConsole(
        lambda: now[0], serial=told["serial"], boot_id=bytes.fromhex(told["boot_id"])
    )
    console.block = settings.read_block(bytes.fromhex(told["settings_block"]))
    console.tip = console.block.tip
    console.power_up()
    console.turn("permit_key", VECTORS["key"]["public"])
    console.challenge = (bytes.fromhex(told["challenge"]), 0)
    now[0] = after_ms
    return console


@pytest.mark.parametrize("exchange", _named(VECTORS["exchanges"]))
@pytest.mark.parametrize("side", ["request", "answer"])
def test_frames_are_those_of_the_page(exchange: dict, side: str) -> None:
    """Each frame is read as what it says, and written as the bytes it has."""
    told = exchange[side]
    payload = bytes.fromhex(told["payload"])
    assert list(wire.Receiver().feed(bytes.fromhex(told["wire"]))) == [
        wire.Frame(1, told["code"], exchange["seq"], payload)
    ]
    assert wire.encode(told["code"], exchange["seq"], payload).hex() == told["wire"]


@pytest.mark.parametrize("stream", _named(VECTORS["thrown_away"]))
def test_what_must_be_thrown_away_is(stream: dict) -> None:
    """Nothing is kept of a broken frame, and the next one is whole."""
    heard = list(wire.Receiver().feed(bytes.fromhex(stream["wire"]) + GOOD))
    assert [each for each in heard if each != wire.LOCK] == [wire.Frame(1, 3, 99, b"")]


@pytest.mark.parametrize("stream", _named(VECTORS["lock_streams"]))
def test_lock_is_heard_where_it_stands(stream: dict) -> None:
    """LOCK is found after the bytes that the page names, and nowhere else."""
    receiver, found = wire.Receiver(), []
    for place, byte in enumerate(bytes.fromhex(stream["wire"]), start=1):
        found += [place for heard in receiver.feed(bytes((byte,))) if heard == wire.LOCK]
    assert found == stream["after"]


@pytest.mark.parametrize("case", _named(VECTORS["permits"]))
def test_permits_are_answered_as_the_page_says(case: dict) -> None:
    """Our console accepts and refuses the permits as the vectors have it."""
    told = dict(case["console"])
    console = _console(told.pop("challenge_age_ms", 0))
    if told.pop("nonce_used", False):
        console.used_nonce, console.challenge = console.challenge[0], None
    if told.get("tip") == "none":
        console.tip = ""
    console.lease_min_ms = told.get("lease_min_ms", console.lease_min_ms)
    console.state = told.get("state", console.state)
    console.key_on = told.get("key") != "off"
    console.interlocks[1] = told.get("interlock_1") != "open"
    console.reset_required = told.get("reset_required", False)
    (answer,) = wire.Receiver().feed(console.hear(wire.encode(6, 7, bytes.fromhex(case["permit"]))))
    if case["error"]:
        assert (answer.code, answer.payload[:2]) == (wire.ERROR_CODE, bytes((6, case["error"])))
    else:
        assert answer.code == 0x86
        assert console.state == wire.STANDBY


def test_our_permit_is_that_of_the_page() -> None:
    """Reading and signing the good permit again gives its bytes."""
    data = bytes.fromhex(VECTORS["permits"][0]["permit"])
    seed = bytes.fromhex(VECTORS["key"]["private_seed"])
    key = permits.Ed25519PrivateKey.from_private_bytes(seed)
    assert permits.sign(permits.read(data), key) == data
    assert permits.key_id(permits.public_bytes(key)).hex() == VECTORS["key"]["key_id"]


def test_our_host_reads_the_answers_of_the_page() -> None:
    """Each answer gives what the page's tables say."""

    def answer(name: str) -> bytes:
        return bytes.fromhex(EXCHANGES[name]["answer"]["payload"])

    assert host.read_ident(answer("IDENT"))["boot_count"] == 41
    assert host.read_caps(answer("CAPS"))["parameters"][1] == (5000, 50_000, 500)
    assert host.read_tip(answer("TIP"))["tip_serial"] == "TIP-7781"
    assert host.read_counters(answer("COUNTERS"))["frames_thrown_away"] == 2
    assert host.read_events(answer("EVENTS_READ, arming"))[2][0].event == 7
    (report,) = host.read_reports(answer("REPORTS_READ, one scan later"))[2]
    assert report.last_pulse - report.first_pulse + 1 == report.spots_delivered == 200
    status = host.read_status(answer("BEAT, READY by now"))
    assert (status.state, status.lease_left_ms, status.locked) == (wire.READY, 1000, False)
    assert host.read_status(answer("STATUS")).locked
    told = settings.read_block(answer("SETTINGS_READ")[32:])
    assert told.id == answer("SETTINGS_READ")[:32]


@pytest.mark.parametrize(
    "name", [name for name in EXCHANGES if "," not in name or "STATUS" in name]
)
def test_our_console_answers_in_the_lengths_of_the_page(name: str) -> None:
    """Each plain request is answered with the code of the page, and with STATUS in its length."""
    console = _console()
    console.proposal, console.proposals = (5, console.block), 5
    exchange = EXCHANGES[name]
    if name.startswith(("STANDBY", "STATUS, in", "CHECK_")):
        console.hear(wire.encode(6, 7, bytes.fromhex(VECTORS["permits"][0]["permit"])))
    if name == "CHECK_END":
        console.check = [(20_000, 19_870), (20_000, wire.NOTHING_32)]
        console.check_settings = console.block.id
    if name == "EVENTS_ACK":
        console.first_event = 0x32C
    (answer,) = wire.Receiver().feed(console.hear(bytes.fromhex(exchange["request"]["wire"])))
    told = exchange["answer"]
    assert (answer.code, answer.seq) == (told["code"], exchange["seq"])
    if len(told["payload"]) == 204:
        assert len(answer.payload) == 102
    if name in ("FAULTS", "SELFTEST", "KEYS_LIST", "PERMIT", "SETTINGS_COMMIT", "CHECK_END"):
        assert len(answer.payload) == len(told["payload"]) // 2
