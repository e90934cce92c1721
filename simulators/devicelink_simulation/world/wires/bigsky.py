"""A flash-lamp Nd:YAG laser on its RS-485 line, as a service manual and host programs tell it.

Light needs three things: the lamp firing (`A`), the shutter open (`R1`), the Q-switch on (`PQ`).
`S` alone takes the energy away. Under `QSM2` light also needs a trigger from outside.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from devicelink_simulation.world.wires.contract import SET, Does, Frame, Hands, Make, Pairs, Said

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from devicelink_simulation.world.dice import Dice
    from devicelink_simulation.world.wires.contract import Passed

ADDRESS = "003"
REPLY_CHARS = 15
_START = b"\r\n"
_WOR = re.compile(r"[A-Z] ([01]) [A-Z] ([0-6]) [A-Z] ([01]) [A-Z] ([0-6])")
_VOLTS = re.compile(r"V[0-9]+")
_LAMP_OFF = {"0", "4"}
_STATES = frozenset({"STANDBY", "ARMING", "READY", "EMITTING"})
_LIT = frozenset({"ARMING", "READY", "EMITTING"})
_DOES = {
    **dict.fromkeys(("A", "R1", "PQ", "OQ"), Does.ENABLES),
    **dict.fromkeys(("WOR", "R", ""), Does.ASKS),
    **dict.fromkeys(("SAV1", "ECH0", "ROF1", "QOF1"), Does.FORBIDDEN),
    "S": Does.DARKENS,
}
_MARKERS = frozenset({"X", "SN", "DAT"})
"""Their answers can be no other's."""
SILENCE_NS = 499_000_000
_RARE = 0.05


class BigSky:
    """`$003CMD` and CR LF; answers are CR LF and fifteen characters. `>` addresses everybody."""

    lies = frozenset({"corrupt", "frozen_status", "duplicate"})

    def cut(self, passed: Passed) -> tuple[list[Frame], list[Frame]]:
        """Answers have no end: they are counted."""
        commands: list[Frame] = []
        replies: list[Frame] = []
        begun: dict[int, bytes] = {}
        rests: dict[int, bytes] = {}
        asked: dict[int, str] = {}
        for at_ns, process, sent, data in passed:
            if sent:
                *whole, begun[process] = (begun.get(process, b"") + data).split(b"\n")
                texts = [line.decode("latin-1").strip("\r\0") for line in whole]
                commands += [Frame(at_ns, process, text) for text in texts if text]
                asked[process], rests[process] = texts[-1] if texts else "", b""
                continue
            texts, rests[process] = _replies(rests.get(process, b"") + data)
            replies += [Frame(at_ns, process, text, asked.get(process, "")) for text in texts]
        return commands, replies

    def does(self, command: str) -> Does:
        """Whoever it is addressed to."""
        order = _order(command)
        if order is None:
            return Does.ELSE
        return Does.SETS if _VOLTS.fullmatch(order) else _DOES.get(order, Does.ELSE)

    def said(self, reply: str, to: str) -> Said | None:
        """The live status `WOR`, the shutter, the state's text; registers are read behind."""
        match _order(to):
            case "WOR":
                return _live(reply)
            case "R":
                return _shutter(reply)
            case "":
                return _state(reply)
        return None

    def shows_output(self, reply: str) -> bool:
        """Never: nothing on this wire tells of light."""
        del reply
        return False

    def lock_words(self, words: Mapping[str, Any]) -> tuple[Said, ...]:
        """The lamp and the shutter."""
        lamp, shutter = _live(str(words.get("WOR"))), _shutter(str(words.get("R")))
        return (lamp, shutter) if lamp and shutter else ()

    def unsettled(self, passed: Passed) -> Iterator[tuple[int, str]]:
        """A question for the state while another answer may still come."""
        asked: str | None = None
        doubtful, rest, last_ns = False, b"", -SILENCE_NS
        for at_ns, _, sent, data in passed:
            if sent:
                rest = b""
                for line in data.decode("latin-1").split("\n")[:-1]:
                    order = _order(line.strip("\r\0"))
                    if order is None:
                        continue
                    doubtful = doubtful or asked is not None
                    quiet = at_ns - last_ns >= SILENCE_NS
                    if _DOES.get(order) is Does.ASKS and doubtful and not quiet:
                        yield at_ns, f"{order or 'the state'}, after another without answer"
                    doubtful = doubtful and order not in _MARKERS and not quiet
                    asked = order
            else:
                texts, rest = _replies(rest + data)
                asked = None if texts else asked
            last_ns = at_ns

    def lit_otherwise(
        self, effective: Mapping[str, Any], lit: Mapping[str, Any], highest: float
    ) -> Iterator[str]:
        """The trigger from outside, and the volts that were set; energy is not on this wire."""
        if not lit["gated"]:
            yield "lit without a trigger from outside"
        volts = re.search("[0-9]+", lit[SET] or "")
        if volts is not None and float(volts[0]) != float(effective["lamp_voltage_v"]):
            yield f"judged at {effective}, lit at {volts[0]} V"
        if volts is not None and float(volts[0]) > highest:
            yield f"lit at {volts[0]} V, certified up to {highest:g} V"


def _order(line: str) -> str | None:
    """The command of a line in upper case; None for one that is addressed to nobody here."""
    for prefix in (f"${ADDRESS}", ">"):
        if line.startswith(prefix):
            return line.removeprefix(prefix).upper()
    return None


def _replies(data: bytes) -> tuple[list[str], bytes]:
    """Whole answers, and what has begun of the next; what stands before CR LF is none."""
    texts: list[str] = []
    while (start := data.find(_START)) >= 0 and len(data) >= start + 2 + REPLY_CHARS:
        end = start + 2 + REPLY_CHARS
        texts.append(data[start + 2 : end].decode("latin-1"))
        data = data[end:]
    return texts, data


