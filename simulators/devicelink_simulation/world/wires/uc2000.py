"""A controller of CO2 lasers with the REMOTE protocol, as host programs by others speak it.

It tells what it was commanded and senses nothing: no interlock, key, temperature or light is on the
wire. What happens to those is dark, or not, unseen, and no rule asks that it be answered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from devicelink_simulation.world.wires.contract import Does, Frame, Hands, Make, Pairs, Said

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from devicelink_simulation.world.dice import Dice
    from devicelink_simulation.world.wires.contract import Passed

START, SET_POWER, ACCEPTED, REFUSED = 0x5B, 0x7F, 0xAA, 0x3F
ASK = "7E"
STATUS_BYTES = 5
SILENCE_NS = 399_000_000
"""No marker is known: only a silence tells a late answer from the next. How late one may come is
not told; a program that runs a real unit waits an eighth of this."""
_DOES = {
    "5B758A": Does.ENABLES,
    "5B7689": Does.DARKENS,
    ASK: Does.ASKS,
    **dict.fromkeys(("5B30CF", "5B7A85", "5B718E", "5B728D", "5B748B"), Does.FORBIDDEN),
}
_NO_FREQUENCY = 3
"""No status has it: a byte was lost or changed."""
_MANUAL = (0, 3)
_RARE = 0.05


class Uc2000:
    """Commands `5B CMD [DATA] CHK`, the status request `7E`; answers `AA`, `3F`, or a status."""

    lies = frozenset({"corrupt", "frozen_status", "duplicate"})

    def cut(self, passed: Passed) -> tuple[list[Frame], list[Frame]]:
        """An answer's length follows from what its process asked last."""
        commands: list[Frame] = []
        replies: list[Frame] = []
        begun: dict[int, bytes] = {}
        asked: dict[int, str] = {}
        rests: dict[int, str] = {}
        for at_ns, process, sent, data in passed:
            if sent:
                texts, begun[process] = _commands(begun.get(process, b"") + data)
                commands += [Frame(at_ns, process, text) for text in texts]
                asked[process], rests[process] = texts[-1] if texts else "", ""
                continue
            rest = rests.get(process, "") + data.hex().upper()
            while (size := 2 * _length(asked.get(process, ""), rest)) and len(rest) >= size:
                replies.append(Frame(at_ns, process, rest[:size]))
                rest = rest[size:]
            rests[process] = rest
        return commands, replies

    def does(self, command: str) -> Does:
        """Lasing on and off, the status; at power-up, gate pull-up and analogue modes never."""
        if command.startswith("5B7F"):
            return Does.SETS
        return _DOES.get(command, Does.ELSE)

    def said(self, reply: str, to: str) -> Said | None:
        """Mode, remote, lase and gate in the first byte, the duty in the third."""
        del to
        if len(reply) != 2 * STATUS_BYTES or not reply.startswith("AA"):
            return None
        first, duty = int(reply[2:4], 16), int(reply[6:8], 16)
        if first >> 6 == _NO_FREQUENCY:
            return None
        remote, lase, pulled_up = (bool(first >> bit & 1) for bit in (3, 4, 5))
        by_itself = pulled_up or first & 7 not in _MANUAL
        return Said(
            word=reply,
            ends=not remote or (lase and by_itself),
            lit=lase,
            may_be_locked=remote and not lase and duty == 0,
            denies=frozenset({"STANDBY", "ARMING"} if lase else {"READY", "EMITTING", "ARMING"}),
        )

    def shows_output(self, reply: str) -> bool:
        """Never: what the power byte measures is not known."""
        del reply
        return False

    def lock_words(self, words: Mapping[str, Any]) -> tuple[Said, ...]:
        """The status."""
        said = self.said(str(words.get(ASK)).replace(" ", ""), ASK)
        return (said,) if said else ()

    def unsettled(self, passed: Passed) -> Iterator[tuple[int, str]]:
        """A status that is asked for while another answer may still come."""
        asked, doubtful, rest, last_ns = "", False, "", -SILENCE_NS
        for at_ns, _, sent, data in passed:
            if sent:
                for text in _commands(data)[0]:
                    doubtful = doubtful or bool(asked)
                    if text == ASK and doubtful and at_ns - last_ns < SILENCE_NS:
                        yield at_ns, f"{ASK}, after another without answer"
                    doubtful = doubtful and text != ASK
                    asked, rest = text, ""
            else:
                rest += data.hex().upper()
                size = 2 * _length(asked, rest)
                if size and len(rest) >= size:
                    asked = ""
            last_ns = at_ns

    def lit_otherwise(
        self, effective: Mapping[str, Any], lit: Mapping[str, Any], highest: float
    ) -> Iterator[str]:
        """The duty, the gate pulled down, and what the catalogue allows."""
        percent = lit["drive_percent"]
        if percent not in {0.0, float(effective["power_percent"])}:
            yield f"judged at {effective}, lit at {percent} %"
        if not lit["gated"]:
            yield "lit with the gate pulled up"
        if percent > highest:
            yield f"lit at {percent} %, certified up to {highest} %"


