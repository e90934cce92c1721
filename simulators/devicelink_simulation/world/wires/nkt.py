"""A fibre seed laser with the maker's binary telegrams, as three host programs by others agree.

Register 30 is emission, and light at once; 66 holds the status bits.
"""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING, Any, NamedTuple

from devicelink_simulation.world.wires.contract import Does, Frame, Hands, Make, Pairs, Said

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from devicelink_simulation.world.dice import Dice
    from devicelink_simulation.world.wires.contract import Passed

FIRST, LAST, ESCAPE, SHIFT = 0x0D, 0x0A, 0x5E, 0x40
READ, WRITE, SET, CLEAR, DATAGRAM, TOGGLE = 4, 5, 6, 7, 8, 9
EMISSION, SET_POINT, STATUS = 0x30, 0x22, 0x66
MODULE, HOST, MARKING, OTHER = 0x01, 0xA2, 0xA1, 0xA5
"""Addresses: of the module, of this host, of its markers, and of another host."""
ENDING_BITS = sum(1 << bit for bit in (1, 4, 5, 6, 15))
"""Interlock, module disabled, supply low, temperature out of range, an error code."""
SILENCE_NS = 499_000_000
_DOES = {
    (READ, STATUS, b""): Does.ASKS,
    (WRITE, EMISSION, b"\x00"): Does.DARKENS,
    (CLEAR, EMISSION, b"\x01"): Does.DARKENS,
    (WRITE, EMISSION, b"\x01"): Does.ENABLES,
    (SET, EMISSION, b"\x01"): Does.ENABLES,
    (TOGGLE, EMISSION, b"\x01"): Does.ENABLES,
}
_RARE = 0.05


class Telegram(NamedTuple):
    """One, whole and with the right checksum."""

    to: int
    sender: int
    kind: int
    register: int
    data: bytes


class Nkt:
    """Telegrams from 0D to 0A, escaped within, with a checksum."""

    lies = frozenset({"frozen_status", "duplicate"})

    def cut(self, passed: Passed) -> tuple[list[Frame], list[Frame]]:
        """From the last start before an end."""
        frames: dict[bool, list[Frame]] = {True: [], False: []}
        rests: dict[tuple[int, bool], bytes] = {}
        for at_ns, process, sent, data in passed:
            texts, rest = _telegrams(rests.get((process, sent), b"") + data)
            rests[process, sent] = rest
            frames[sent] += [Frame(at_ns, process, text) for text in texts]
        return frames[True], frames[False]

    def does(self, command: str) -> Does:
        """Writes of registers 30 and 22, reads of 66."""
        read = telegram(command)
        if read is None:
            return Does.ELSE
        if read[2:4] == (WRITE, SET_POINT):
            return Does.SETS
        return _DOES.get(read[2:], Does.ELSE)

    def said(self, reply: str, to: str) -> Said | None:
        """What register 66 holds, told to this host."""
        del to
        read = telegram(reply)
        if read is None or read.to not in {HOST, MARKING} or len(read.data) != 2:  # noqa: PLR2004  (a u16)
            return None
        if (read.kind, read.register) != (DATAGRAM, STATUS):
            return None
        bits = int.from_bytes(read.data, "little")
        emits = bool(bits & 1)
        return Said(
            word=read.data.hex(" "),
            ends=bool(bits & ENDING_BITS),
            lit=emits,
            may_be_locked=not emits,
            denies=frozenset({"STANDBY", "ARMING"} if emits else {"READY"}),
        )

    def shows_output(self, reply: str) -> bool:
        """Not looked at: READY is light."""
        del reply
        return False

    def lock_words(self, words: Mapping[str, Any]) -> tuple[Said, ...]:
        """The status; emission has to be told off, and no output measured."""
        status = str(words.get("66"))
        dark = words.get("30") == "00" and words.get("17") == "00 00"
        if not dark or len(status.split()) != 2:  # noqa: PLR2004  (a u16)
            return ()
        bits = int(status[:2], 16)
        return (
            Said(status, ends=False, lit=bool(bits & 1), may_be_locked=not bits & 1, denies=_ANY),
        )

    def unsettled(self, passed: Passed) -> Iterator[tuple[int, str]]:
        """A register that is asked for while the answer to the same question may still come."""
        waiting: set[int] = set()
        rest, last_ns = b"", -SILENCE_NS
        for at_ns, _, sent, data in passed:
            texts, rest = _telegrams(data if sent else rest + data)
            for read in filter(None, map(telegram, texts)):
                if sent and (read.sender, read.kind) == (HOST, READ):
                    if at_ns - last_ns >= SILENCE_NS:
                        waiting.clear()
                    if read.register in waiting:
                        yield at_ns, f"register {read.register:02X}, asked before without answer"
                    waiting.add(read.register)
                elif read.to == MARKING:
                    waiting.clear()
                elif read.to == HOST:
                    waiting.discard(read.register)
            last_ns = at_ns

    def lit_otherwise(
        self, effective: Mapping[str, Any], lit: Mapping[str, Any], highest: float
    ) -> Iterator[str]:
        """The set-point, and what the catalogue allows; a hundred per cent are 100 mW here."""
        if lit["drive_percent"] not in {0.0, float(effective["power_mw"])}:
            yield f"judged at {effective}, lit at {lit['drive_percent']} mW"
        if lit["drive_percent"] > highest:
            yield f"lit at {lit['drive_percent']} mW, certified up to {highest} mW"


