"""Makes `docs/protocols/olcp-vectors.json` and the page's example session, from the page alone.

Neither driver nor simulator is used: both are held against what is made here.

    python -m tests.protocols.olcp_vectors
"""

from __future__ import annotations

import json
import zlib
from hashlib import sha256
from pathlib import Path
from struct import pack
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

HERE = Path(__file__).resolve().parents[2] / "docs/protocols"
VECTORS, PAGE = HERE / "olcp-vectors.json", HERE / "olcp.md"
BEGIN, END = "<!-- made by tests/protocols/olcp_vectors.py -->\n", "<!-- end -->"
LOCK = bytes.fromhex("7D7E4C4F434B7D7E")
CONTEXT = b"OLCP permit 1\n"
SERIAL, BOOT, OTHER_BOOT = b"OL-2101", bytes(range(0xB0, 0xC0)), bytes(range(0x10, 0x20))
NONCE, OLD_NONCE = bytes(range(0x40, 0x50)), bytes(range(0x50, 0x60))
PERMIT_ID = bytes(range(0xE0, 0xF0))
KEY, STRANGER = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (7, 9))
FLAG, ESCAPE, STUFFED = 0x7E, 0x7D, (0x7E, 0x7D, 0x11, 0x13)
PERMITTED, STATUS, ERROR = 0x86, 0x83, 0xFF