def _length(asked: str, rest: str) -> int:
    """How many bytes the answer has that begins so; 0 where nothing begins so."""
    if rest.startswith("3F"):
        return 1
    if not rest.startswith("AA"):
        return 0
    return STATUS_BYTES if asked == ASK else 1


def _commands(data: bytes) -> tuple[list[str], bytes]:
    """The commands in bytes that were sent, and what was begun; bytes between them are none."""
    texts: list[str] = []
    rest = b""
    for byte in data:
        if not rest and byte != START:
            texts += [ASK] if byte == int(ASK, 16) else []
            continue
        rest += bytes([byte])
        if len(rest) == (4 if rest[1:2] == bytes([SET_POWER]) else 3):
            texts.append(rest.hex().upper())
            rest = b""
    return texts, rest


def _settings(chance: Dice, kind: str, clean: bool) -> tuple[Pairs, bool]:  # noqa: FBT001  (a visit is clean or not)
    del kind
    percent = chance.randrange(10, 121) / 2
    if not clean and chance.random() < _RARE:
        percent = chance.choice((75.0, 100.0, 63.0))
    return (("power_percent", f"{percent:g}"),), False


def _values(chance: Dice) -> Pairs:
    values = [("reply_latency_s", f"{chance.choice((0.0005, 0.002, 0.005, 0.012)):g}")]
    if chance.random() < 0.1:  # noqa: PLR2004  (rare)
        values.append(("status_outside_remote", "silent"))
    if chance.random() < 0.1:  # noqa: PLR2004
        values.append(("outside_remote", chance.choice(("silent", "acknowledged"))))
    return tuple(values)


HANDS = Hands(
    press="gate_input=high",
    release="gate_input=low",
    lights=frozenset({("lase", "on")}),
    touches_light=frozenset({"lase"}),
    touches_settings=frozenset({"percent", "gate_logic", "mode", "max_pwm", "key", "interlock"}),
    troubles=(
        *("interlock=open", "key=off", "temperature_c=65", "rf_driver=stuck_on", "rf_driver=dead"),
        *("remote=off", "remote=off", "lase=on", "lase=on", "lase=off", "gate_logic=pull_up"),
        *("gate_input=high", "gate_input=open", "mode=anv", "percent=80", "percent=20"),
    ),
    again=dict.fromkeys(("interlock", "temperature_c"), (("key", "on"),)),
    put_right=(("key", "on"),),
    faults=(
        *("refused_off@for={for_s}", "stuck_ack@for={for_s}"),
        *("reboot:seconds={for_s}", "frozen_status@for={for_s}"),
    ),
    words=("", "", "7E", "7E", "7F", "70", "7B", "7C", "31", "75", "75", "75", "76", "76"),
    enabling_words=("75",),
    settings=_settings,
    values=_values,
    kinds=("treatment", "test_spot", "training", "service"),
    kind_weights=(80, 10, 5, 5),
    well=(("power_percent", "35"),),
    turned="percent=20",
    key="remote=off",
    refuses="refused_off",
    others=("5B758A", "5B758A", "5B7F2858", "7E", "5B7689", "5B7A85", "5B7F", "5B75"),
    others_enable=("5B758A",),
    standby_s=1.0,
)
UC2000 = Make(
    simulator="uc2000",
    driver="uc2000",
    model="SimuCarbon-1",
    configuration={},
    trigger="hardware",
    accepted=("identity_asserted", "interlock_unknown", "counter_not_available"),
    limits={"power_percent": "60"},
    highest=60.0,
    baudrate=9600,
    first_values={"startup_s": "0.3", "reply_latency_s": "0.002"},
    speech=Uc2000(),
    hands=HANDS,
)
