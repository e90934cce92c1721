"""Drawing stories: from one seed, who comes, what they do, and what goes wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink_simulation.world.clinic import EVA, EVA_UNTIL_S, INES, PIN, TOM
from devicelink_simulation.world.dice import dice
from devicelink_simulation.world.operations import Blow
from devicelink_simulation.world.people import METER_S
from devicelink_simulation.world.plots import FORGET, plot
from devicelink_simulation.world.story import Act, Story, Trouble, Visit

if TYPE_CHECKING:
    from collections.abc import Callable

    from devicelink_simulation.world.dice import Dice

VISIT_S = 3.2
"""About how long a visit lasts; troubles fall into the time that visits take."""
_WORDS = (
    *("", "", "STA", "STA", "ROP", "RCT", "RCS", "RFV", "SDC", "EMOD", "RFWS", "RNC"),
    *("EMON", "EMON", "EMON", "EMOFF", "EMOFF"),
)
"""Commands that faults of the wire are aimed at; what enables and what reduces most often."""
_OFTEN = 0.5
PLOTTED = 0.2
"""How many of the stories with troubles follow a plot."""


def draw(seed: int, *, troubled: bool = True) -> Story:
    """The story of a seed; without troubles, one in which only people err."""
    chance = dice(seed, "story")
    visits = tuple(_visit(chance, clean=not troubled) for _ in range(_count(chance)))
    troubles: tuple[Trouble, ...] = ()
    if troubled and chance.random() < PLOTTED:
        visits, troubles = plot(chance, visits[0])
    elif troubled:
        lasts_s = 0.8 + VISIT_S * len(visits)
        rate = chance.choice((0, 1, 1, 1, 2, 2, 3, 5))
        troubles = tuple(_trouble(chance, lasts_s, len(visits)) for _ in range(rate))
    return Story(seed, visits, troubles, laser=_laser(chance))


def _count(chance: Dice) -> int:
    return chance.choices((1, 2, 3), (80, 16, 4))[0]


def _laser(chance: Dice) -> tuple[tuple[str, str], ...]:
    values = [("reply_latency_s", f"{chance.choice((0.0005, 0.002, 0.005, 0.012)):g}")]
    if chance.random() < 0.1:  # noqa: PLR2004  (rare)
        values.append(("startup_s", f"{chance.choice((0, 0.1, 1.0)):g}"))
    if chance.random() < 0.1:  # noqa: PLR2004
        values.append(("value_space", "off"))
    return tuple(values)


def _visit(chance: Dice, *, clean: bool) -> Visit:
    technician = chance.choices((INES, EVA, TOM), (86, 9, 5))[0]
    pins = chance.choices(((PIN,), ("111222", PIN), ("999999",)), (92, 7, 1))[0]
    kind = chance.choices(("treatment", "test_spot", "training", "service"), (80, 10, 5, 5))[0]
    percent = round(chance.uniform(12, 60), 1)
    trigger = "modulation"
    if kind == "service" and chance.random() < _OFTEN:
        trigger = "emission"
    if not clean and chance.random() < 0.05:  # noqa: PLR2004  (rare)
        percent = chance.choice((75.0, 5.0, 100.0))
    settings = [("diode_current_percent", f"{percent}"), ("trigger", trigger)]
    if chance.random() < 0.3:  # noqa: PLR2004
        settings.append(("power_average_s", "0.2"))
    acts = _acts(chance, clean=clean, hosted=trigger == "emission")
    pause_s = round(chance.uniform(0.1, 1.0), 3) + (METER_S if clean else 0.0)
    if technician == EVA and chance.random() < _OFTEN:  # about when her certificate runs out
        pause_s += EVA_UNTIL_S + chance.choice((-1.5, 1.2))
    return Visit(technician, pins, kind, f"C-{chance.randrange(3)}", tuple(settings), acts, pause_s)


def _acts(chance: Dice, *, clean: bool, hosted: bool) -> tuple[Act, ...]:
    acts = [Act("see", "STANDBY"), _wait(chance, 0.05, 0.4)]
    for _ in range(chance.choices((1, 2), (80, 20))[0]):
        if not clean and chance.random() < 0.04:  # noqa: PLR2004  (somebody leans on the switch)
            acts.append(Act("hand", "modulation_input=high"))
        acts += [Act("type", "r"), Act("see", "READY")]
        if not clean and chance.random() < 0.08:  # noqa: PLR2004  (somebody takes their time)
            acts.append(_wait(chance, 1.0, 5.0))
        for _ in range(0 if hosted else chance.randrange(3)):
            hasty = not clean and chance.random() < 0.05  # noqa: PLR2004
            acts.append(_wait(chance, 0.0, 0.4) if hasty else _wait(chance, 0.52, 0.7))
            acts.append(Act("hand", "modulation_input=high"))
            acts.append(_wait(chance, 0.05, 0.5))
            if clean or chance.random() < 0.95:  # noqa: PLR2004  (nearly always let go)
                acts.append(Act("hand", "modulation_input=low"))
        if not clean and chance.random() < 0.1:  # noqa: PLR2004
            acts.append(Act(chance.choice(("check", "second"))))
        if chance.random() < 0.6:  # noqa: PLR2004
            acts += [Act("type", ""), Act("see", "STANDBY"), _wait(chance, 0.0, 0.3)]
    acts.append(_last(chance))
    return tuple(acts)


def _last(chance: Dice) -> Act:
    kinds = (Act("type", "q"), Act("interrupt"), Act("lock"), Act("wait", "0.2"))
    return chance.choices(kinds, (70, 14, 10, 6))[0]


def _wait(chance: Dice, low_s: float, high_s: float) -> Act:
    return Act("wait", f"{chance.uniform(low_s, high_s):.3f}")


def _trouble(chance: Dice, lasts_s: float, visits: int) -> Trouble:
    at_s = round(chance.uniform(0.2, lasts_s), 4)
    makers: tuple[Callable[[Dice, float, int], Trouble], ...] = (
        _wire_fault,
        _device_fault,
        _knob,
        _clock,
        _disk,
        _process,
        _blow,
        _other,
    )
    made = chance.choices(makers, (28, 10, 17, 8, 9, 10, 12, 6))[0]
    return made(chance, at_s, visits)


def _wire_fault(chance: Dice, at_s: float, visits: int) -> Trouble:
    del visits
    name = chance.choice(
        (
            *("delay", "delay", "drop", "duplicate", "corrupt", "truncate", "split", "garbage"),
            *("silence", "unplug", "lost_command", "mangled_command"),
        )
    )
    lasting_s = round(chance.choice((0.1, 0.3, 1.5, 4.0)) * chance.uniform(0.5, 1.5), 3)
    if name in {"silence", "unplug"}:
        when = f"@for={lasting_s}" if chance.random() < 0.8 else ""  # noqa: PLR2004
        return Trouble("fault", at_s, f"{name}{when}")
    parameters = ""
    if name == "delay":
        parameters = f":seconds={chance.choice((0.05, 0.15, 0.21, 0.3, 0.6)):g}"
    elif name in {"corrupt", "mangled_command"}:
        parameters = f":position={chance.randrange(7)},value={chance.choice((0, 48, 57, 13, 255))}"
    elif name == "truncate":
        parameters = f":keep={chance.randrange(6)}"
    word = chance.choice(_WORDS)
    when = f"count={chance.choice((1, 1, 2, 5, 40))}"
    if word:
        when += f",cmd={word}"
    return Trouble("fault", at_s, f"{name}{parameters}@{when}")


def _device_fault(chance: Dice, at_s: float, visits: int) -> Trouble:
    del visits
    name = chance.choice(("refused_off", "stuck_ack", "reboot", "frozen_status"))
    lasting_s = round(chance.choice((0.2, 1.0, 5.0)) * chance.uniform(0.5, 1.5), 3)
    if name == "reboot":
        return Trouble("fault", at_s, f"reboot:seconds={lasting_s}")
    return Trouble("fault", at_s, f"{name}@for={lasting_s}")


def _knob(chance: Dice, at_s: float, visits: int) -> Trouble:
    del visits
    pair = chance.choice(
        (
            *("interlock_1=open", "interlock_2=open", "key=rem", "estop=pressed"),
            *("temperature_c=57", "back_reflection=on", "unexpected_emission=on"),
            *("emission=on", "emission=off", "modulation=disabled", "modulation_input=high"),
            *("diode_current_percent=80", "diode_current_percent=20"),
            *("collimator=disconnected", "modules=failed"),
        )
    )
    for_s = round(chance.choice((0.05, 0.4, 2.0)) * chance.uniform(0.5, 1.5), 3)
    return Trouble("knob", at_s, pair, for_s=for_s)


def _clock(chance: Dice, at_s: float, visits: int) -> Trouble:
    del visits
    if chance.random() < 0.3:  # noqa: PLR2004
        return Trouble("suspend", at_s, for_s=round(chance.choice((0.3, 0.8, 30.0)), 3))
    jump_s = chance.choice((-3600, -5, -1, 1.5, 3, 7200, 86400 * 400))
    return Trouble("clock", at_s, f"{jump_s}")


def _disk(chance: Dice, at_s: float, visits: int) -> Trouble:
    del visits
    kind = chance.choice(("full", "io_error", "slow", "power"))
    for_s = round(chance.choice((0.1, 1.0, 5.0)) * chance.uniform(0.5, 1.5), 3)
    if kind == "slow":
        return Trouble(kind, at_s, f"{chance.choice((0.03, 0.12)):g}", for_s=for_s)
    return Trouble(kind, at_s, for_s=0.0 if kind == "power" else for_s)


def _process(chance: Dice, at_s: float, visits: int) -> Trouble:
    del visits
    whom = chance.choices(("session", "guard", "lock"), (60, 35, 5))[0]
    if chance.random() < _OFTEN:
        return Trouble("kill", at_s, whom=whom)
    for_s = round(chance.choice((0.05, 0.4, 1.3, 4.0)) * chance.uniform(0.7, 1.3), 3)
    return Trouble("freeze", at_s, whom=whom, for_s=for_s)


def _blow(chance: Dice, at_s: float, visits: int) -> Trouble:
    del at_s
    whom = chance.choices(("session", "guard", "lock"), (80, 14, 6))[0]
    kind = chance.choice(
        ("crash_before", "crash_after", "crash_torn", "full", "io_error", "refused")
    )
    lasting = 0 if kind.startswith("crash") else chance.choice((0, 0, 3, 30, -1))
    nth = chance.randrange(1, 30 if whom == "guard" else 700)
    return Trouble("blow", whom=whom, blow=Blow(kind, nth, lasting), visit=chance.randrange(visits))


EDITS = (
    FORGET,
    "UPDATE projection_catalogues SET state = replace(state, '\"60\"', '\"100\"')",
    "DELETE FROM projection_clock",
)
"""What somebody with the file and no key may try: tables that nothing is decided by."""


def _other(chance: Dice, at_s: float, visits: int) -> Trouble:
    del visits
    kind = chance.choice(("edit", "terminal", "deaf"))
    if kind == "edit":
        return Trouble(kind, at_s, chance.choice(EDITS))
    return Trouble(kind, at_s, for_s=round(chance.choice((0.5, 1.2, 4.5)), 3))