def public(key: Ed25519PrivateKey) -> bytes:
    """The 32 bytes of a public key."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def stuffed(body: bytes) -> bytes:
    """Between two flags."""
    inner = b"".join(
        bytes([ESCAPE, byte ^ 0x20]) if byte in STUFFED else bytes([byte]) for byte in body
    )
    return bytes([FLAG]) + inner + bytes([FLAG])


def body_of(code: int, seq: int, payload: bytes, version: int = 1) -> bytes:
    """With its CRC."""
    body = pack("<BBH", version, code, seq) + payload
    return body + pack("<I", zlib.crc32(body))


def frame(code: int, seq: int, payload: bytes = b"", version: int = 1) -> bytes:
    """As it stands on the wire."""
    return stuffed(body_of(code, seq, payload, version))


def string(text: bytes) -> bytes:
    """Length and bytes."""
    return bytes([len(text)]) + text


PARAMETERS = {
    1: 20_000,
    2: 400,
    3: 0,
    4: 1,
    5: 1,
    6: 10_000,
    7: 200,
    8: 1,
    9: 120,
    10: 10_600,
    12: 40,
}
RANGES = (
    (1, 5_000, 50_000, 500),
    (2, 100, 2_000, 50),
    (3, 0, 5_000, 500),
    (4, 0, 1, 1),
    (5, 1, 4, 1),
    (6, 3_000, 15_000, 500),
    (7, 25, 500, 25),
    (8, 1, 5, 1),
    (10, 10_600, 10_600, 0),
    (12, 5, 100, 5),
)
"""As CAPS tells them: lowest, highest, step."""
CONFIGURATION = bytes.fromhex("0102030405060708")


def block(parameters: dict[int, int]) -> bytes:
    """What light is made with."""
    values = b"".join(pack("<BI", number, value) for number, value in sorted(parameters.items()))
    serials = string(b"HP-0031") + string(b"TIP-7781")
    return bytes([len(parameters)]) + values + serials + CONFIGURATION


BEFORE, AFTER = block({**PARAMETERS, 1: 10_000}), block(PARAMETERS)
SETTINGS_ID = sha256(AFTER).digest()


def permit(**changed: Any) -> bytes:
    """A permit, good unless something is changed."""
    says = {
        "version": 1,
        "boot": BOOT,
        "nonce": NONCE,
        "serial": SERIAL,
        "key": KEY,
        "signer": None,
        "lease_ms": 1000,
        "duration_s": 4200,
        "kind": 1,
        "max_energy_uj": 50_000,
        "wavelengths": (10_600,),
        "handpieces": (1,),
        "after": b"",
        "context": CONTEXT,
    } | changed
    wavelengths, handpieces = says["wavelengths"], says["handpieces"]
    limits = (says["max_energy_uj"], 0xFFFFFFFF, 60_000, 20_000)
    body = (
        bytes([says["version"]])
        + sha256(public(says["key"])).digest()[:8]
        + says["boot"]
        + says["nonce"]
        + PERMIT_ID
        + sha256(b"S-29").digest()
        + sha256(b"salt and t-ines").digest()
        + pack("<BHH4I", says["kind"], says["duration_s"], says["lease_ms"], *limits)
        + pack(f"<B{len(wavelengths)}H", len(wavelengths), *wavelengths)
        + bytes([len(handpieces), *handpieces])
        + string(says["serial"])
        + says["after"]
    )
    return body + (says["signer"] or says["key"]).sign(says["context"] + body)


def status(state: int, nonce: int, **changed: int) -> bytes:
    """A STATUS payload of 102 bytes; inputs as in a console where all is well."""
    says = {
        "permit_ms": 0,
        "lease_ms": 0,
        "inputs": 0b0011_0100_0001_1110,
        "clock": 61_000,
        "for_ms": 4_000,
        "pulses": 1_200_345,
        "uses": 1843,
        "next_event": 812,
        "next_report": 97,
        "settings": 1,
    } | changed
    settings_id = SETTINGS_ID if says["settings"] else sha256(BEFORE).digest()
    made = (
        pack("<BHIQ", state, 12, says["for_ms"], says["clock"])
        + pack("<Q", nonce)
        + pack("<IH", says["permit_ms"], says["lease_ms"])
        + settings_id
        + pack("<HHhhB", says["inputs"], 0xFFFF, 243, 291, 1)
        + pack("<IQQQI", says["uses"], says["pulses"], says["next_event"], says["next_report"], 0)
    )
    assert len(made) == 102
    return made


def beat(nonce: int, last_event: int, settings_id: bytes = SETTINGS_ID) -> bytes:
    """The payload of BEAT."""
    return pack("<QQ", nonce, last_event) + settings_id


def report() -> bytes:
    """A scan of 200 spots."""
    made = (
        pack("<QBBBQQQII", 97, 2, 0, 0, 72_400, 1_200_346, 1_200_545, 200, 200)
        + pack("<IQIIII", 20_000, 3_994_800, 19_974, 19_310, 20_655, 288)
        + pack("<HI", 0, 0xFFFFFFFF)
        + SETTINGS_ID[:8]
        + PERMIT_ID[:8]
    )
    assert len(made) == 93
    return made


def event(number: int, clock_ms: int, kind: int, data: int) -> bytes:
    """One event."""
    return pack("<QIQHI", number, 41, clock_ms, kind, data)


LIT = {"permit_ms": 4_190_000, "clock": 70_500}
ARMING_INPUTS, READY_INPUTS = 0b0011_1110_0001_1110, 0b0011_1110_1101_1110
SAID: list[tuple[str, int, bytes, int, bytes]] = [
    (
        "IDENT",
        0x01,
        b"",
        0x81,
        b"".join(
            map(
                string,
                (
                    SERIAL,
                    b"Example Laser Maker",
                    b"Resurface CO2",
                    b"1.4.0",
                    b"(01)04000000000017(21)OL-2101",
                ),
            )
        )
        + BOOT
        + pack("<I", 41),
    ),
    (
        "CAPS",
        0x02,
        b"",
        0x82,
        pack("<BIHHB1HB1BB", 0, 0b101_1110, 300, 2000, 1, 10_600, 1, 1, len(RANGES))
        + b"".join(pack("<BIII", *each) for each in RANGES),
    ),
    ("STATUS", 0x03, b"", 0x83, status(2, 0xA1, settings=0)),
    ("TIME", 0x04, b"", 0x84, BOOT + pack("<Q", 61_020)),
    (
        "TIP",
        0x0D,
        b"",
        0x8D,
        b"\x01"
        + string(b"HP-0031")
        + b"\x01"
        + string(b"TIP-7781")
        + pack("<IHI", 1843, 120, 50_000),
    ),
    ("COUNTERS", 0x0E, b"", 0x8E, pack("<4Q2I", 1_200_345, 6_020, 24_006_000, 480_138, 41, 2)),
    ("SELFTEST", 0x12, b"", 0x92, bytes.fromhex("09 0100 0200 0300 0400 0500 0600 0700 0800 0900")),
    ("FAULTS", 0x15, b"", 0x95, b"\x00"),
    (
        "KEYS_LIST",
        0x16,
        b"",
        0x96,
        b"\x01" + sha256(public(KEY)).digest()[:8] + string(b"room 1") + 7 * (bytes(9) + b"\x00"),
    ),
    (
        "EVENTS_READ",
        0x0F,
        pack("<QB", 811, 20),
        0x8F,
        pack("<QQB", 1, 812, 1) + event(811, 5_200, 10, 0),
    ),
    ("EVENTS_ACK", 0x10, pack("<Q", 811), 0x90, pack("<Q", 811)),
    ("SETTINGS_READ", 0x0A, b"", 0x8A, sha256(BEFORE).digest() + BEFORE),
    (
        "SETTINGS_PROPOSE",
        0x0B,
        b"\x01" + pack("<BI", 1, 20_000),
        0x8B,
        pack("<I", 5) + SETTINGS_ID + AFTER,
    ),
    ("SETTINGS_COMMIT", 0x0C, pack("<I", 5) + SETTINGS_ID, 0x8C, SETTINGS_ID + AFTER),
    ("CHALLENGE", 0x05, b"", 0x85, NONCE + BOOT + pack("<I", 60_000)),
    ("PERMIT", 0x06, permit(), 0x86, PERMIT_ID + pack("<QH", 4_261_400, 1000)),
    ("STATUS, in STANDBY", 0x03, b"", 0x83, status(3, 0xA2, next_event=814, **LIT)),
    (
        "EVENTS_READ, what came since",
        0x0F,
        pack("<QB", 812, 20),
        0x8F,
        pack("<QQB", 1, 814, 2) + event(812, 61_200, 21, 0) + event(813, 61_400, 4, 0xE3E2E1E0),
    ),
    (
        "BEAT, the lease begins",
        0x07,
        beat(0xA2, 813),
        0x87,
        status(3, 0xA3, lease_ms=1000, next_event=814, **LIT),
    ),
    (
        "BEAT, while ARMING",
        0x07,
        beat(0xA3, 813),
        0x87,
        status(4, 0xA4, lease_ms=1000, next_event=815, inputs=ARMING_INPUTS, **LIT),
    ),
    ("BEAT, an event was not read", 0x07, beat(0xA4, 813), ERROR, bytes([0x07, 20, 4])),
    (
        "EVENTS_READ, arming",
        0x0F,
        pack("<QB", 814, 20),
        0x8F,
        pack("<QQB", 1, 815, 1) + event(814, 70_450, 7, 0),
    ),
    (
        "BEAT, READY by now",
        0x07,
        beat(0xA4, 814),
        0x87,
        status(5, 0xA5, lease_ms=1000, next_event=816, inputs=READY_INPUTS, **LIT),
    ),
    ("BEAT, its nonce was used", 0x07, beat(0xA4, 815), ERROR, bytes([0x07, 19, 5])),
    (
        "REPORTS_READ, one scan later",
        0x11,
        pack("<QB", 97, 4),
        0x91,
        pack("<QQB", 1, 98, 1) + report(),
    ),
    (
        "STANDBY",
        0x08,
        b"",
        0x88,
        status(
            3,
            0xA9,
            next_event=817,
            next_report=98,
            pulses=1_200_545,
            uses=1842,
            **LIT,
        ),
    ),
]
OTHERS: list[tuple[str, int, bytes, int, bytes]] = [
    ("READY_REQUEST, not offered", 0x09, b"", ERROR, bytes([0x09, 5, 3])),
    (
        "CHECK_BEGIN, five pulses",
        0x13,
        b"\x05",
        0x93,
        status(3, 0xB1, inputs=0b1011_0100_0001_1110, **LIT),
    ),
    ("CHECK_END", 0x14, b"", 0x94, b"\x02" + pack("<4I", 20_000, 19_870, 20_000, 0xFFFFFFFF)),
    ("CHECK_END, none in progress", 0x14, b"", ERROR, bytes([0x14, 4, 3])),
    (
        "KEYS_ADD, without a hand",
        0x17,
        b"\x01" + public(STRANGER) + string(b"room 2"),
        ERROR,
        bytes([0x17, 26, 8]),
    ),
    ("a message nobody knows", 0x7F, b"", ERROR, bytes([0x7F, 2, 2])),
    ("a beat that is too short", 0x07, b"\x01\x02", ERROR, bytes([0x07, 3, 3])),
]


def exchanges() -> list[dict[str, Any]]:
    """Each message with its answer, numbered as a host would."""
    made = []
    for seq, (name, code, payload, answer_code, answer) in enumerate([*SAID, *OTHERS], 0x0101):
        sides = (("request", code, payload), ("answer", answer_code, answer))
        made.append(
            {"name": name, "seq": seq}
            | {
                side: {"code": said, "payload": data.hex(), "wire": frame(said, seq, data).hex()}
                for side, said, data in sides
            }
        )
    return made


def permits() -> list[dict[str, Any]]:
    """Each with what the console stands at, and what it answers: an error's number, 0 for none."""
    good = permit()
    flipped = bytearray(good)
    flipped[130] ^= 1
    cases: list[tuple[str, bytes, int, dict[str, Any]]] = [
        ("good", good, 0, {}),
        (
            "longest",
            permit(serial=b"OL-2101", wavelengths=(10_600, 1, 2, 3), handpieces=(1, 2, 3, 4)),
            0,
            {},
        ),
        ("at 60 s, the last moment", good, 0, {"challenge_age_ms": 60_000}),
        ("expired", good, 17, {"challenge_age_ms": 60_001}),
        ("replayed", good, 16, {"nonce_used": True}),
        ("nonce of no challenge", permit(nonce=OLD_NONCE), 15, {}),
        ("wrong device", permit(serial=b"OL-2102"), 13, {}),
        ("wrong boot", permit(boot=OTHER_BOOT), 14, {}),
        ("a limit changed afterwards", bytes(flipped), 12, {}),
        ("signed without the context", permit(context=b""), 12, {}),
        ("signed by another key under our key_id", permit(signer=STRANGER), 12, {}),
        ("a key that is in no slot", permit(key=STRANGER), 11, {}),
        ("version 2", permit(version=2), 10, {}),
        ("one byte too many", permit(after=b"\x00"), 10, {}),
        ("one byte too few", good[:-1], 10, {}),
        ("a kind that is none", permit(kind=6), 10, {}),
        ("no wavelength", permit(wavelengths=()), 10, {}),
        ("no time", permit(duration_s=0), 10, {}),
        ("a lease of 299 ms", permit(lease_ms=299), 10, {}),
        (
            "a lease that this console does not offer",
            permit(lease_ms=300),
            29,
            {"lease_min_ms": 400},
        ),
        ("energy in force above the permit's", permit(max_energy_uj=19_999), 18, {}),
        ("another wavelength", permit(wavelengths=(1_550,)), 18, {}),
        ("another handpiece", permit(handpieces=(2,)), 18, {}),
        ("not LOCKED", good, 4, {"state": 3}),
        ("key not ON", good, 22, {"key": "off"}),
        ("interlock open", good, 23, {"interlock_1": "open"}),
        ("reset required", good, 24, {"reset_required": True}),
        ("no tip", good, 28, {"tip": "none"}),
    ]
    return [
        {"name": name, "permit": made.hex(), "error": error, "console": console}
        for name, made, error, console in cases
    ]