_ANY: frozenset[str] = frozenset()


def telegram(text: str) -> Telegram | None:
    """What a whole telegram in hex says; None where it says nothing."""
    raw = bytes.fromhex(text)
    if raw[:1] != bytes([FIRST]) or raw[-1:] != bytes([LAST]):
        return None
    body, escaped = bytearray(), False
    for byte in raw[1:-1]:
        if escaped or byte != ESCAPE:
            body.append((byte - SHIFT) & 0xFF if escaped else byte)
        escaped = byte == ESCAPE and not escaped
    if len(body) < 6 or binascii.crc_hqx(bytes(body), 0):  # noqa: PLR2004  (head and checksum)
        return None
    to, sender, kind, register = body[:4]
    return Telegram(to, sender, kind, register, bytes(body[4:-2]))


def written(sender: int, kind: int, register: int, data: bytes = b"") -> str:
    """A telegram to the module, in hex."""
    body = bytes([MODULE, sender, kind, register]) + data
    body += binascii.crc_hqx(body, 0).to_bytes(2, "big")
    escaped = b"".join(
        bytes([ESCAPE, byte + SHIFT]) if byte in {FIRST, LAST, ESCAPE} else bytes([byte])
        for byte in body
    )
    return (bytes([FIRST]) + escaped + bytes([LAST])).hex().upper()


def _telegrams(data: bytes) -> tuple[list[str], bytes]:
    """The telegrams that have ended, in hex, and what has not."""
    *ended, rest = data.split(bytes([LAST]))
    whole = [piece[start:] for piece in ended if (start := piece.rfind(FIRST)) >= 0]
    return [(piece + bytes([LAST])).hex().upper() for piece in whole], rest


def _settings(chance: Dice, kind: str, clean: bool) -> tuple[Pairs, bool]:  # noqa: FBT001  (a visit is clean or not)
    del kind
    power = chance.randrange(100, 6001) / 100
    if not clean and chance.random() < _RARE:
        power = chance.choice((75.0, 100.0, 0.004))
    return (("power_mw", f"{power:g}"),), True


def _values(chance: Dice) -> Pairs:
    values = [("reply_latency_s", f"{chance.choice((0.0005, 0.002, 0.005, 0.012)):g}")]
    for name, choices in (
        ("drop_every", ("40", "150")),
        ("interlock_write", ("ack", "nack")),
        ("emission_delay_s", ("0.3", "1")),
        ("bad_crc", ("silence",)),
    ):
        if chance.random() < 0.1:  # noqa: PLR2004  (rare)
            values.append((name, chance.choice(choices)))
    if chance.random() < 0.1:  # noqa: PLR2004
        values += [("second_host", str(OTHER)), ("second_host_s", chance.choice(("0.1", "0.3")))]
    return tuple(values)


_RESET = (("reset", "pressed"),)
HANDS = Hands(
    press="",
    release="",
    lights=frozenset({("emission", "on")}),
    touches_light=frozenset({"emission"}),
    touches_settings=frozenset({"setpoint_mw", "interlock", "module", "supply_v", "temperature_c"}),
    troubles=(
        *("interlock=open", "interlock=open", "module=disabled", "supply_v=9.5"),
        *("temperature_c=70", "error_code=5", "emission=on", "emission=on", "emission=off"),
        *("setpoint_mw=80", "setpoint_mw=20"),
    ),
    again=dict.fromkeys(("interlock", "module", "supply_v", "temperature_c"), _RESET),
    put_right=(*_RESET, ("drop_every", "0"), ("second_host", "0")),
    faults=(
        *("refused_off@for={for_s}", "stuck_ack@for={for_s}", "busy@for={for_s}"),
        *("reboot:seconds={for_s}", "frozen_status@for={for_s}", "nack@for={for_s}"),
    ),
    words=("", "", "R66", "R66", "R30", "R17", "R1C", "R22", "W22", "W30", "W30", "W30"),
    enabling_words=("W30",),
    settings=_settings,
    values=_values,
    kinds=("service", "service", "treatment"),
    kind_weights=(60, 30, 10),
    well=(("power_mw", "35"),),
    well_kind="service",
    overheats="temperature_c=70",
    turned="setpoint_mw=20",
    refuses="refused_off",
    others=(
        *(written(OTHER, WRITE, EMISSION, b"\x01"), written(OTHER, READ, STATUS)),
        *(written(OTHER, SET, EMISSION, b"\x01"), written(OTHER, WRITE, SET_POINT, b"\xd0\x07")),
        *(written(OTHER, WRITE, EMISSION, b"\x00"), written(HOST, READ, STATUS)),
        *(written(OTHER, WRITE, EMISSION, b"\x01")[:-cut] for cut in (2, 6)),
    ),
    others_enable=(written(OTHER, WRITE, EMISSION, b"\x01"),),
)
NKT = Make(
    simulator="nkt",
    driver="nkt",
    model="SimuSeed-1",
    configuration={},
    trigger="host",
    accepted=("interlock_unknown", "counter_not_available"),
    limits={"power_mw": "60"},
    highest=60.0,
    baudrate=115_200,
    first_values={"serial": "0004", "reply_latency_s": "0.002"},
    speech=Nkt(),
    hands=HANDS,
    identity="read",
)
