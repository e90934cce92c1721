"""Drawing stories: from one seed, who comes, what they do, and what goes wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from devicelink_simulation.world.clinic import EVA, EVA_UNTIL_S, INES, NOA, PIN, TOM
from devicelink_simulation.world.dice import dice
from devicelink_simulation.world.lasers import LASERS
from devicelink_simulation.world.operations import Blow
from devicelink_simulation.world.plots import FORGET, plot
from devicelink_simulation.world.story import Act, Laser, Story, Trouble, Visit

if TYPE_CHECKING:
    from collections.abc import Callable

    from devicelink_simulation.world.dice import Dice
    from devicelink_simulation.world.wires.contract import Hands

VISIT_S = 3.2
"""About how long a visit lasts; troubles fall into the time that visits take."""
_OFTEN = 0.5
PLOTTED = 0.2
"""How many of the stories with troubles follow a plot."""
IN_USE = 0.06
"""In how many somebody comes to a laser while another has it."""


SERVICED = 0.1
"""After how many visits somebody services a console that can be."""
_LEAVE = Act("type", "q")


class _Place(NamedTuple):
    """Where a trouble may fall."""

    serial: str
    visits: int

    @property
    def hands(self) -> Hands:
        """What may be done to the laser."""
        return LASERS[self.serial].hands


def draw(seed: int, *, troubled: bool = True) -> Story:
    """The story of a seed; without troubles, one in which only people err."""
    chance = dice(seed, "story")
    serials = _serials(chance)
    visits = _visits(chance, serials, clean=not troubled)
    troubles: tuple[Trouble, ...] = ()
    if troubled and chance.random() < PLOTTED:
        others = tuple(visit for visit in visits if visit.laser != serials[0])
        visits, troubles = plot(chance, visits[0])
        visits += others
    elif troubled:
        rate = chance.choice((0, 1, 1, 1, 2, 2, 3, 5))
        troubles = tuple(_trouble(chance, _lasts_s(visits), visits) for _ in range(rate))
    lasers = tuple(Laser(serial, LASERS[serial].hands.values(chance)) for serial in serials)
    return Story(seed, visits, troubles, lasers)


def _serials(chance: Dice) -> tuple[str, ...]:
    """The lasers of a story; each protocol as often as any other."""
    protocols = list(dict.fromkeys(make.simulator for make in LASERS.values()))
    found: list[str] = []
    for _ in range(chance.choices((1, 2, 3), (70, 25, 5))[0]):
        protocol = chance.choice(protocols)
        free = [s for s, m in LASERS.items() if m.simulator == protocol and s not in found]
        found += [chance.choice(free)] if free else []
    return tuple(found)


def _visits(chance: Dice, serials: tuple[str, ...], *, clean: bool) -> tuple[Visit, ...]:
    """Each laser in a room of its own; sometimes somebody comes to a laser that is in use."""
    visits = []
    for room, serial in enumerate(serials):
        count = _count(chance) if room == 0 else 1
        visits += [_visit(chance, serial, room, clean=clean) for _ in range(count)]
    if not clean and chance.random() < IN_USE:
        late = _visit(chance, serials[0], len(serials), clean=clean)
        visits.append(replace(late, pause_s=round(chance.uniform(0.1, 2.0), 3)))
    return tuple(visits)


def _lasts_s(visits: tuple[Visit, ...]) -> float:
    """About when the last room is empty."""
    lasts_s = dict.fromkeys((visit.room for visit in visits), 0.7)
    for visit in visits:
        hands = LASERS[visit.laser].hands
        lasts_s[visit.room] += VISIT_S + hands.standby_s + hands.ready_s - 1.0
    return max(lasts_s.values())


def _count(chance: Dice) -> int:
    return chance.choices((1, 2, 3), (80, 16, 4))[0]


def _visit(chance: Dice, serial: str, room: int, *, clean: bool) -> Visit:
    hands = LASERS[serial].hands
    technician = chance.choices((NOA if room else INES, EVA, TOM), (86, 9, 5))[0]
    pins = chance.choices(((PIN,), ("111222", PIN), ("999999",)), (92, 7, 1))[0]
    kind = chance.choices(hands.kinds, hands.kind_weights)[0]
    settings, hosted = hands.settings(chance, kind, clean)
    acts = _acts(chance, hands, clean=clean, hosted=hosted)
    if hands.services and acts[-1] == _LEAVE and chance.random() < SERVICED:
        acts += (Act("gone"), *(Act("hand_after", each) for each in hands.services))
    pause_s = round(chance.uniform(0.1, 1.0), 3) + (hands.memory_s if clean else 0.0)
    if technician == EVA and chance.random() < _OFTEN:  # about when her certificate runs out
        pause_s += EVA_UNTIL_S + chance.choice((-1.5, 1.2))
    client = f"C-{chance.randrange(3)}"
    return Visit(technician, pins, kind, client, settings, acts, pause_s, serial, room)


def _acts(chance: Dice, hands: Hands, *, clean: bool, hosted: bool) -> tuple[Act, ...]:
    acts = [Act("see", "STANDBY"), _wait(chance, 0.05, 0.4)]
    for _ in range(chance.choices((1, 2), (80, 20))[0]):
        leans = not clean and not hosted and chance.random() < 0.04  # noqa: PLR2004  (rare)
        if leans:
            acts.append(Act("hand", hands.press))
        acts += _made_ready(chance, hands, clean=clean)
        if not clean and chance.random() < 0.08:  # noqa: PLR2004  (somebody takes their time)
            acts.append(_wait(chance, 1.0, 5.0))
        for _ in range(0 if hosted else chance.randrange(3)):
            hasty = not clean and chance.random() < 0.05  # noqa: PLR2004
            acts.append(_wait(chance, 0.0, 0.4) if hasty else _wait(chance, 0.52, 0.7))
            acts.append(Act("hand", hands.press))
            acts.append(_wait(chance, 0.05, 0.5))
            if clean or chance.random() < 0.95:  # noqa: PLR2004  (nearly always let go)
                acts.append(Act("hand", hands.release))
        if not clean and chance.random() < 0.1:  # noqa: PLR2004
            acts.append(Act(chance.choice(("check", "second"))))
        if chance.random() < 0.6:  # noqa: PLR2004
            acts += [Act("type", ""), Act("see", "STANDBY"), _wait(chance, 0.0, 0.3)]
    acts.append(_last(chance))
    return tuple(acts)


def _made_ready(chance: Dice, hands: Hands, *, clean: bool) -> list[Act]:
    """READY asked for; where a hand at the console makes it so, that errs sometimes."""
    asked, seen = Act("type", "r"), Act("see", "READY")
    if not hands.makes_ready or clean:
        return [asked, seen]
    press = Act("hand", hands.makes_ready)
    erring = (
        [asked, seen],
        [press, asked, seen],
        [asked, seen, press],
        [asked, press, seen],
        [asked, Act("see", "ARMING"), _wait(chance, 0.5, 17.0)],
    )
    return chance.choices(erring, (84, 4, 4, 4, 4))[0]


def _last(chance: Dice) -> Act:
    kinds = (_LEAVE, Act("interrupt"), Act("lock"), Act("wait", "0.2"))
    return chance.choices(kinds, (70, 14, 10, 6))[0]


def _wait(chance: Dice, low_s: float, high_s: float) -> Act:
    return Act("wait", f"{chance.uniform(low_s, high_s):.3f}")


def _trouble(chance: Dice, lasts_s: float, visits: tuple[Visit, ...]) -> Trouble:
    at_s = round(chance.uniform(0.2, lasts_s), 4)
    makers: tuple[Callable[[Dice, float, _Place], Trouble], ...] = (
        _wire_fault,
        _device_fault,
        _knob,
        _clock,
        _disk,
        _process,
        _blow,
        _other,
        _second_host,
    )
    made = chance.choices(makers, (27, 10, 16, 8, 9, 10, 12, 5, 3))[0]
    serials = list(dict.fromkeys(visit.laser for visit in visits))
    return made(chance, at_s, _Place(chance.choice(serials), len(visits)))


def _wire_fault(chance: Dice, at_s: float, place: _Place) -> Trouble:
    name = chance.choice(
        (
            *("delay", "delay", "drop", "duplicate", "corrupt", "truncate", "split", "garbage"),
            *("silence", "unplug", "lost_command", "mangled_command"),
        )
    )
    lasting_s = round(chance.choice((0.1, 0.3, 1.5, 4.0)) * chance.uniform(0.5, 1.5), 3)
    if name in {"silence", "unplug"}:
        when = f"@for={lasting_s}" if chance.random() < 0.8 else ""  # noqa: PLR2004
        return Trouble("fault", at_s, f"{name}{when}", laser=place.serial)
    parameters = ""
    if name == "delay":
        parameters = f":seconds={chance.choice((0.05, 0.15, 0.21, 0.3, 0.6)):g}"
    elif name in {"corrupt", "mangled_command"}:
        parameters = f":position={chance.randrange(7)},value={chance.choice((0, 48, 57, 13, 255))}"
    elif name == "truncate":
        parameters = f":keep={chance.randrange(6)}"
    word = chance.choice(place.hands.words)
    when = f"count={chance.choice((1, 1, 2, 5, 40))}"
    if word:
        when += f",cmd={word}"
    return Trouble("fault", at_s, f"{name}{parameters}@{when}", laser=place.serial)


def _device_fault(chance: Dice, at_s: float, place: _Place) -> Trouble:
    lasting_s = round(chance.choice((0.2, 1.0, 5.0)) * chance.uniform(0.5, 1.5), 3)
    fault = chance.choice(place.hands.faults).format(for_s=lasting_s)
    return Trouble("fault", at_s, fault, laser=place.serial)


def _knob(chance: Dice, at_s: float, place: _Place) -> Trouble:
    pair = chance.choice(place.hands.troubles)
    for_s = round(chance.choice((0.05, 0.4, 2.0)) * chance.uniform(0.5, 1.5), 3)
    return Trouble("knob", at_s, pair, for_s=for_s, laser=place.serial)


def _second_host(chance: Dice, at_s: float, place: _Place) -> Trouble:
    if not place.hands.others:
        return _knob(chance, at_s, place)
    return Trouble("host", at_s, chance.choice(place.hands.others), laser=place.serial)


def _clock(chance: Dice, at_s: float, place: _Place) -> Trouble:
    del place
    if chance.random() < 0.3:  # noqa: PLR2004
        return Trouble("suspend", at_s, for_s=round(chance.choice((0.3, 0.8, 30.0)), 3))
    jump_s = chance.choice((-3600, -5, -1, 1.5, 3, 7200, 86400 * 400))
    return Trouble("clock", at_s, f"{jump_s}")


def _disk(chance: Dice, at_s: float, place: _Place) -> Trouble:
    del place
    kind = chance.choice(("full", "io_error", "slow", "power"))
    for_s = round(chance.choice((0.1, 1.0, 5.0)) * chance.uniform(0.5, 1.5), 3)
    if kind == "slow":
        return Trouble(kind, at_s, f"{chance.choice((0.03, 0.12)):g}", for_s=for_s)
    return Trouble(kind, at_s, for_s=0.0 if kind == "power" else for_s)


def _process(chance: Dice, at_s: float, place: _Place) -> Trouble:
    whom = chance.choices(("session", "guard", "lock"), (60, 35, 5))[0]
    if chance.random() < _OFTEN:
        return Trouble("kill", at_s, whom=whom, laser=place.serial)
    for_s = round(chance.choice((0.05, 0.4, 1.3, 4.0)) * chance.uniform(0.7, 1.3), 3)
    return Trouble("freeze", at_s, whom=whom, for_s=for_s, laser=place.serial)


def _blow(chance: Dice, at_s: float, place: _Place) -> Trouble:
    del at_s
    whom = chance.choices(("session", "guard", "lock"), (80, 14, 6))[0]
    kind = chance.choice(
        ("crash_before", "crash_after", "crash_torn", "full", "io_error", "refused")
    )
    lasting = 0 if kind.startswith("crash") else chance.choice((0, 0, 3, 30, -1))
    nth = chance.randrange(1, 30 if whom == "guard" else 700)
    return Trouble(
        "blow", whom=whom, blow=Blow(kind, nth, lasting), visit=chance.randrange(place.visits)
    )


EDITS = (
    FORGET,
    "UPDATE projection_catalogues SET state = replace(state, '\"60\"', '\"100\"')",
    "DELETE FROM projection_clock",
)
"""What somebody with the file and no key may try: tables that nothing is decided by."""


def _other(chance: Dice, at_s: float, place: _Place) -> Trouble:
    kind = chance.choice(("edit", "terminal", "deaf"))
    if kind == "edit":
        return Trouble(kind, at_s, chance.choice(EDITS))
    for_s = round(chance.choice((0.5, 1.2, 4.5)), 3)
    return Trouble(kind, at_s, for_s=for_s, laser=place.serial)