def _live(reply: str) -> Said | None:
    match = _WOR.fullmatch(reply)
    if match is None:
        return None
    off = match[2] in _LAMP_OFF
    return Said(
        word=" ".join(match.groups()),
        ends=match[1] == "1",
        lit=not off,
        may_be_locked=off,
        denies=_LIT if off else frozenset({"STANDBY"}),
    )


def _shutter(reply: str) -> Said | None:
    if reply.rstrip() not in {"shutter opened", "shutter closed"}:
        return None
    closed = reply.rstrip() == "shutter closed"
    word = reply.split()[1]
    return Said(word, ends=False, lit=False, may_be_locked=closed, denies=_STATES)


def _state(reply: str) -> Said | None:
    lamp, switch = reply[:9].rstrip(), reply[9:].strip()
    if lamp.startswith("fire"):
        armed = "qs" in switch
        denies = frozenset({"STANDBY", "ARMING"} if armed else {"STANDBY", "READY", "EMITTING"})
        return Said(reply, ends=False, lit=True, may_be_locked=False, denies=denies)
    if lamp in {"standby", "simmer"}:
        return Said(reply, ends=False, lit=False, may_be_locked=True, denies=_LIT)
    return None


def _settings(chance: Dice, kind: str, clean: bool) -> tuple[Pairs, bool]:  # noqa: FBT001  (a visit is clean or not)
    del kind
    voltage = chance.randrange(800, 1201, 10)
    if not clean and chance.random() < _RARE:
        voltage = chance.choice((1500, 400, 1900))
    rate, delay = chance.choice((20, 30, 40)), chance.choice((130, 135, 140))
    return _told(voltage, rate, delay), False


def _told(voltage: int, rate: int, delay: int) -> Pairs:
    return (
        ("lamp_voltage_v", str(voltage)),
        ("repetition_rate_hz", str(rate)),
        ("qswitch_delay_us", str(delay)),
    )


def _values(chance: Dice) -> Pairs:
    values = [("reply_latency_s", f"{chance.choice((0.0005, 0.002, 0.005, 0.012)):g}")]
    for name, choices in (
        ("stop_ends", ("all",)),
        ("shutter_s", ("0.1", "0.4")),
        ("q_switch_wait_pulses", ("0", "20")),
        ("wor_letters", ("LM",)),
        ("trip_closes_shutter", ("yes",)),
        ("value_pad", ("zero",)),
        ("wor_armed_external", ("6",)),
    ):
        if chance.random() < 0.1:  # noqa: PLR2004  (rare)
            values.append((name, chance.choice(choices)))
    return tuple(values)


def _line(order: str) -> str:
    return f"${ADDRESS}{order}\r\n".encode("ascii").hex()


HANDS = Hands(
    press="trigger_input=on",
    release="trigger_input=off",
    lights=frozenset(
        {
            ("lamp", "firing"),
            ("shutter", "open"),
            ("q_switch", "running"),
            ("q_switch", "single"),
        }
    ),
    touches_light=frozenset({"lamp", "shutter", "q_switch", "shutter_blade"}),
    touches_settings=frozenset({"q_switch_mode", "lamp_mode", "voltage_v"}),
    troubles=(
        *("interlock=open", "interlock=open", "water_flow=low", "water_level=low", "pump=off"),
        *("lamp_connector=open", "aux_connector=open", "cabinet=open", "charger=failed"),
        *("simmer_supply=failed", "lamp=firing", "lamp=standby", "shutter=open", "shutter=closed"),
        *("shutter_blade=stuck", "q_switch=running", "q_switch=off", "trigger_input=on"),
        *("voltage_v=1500", "voltage_v=900", "q_switch_mode=0", "coolant_c=5"),
    ),
    again={},
    put_right=(),
    faults=(
        *("refused_stop@for={for_s}", "stuck_ack@for={for_s}"),
        *("reboot:seconds={for_s}", "frozen_status@for={for_s}"),
    ),
    words=(
        *("", "", "WOR", "WOR", "R", "IF", "IQ", "V", "F", "W", "P1", "QSM2", "ROF0", "QOF0"),
        *("A", "A", "R1", "R1", "PQ", "PQ", "S", "S", "SQ", "R0"),
    ),
    enabling_words=("A", "R1", "PQ"),
    settings=_settings,
    values=_values,
    kinds=("treatment", "test_spot", "training", "service"),
    kind_weights=(80, 10, 5, 5),
    well=_told(1000, 40, 135),
    overheats="coolant_c=5",
    turned="voltage_v=900",
    refuses="refused_stop",
    others=(
        *map(_line, ("A", "R1", "PQ", "S", "V900", "WOR", "IF", "R", "SQ", "R0")),
        *(_line(word).removesuffix(b"\r\n".hex()) for word in ("PQ", "A")),
    ),
    others_enable=tuple(map(_line, ("A", "R1", "PQ"))),
    standby_s=0.7,
)
BIGSKY = Make(
    simulator="bigsky",
    driver="bigsky",
    model="SimuYag-1",
    configuration={"serial": ADDRESS},
    trigger="hardware",
    accepted=("interlock_unknown", "counter_not_available"),
    limits={"lamp_voltage_v": "1200"},
    highest=1200.0,
    baudrate=9600,
    first_values={
        "serial": ADDRESS,
        "reply_latency_s": "0.002",
        "q_switch_wait_pulses": "3",
        "flow_s": "0.3",
    },
    speech=BigSky(),
    hands=HANDS,
    identity="read",
)
