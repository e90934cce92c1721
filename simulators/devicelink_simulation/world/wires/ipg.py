"""A fibre laser with the maker's ASCII protocol, dialect YLR-SM, as its user guide describes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from devicelink_simulation.world.wires.contract import (
    Does,
    Frame,
    Hands,
    Make,
    Pairs,
    Said,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from devicelink_simulation.world.dice import Dice
    from devicelink_simulation.world.wires.contract import Passed

EMISSION, STARTING, UNEXPECTED, REMOTE = 1 << 2, 1 << 15, 1 << 17, 1 << 21
ENDING_BITS = sum(1 << bit for bit in (1, 3, 6, 7, 10, 11, 17, 21, 29, 30))
"""Bits of `STA` that end a session: faults, interlocks, key, unexpected emission."""
NOT_LOCKED = EMISSION | STARTING | UNEXPECTED | REMOTE
QUESTIONS = frozenset({"STA", "ROP", "RCT", "RCS", "RNC", "RFWS", "RDC"})
REFUSALS = ("ERR", "BCMD", "COMMAND ERR")
MARKER = "RFV"
SILENCE_NS = 499_000_000
"""How long a wire has to be silent before a question needs no marker."""
_DOES = {
    "EMON": Does.ENABLES,
    "EMOFF": Does.DARKENS,
    "STA": Does.ASKS,
    "SDC": Does.SETS,
    **dict.fromkeys(("EEC", "EEABC"), Does.FORBIDDEN),
}
_OFTEN, _RARE = 0.5, 0.05


class Ipg:
    """Lines that end with CR, one reply to each; no unsolicited output."""

    lies = frozenset({"corrupt", "frozen_status", "duplicate"})

    def cut(self, passed: Passed) -> tuple[list[Frame], list[Frame]]:
        """By CR; the rest of a line is dropped when its process asks something new."""
        frames: dict[bool, list[Frame]] = {True: [], False: []}
        rests: dict[tuple[int, bool], bytes] = {}
        for at_ns, process, sent, data in passed:
            if sent:
                rests[process, False] = b""
            *whole, rest = (rests.get((process, sent), b"") + data).split(b"\r")
            rests[process, sent] = rest
            lines = (line.decode("latin-1") for line in whole if line)
            frames[sent] += [Frame(at_ns, process, line) for line in lines]
        return frames[True], frames[False]

    def does(self, command: str) -> Does:
        """By the word; what it sets stands behind it."""
        return _DOES.get(command.strip().upper().partition(" ")[0], Does.ELSE)

    def said(self, reply: str, to: str) -> Said | None:
        """Only `STA: number` says something of the state."""
        del to
        number = status_of(reply)
        if number is None:
            return None
        return Said(
            word=str(number),
            ends=bool(number & ENDING_BITS),
            lit=bool(number & (EMISSION | STARTING | UNEXPECTED)),
            may_be_locked=not number & NOT_LOCKED,
            denies=_denied(number),
        )

    def shows_output(self, reply: str) -> bool:
        """`ROP` with a number."""
        word, colon, value = reply.partition(":")
        number = value.strip().replace(".", "", 1)
        return word == "ROP" and bool(colon) and number.isascii() and number.isdigit()

    def lock_words(self, words: Mapping[str, Any]) -> tuple[Said, ...]:
        """The status word."""
        said = self.said(f"STA: {words.get('STA')}", "STA")
        return (said,) if said else ()

    def unsettled(self, passed: Passed) -> Iterator[tuple[int, str]]:
        """Replies carry no number: a late one is told from the next only behind `RFV`."""
        asked, doubtful, rest, last_ns = "", False, "", 0
        for at_ns, _, sent, data in passed:
            if sent:
                rest = ""
                for word in filter(None, data.decode("latin-1").split("\r")):
                    doubtful = doubtful or bool(asked)
                    quiet = at_ns - last_ns >= SILENCE_NS
                    if word in QUESTIONS and doubtful and not quiet:
                        yield at_ns, f"{word}, after {asked} without answer"
                    if word in QUESTIONS or word == MARKER:
                        asked, doubtful = word if word in QUESTIONS else "", False
            else:
                *lines, rest = (rest + data.decode("latin-1").upper()).split("\r")
                if asked and any(
                    line == asked or line.startswith((asked + ":", *REFUSALS)) for line in lines
                ):
                    asked = ""
            last_ns = at_ns

    def lit_otherwise(
        self, effective: Mapping[str, Any], lit: Mapping[str, Any], highest: float
    ) -> Iterator[str]:
        """The current, the gate, and what the catalogue allows."""
        percent = lit["drive_percent"]
        if percent not in {0.0, float(effective["diode_current_percent"])}:
            yield f"judged at {effective}, lit at {percent} %"
        if (effective["trigger"] == "modulation") is not lit["gated"]:
            yield f"judged at {effective}, lit with the gate {lit['gated']}"
        if percent > highest:
            yield f"lit at {percent} %, certified up to {highest} %"


def status_of(text: str) -> int | None:
    """The number of an `STA` reply; None for any other line."""
    if not text.startswith("STA:"):
        return None
    number = text[4:].strip()
    return int(number) if number.isascii() and number.isdigit() else None


def _denied(number: int) -> frozenset[str]:
    if number & STARTING:
        return frozenset({"READY", "EMITTING", "STANDBY"})
    return frozenset(
        {"STANDBY", "ARMING"} if number & EMISSION else {"READY", "EMITTING", "ARMING"}
    )


def _settings(chance: Dice, kind: str, clean: bool) -> tuple[Pairs, bool]:  # noqa: FBT001  (a visit is clean or not)
    percent = round(chance.uniform(12, 60), 1)
    trigger = "modulation"
    if kind == "service" and chance.random() < _OFTEN:
        trigger = "emission"
    if not clean and chance.random() < _RARE:
        percent = chance.choice((75.0, 5.0, 100.0))
    settings = [("diode_current_percent", f"{percent}"), ("trigger", trigger)]
    if chance.random() < 0.3:  # noqa: PLR2004
        settings.append(("power_average_s", "0.2"))
    return tuple(settings), trigger == "emission"


def _values(chance: Dice) -> Pairs:
    values = [("reply_latency_s", f"{chance.choice((0.0005, 0.002, 0.005, 0.012)):g}")]
    if chance.random() < 0.1:  # noqa: PLR2004  (rare)
        values.append(("startup_s", f"{chance.choice((0, 0.1, 1.0)):g}"))
    if chance.random() < 0.1:  # noqa: PLR2004
        values.append(("value_space", "off"))
    return tuple(values)


HANDS = Hands(
    press="modulation_input=high",
    release="modulation_input=low",
    lights=frozenset({("emission", "on")}),
    touches_light=frozenset({"emission", "key", "unexpected_emission"}),
    touches_settings=frozenset({"diode_current_percent", "modulation", "supply"}),
    troubles=(
        *("interlock_1=open", "interlock_2=open", "key=rem", "estop=pressed"),
        *("temperature_c=57", "back_reflection=on", "unexpected_emission=on"),
        *("emission=on", "emission=off", "modulation=disabled", "modulation_input=high"),
        *("diode_current_percent=80", "diode_current_percent=20"),
        *("collimator=disconnected", "modules=failed"),
    ),
    again=dict.fromkeys(("interlock_1", "interlock_2", "estop"), (("supply", "on"),)),
    put_right=(("supply", "on"), ("clear", "pressed")),
    faults=(
        *("refused_off@for={for_s}", "stuck_ack@for={for_s}"),
        *("reboot:seconds={for_s}", "frozen_status@for={for_s}"),
    ),
    words=(
        *("", "", "STA", "STA", "ROP", "RCT", "RCS", "RFV", "SDC", "EMOD", "RFWS", "RNC"),
        *("EMON", "EMON", "EMON", "EMOFF", "EMOFF"),
    ),
    enabling_words=("EMON",),
    settings=_settings,
    values=_values,
    kinds=("treatment", "test_spot", "training", "service"),
    kind_weights=(80, 10, 5, 5),
    well=(("diode_current_percent", "35.0"), ("trigger", "modulation")),
    overheats="temperature_c=57",
    turned="diode_current_percent=20",
    key="key=rem",
    refuses="refused_off",
    others=(
        *(f"{word}\r".encode().hex() for word in ("EMON", "SDC 20", "STA", "ROP", "EMOFF")),
        *(half.encode().hex() for half in ("EMON", "SDC 2")),
    ),
    others_enable=(b"EMON\r".hex(),),
    memory_s=1.0,
)
IPG = Make(
    simulator="ipg",
    driver="ipg",
    model="SimuLase-1",
    configuration={},
    trigger="hardware",
    accepted=("identity_asserted", "counter_not_available"),
    limits={"diode_current_percent": "60"},
    highest=60.0,
    baudrate=57_600,
    first_values={"startup_s": "0.3", "reply_latency_s": "0.002"},
    speech=Ipg(),
    hands=HANDS,
)