def thrown_away() -> list[dict[str, str]]:
    """Streams in which no frame counts, though a good one follows each."""
    good = body_of(0x03, 0x0201, b"")
    wrong = bytearray(good)
    wrong[-1] ^= 1
    inner = stuffed(good)[1:-1]
    cases = {
        "a wrong CRC": stuffed(bytes(wrong)),
        "aborted": bytes([FLAG]) + inner + bytes([ESCAPE, FLAG]),
        "an escape of what needs none": bytes([FLAG, ESCAPE, 0x41]) + inner + bytes([FLAG]),
        "an escape twice": bytes([FLAG, ESCAPE, ESCAPE]) + inner + bytes([FLAG]),
        "XON within": bytes([FLAG]) + inner[:2] + b"\x11" + inner[2:] + bytes([FLAG]),
        "too short": stuffed(good[:7]),
        "too long": stuffed(body_of(0x03, 0x0201, bytes(505))),
        "half a frame, then another host's": bytes([FLAG]) + inner[:-2] + bytes([FLAG]),
        "LOCK cuts a frame": bytes([FLAG]) + inner + LOCK[:2],
    }
    return [{"name": name, "wire": wire.hex()} for name, wire in cases.items()]


def lock_streams() -> list[dict[str, Any]]:
    """How often LOCK stands in a stream, and after how many bytes."""
    half = frame(0x06, 1, permit())
    streams = [
        ("alone", LOCK),
        ("twice", LOCK + LOCK),
        ("in the middle of a permit", half[:100] + LOCK),
        ("after an escape", b"\x7e\x01\x7d" + LOCK),
        ("broken by a byte", LOCK[:5] + b"\x00" + LOCK[5:]),
        ("begun twice", LOCK[:7] + LOCK),
        ("as a payload: stuffed, so it is none", frame(0x03, 2, LOCK)),
        ("its letters alone", b"\x7eLOCK\x7e"),
        ("followed by a frame", LOCK + frame(0x03, 3)),
        ("sharing no flag with itself", LOCK + LOCK[1:]),
    ]
    return [
        {
            "name": name,
            "wire": stream.hex(),
            "after": [n for n in range(8, len(stream) + 1) if stream[n - 8 : n] == LOCK],
        }
        for name, stream in streams
    ]


def vectors() -> dict[str, Any]:
    """All of them."""
    return {
        "protocol": "OLCP 1.0",
        "lock": LOCK.hex(),
        "console": {
            "serial": SERIAL.decode(),
            "boot_id": BOOT.hex(),
            "challenge": NONCE.hex(),
            "handpiece": 1,
            "wavelength_nm": 10_600,
            "settings_block": AFTER.hex(),
            "settings_id": SETTINGS_ID.hex(),
        },
        "key": {
            "private_seed": (bytes([7]) * 32).hex(),
            "public": public(KEY).hex(),
            "key_id": sha256(public(KEY)).digest()[:8].hex(),
            "context": CONTEXT.hex(),
        },
        "exchanges": exchanges(),
        "thrown_away": thrown_away(),
        "lock_streams": lock_streams(),
        "permits": permits(),
    }


def wrapped(data: bytes) -> str:
    """Hex in lines of 24 bytes."""
    lines = [data[at : at + 24].hex(" ").upper() for at in range(0, len(data), 24)]
    return "\n     ".join(lines)


def session() -> str:
    """The example of the page."""
    parts = []
    for each in exchanges():
        request, answer = (bytes.fromhex(each[side]["wire"]) for side in ("request", "answer"))
        parts.append(f"{each['name']}\n  >  {wrapped(request)}\n  <  {wrapped(answer)}")
    parts.append(f"LOCK\n  >  {wrapped(LOCK)}\n  <  {wrapped(frame(0xA0, 0, status(2, 0xAA)))}")
    return "```\n" + "\n".join(parts) + "\n```\n"


def main() -> None:
    """Write the vectors, and the example into the page."""
    VECTORS.write_text(json.dumps(vectors(), indent=1) + "\n", encoding="utf-8")
    page = PAGE.read_text(encoding="utf-8")
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    PAGE.write_text(head + BEGIN + session() + END + tail, encoding="utf-8")


if __name__ == "__main__":
    main()
