"""Plots: stories in which two things have to come together, which chance alone seldom brings."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from devicelink_simulation.world.clinic import INES, PIN
from devicelink_simulation.world.lasers import LASERS
from devicelink_simulation.world.operations import Blow
from devicelink_simulation.world.story import Act, Trouble, Visit

if TYPE_CHECKING:
    from collections.abc import Callable

    from devicelink_simulation.world.dice import Dice

Plot: TypeAlias = tuple[tuple[Visit, ...], tuple[Trouble, ...]]
_FAILING = ("full", "io_error")

FORGET = (
    "UPDATE projection_devices SET state = json_set(state, '$.holds', json('[]'), '$.lock',"
    " 'confirmed', '$.intents', json('[]'), '$.open_sessions', json('[]'))"
)
"""What somebody with the file and no key may try, to make a held laser look free."""
_UNSYNCED = (18, 25)
"""Of a session's syncs, those on its way to READY and of what it records there first."""


def plot(chance: Dice, visit: Visit) -> Plot:
    """One of them, with what chance made of the visit."""
    hands = LASERS[visit.laser].hands
    made = chance.choice([each for each, needs in _PLOTS if not needs or getattr(hands, needs)])
    told = replace(visit, technician=INES, pins=(PIN,), pause_s=round(chance.uniform(0.1, 0.5), 3))
    return made(chance, told)


def _staying(visit: Visit, stay_s: float, *acts: Act) -> Visit:
    """A visit that stays in READY, then does something more."""
    ready = (Act("see", "STANDBY"), Act("type", "r"), Act("see", "READY"))
    return replace(visit, acts=(*ready, Act("wait", f"{stay_s:.3f}"), *acts))


def _in_standby(visit: Visit, stay_s: float) -> Visit:
    """A visit that never asks for READY."""
    acts = (Act("see", "STANDBY"), Act("wait", f"{stay_s:.3f}"), Act("type", "q"))
    return replace(visit, acts=acts)


def _in_ready_s(chance: Dice, visit: Visit) -> float:
    ready_s = LASERS[visit.laser].hands.ready_s
    return round(_standby_s(visit) + ready_s + chance.uniform(0, 0.4), 4)


def _on_the_way_s(chance: Dice, visit: Visit) -> float:
    return round(_standby_s(visit) + chance.uniform(0.03, 0.4), 4)


def _standby_s(visit: Visit) -> float:
    return visit.pause_s + LASERS[visit.laser].hands.standby_s


def _slow_disk(visit: Visit) -> Trouble:
    """Between a verdict and what follows it there is more time than usual."""
    return Trouble("slow", round(_standby_s(visit), 3), "0.12", for_s=3.0)


def _at(visit: Visit, kind: str, at_s: float, what: str, *, for_s: float) -> Trouble:
    """Something that hands do at the laser of the visit."""
    value = getattr(LASERS[visit.laser].hands, what)
    return Trouble(kind, at_s, value, for_s=for_s, laser=visit.laser)


def _forgotten_hold(chance: Dice, visit: Visit) -> Plot:
    """A fault holds the laser; somebody edits the tables; then the next one comes."""
    hot = _at(visit, "knob", _in_ready_s(chance, visit), "overheats", for_s=0.4)
    edit = Trouble("edit", hot.at_s + 2.0, FORGET)
    first = _staying(visit, 1.5, Act("type", "q"))
    return (first, replace(first, pause_s=3.0)), (hot, edit)


def _deaf_face(chance: Dice, visit: Visit) -> Plot:
    """The face hangs for longer than its lease while the laser is READY."""
    at_s, for_s = _in_ready_s(chance, visit), round(chance.uniform(5.5, 8.0), 3)
    deaf = Trouble("deaf", at_s, for_s=for_s, laser=visit.laser)
    return (_staying(visit, 8.0, Act("type", "q")),), (deaf,)


def _silent_laser(chance: Dice, visit: Visit) -> Plot:
    """The laser says nothing for a while in READY, and what is asked of it may be heard."""
    at_s, for_s = _in_ready_s(chance, visit), chance.uniform(2.5, 5.0)
    fault = chance.choice(("silence@for={:.1f}", "drop@for={:.1f}"))
    silent = Trouble("fault", at_s, fault.format(for_s), laser=visit.laser)
    return (_staying(visit, 6.0, Act("type", "q")),), (silent,)


def _deaf_to_off(chance: Dice, visit: Visit) -> Plot:
    """The laser does not go dark when told to, and somebody asks for a lock at another terminal."""
    refuses = f"{LASERS[visit.laser].hands.refuses}@for=20"
    refused = Trouble("fault", _in_ready_s(chance, visit), refuses, laser=visit.laser)
    last = chance.choice((Act("lock"), Act("lock"), Act("interrupt"), Act("type", "q")))
    return (_staying(visit, 0.8, last),), (refused,)


def _turned_at_the_panel(chance: Dice, visit: Visit) -> Plot:
    """Somebody turns a setting between the verdict and READY, on a slow disk."""
    at_s = _on_the_way_s(chance, visit)
    turned = _at(visit, "knob", at_s, "turned", for_s=3.0)
    return (_staying(visit, 0.6, Act("type", "q")),), (_slow_disk(visit), turned)


def _lost_enabling(chance: Dice, visit: Visit) -> Plot:
    """The answer to what enables is lost, or the order itself."""
    name = chance.choice(("drop", "lost_command", "delay:seconds=0.3", "truncate:keep=2"))
    word = chance.choice(LASERS[visit.laser].hands.enabling_words)
    lost = Trouble("fault", 0.05, f"{name}@count=1,cmd={word}", laser=visit.laser)
    return (_staying(visit, 0.6, Act("type", "q")),), (lost,)


def _unsynced(chance: Dice, visit: Visit) -> Plot:
    """The disk refuses to sync, once or a few times, on the way to READY or behind it."""
    lasting = chance.choice((0, 0, 2))
    blow = Blow("io_error", chance.randrange(*_UNSYNCED), lasting, only="sync")
    return (_staying(visit, 1.2, Act("type", "q")),), (Trouble("blow", whom="session", blow=blow),)


def _later_by_the_wall(chance: Dice, visit: Visit) -> Plot:
    """Somebody sets the clock forward while the laser is READY; nothing else happens."""
    jump = Trouble("clock", _in_ready_s(chance, visit), f"{chance.choice((600, 7200, 86400))}")
    return (_staying(visit, 1.5, Act("type", "q")),), (jump,)


def _key_taken(chance: Dice, visit: Visit) -> Plot:
    """The key is turned away in STANDBY, and stays there for longer than a lock may take."""
    at_s = round(_standby_s(visit) + chance.uniform(0.2, 1.9), 4)
    turned = _at(visit, "knob", at_s, "key", for_s=round(chance.uniform(0.5, 3.5), 3))
    return (_in_standby(visit, 2.0),), (turned,)


def _full_at_the_end(chance: Dice, visit: Visit) -> Plot:
    """The disk fails when only the end is left to be recorded."""
    at_s = round(_standby_s(visit) + chance.uniform(0.15, 0.6), 3)
    failing = Trouble(chance.choice(_FAILING), at_s, for_s=1.5)
    return (_in_standby(visit, 0.6),), (failing,)


def _glimpse(chance: Dice, visit: Visit) -> Plot:
    """A fault that comes between the verdict and the last reading of the settings."""
    for_s = round(chance.uniform(0.02, 0.3), 4)
    hot = _at(visit, "knob", _on_the_way_s(chance, visit), "overheats", for_s=for_s)
    return (_staying(visit, 0.5, Act("type", "q")),), (_slow_disk(visit), hot)


def _stopped_in_silence(chance: Dice, visit: Visit) -> Plot:
    """Somebody stops while the laser lets an answer wait."""
    silent = Trouble("fault", _in_ready_s(chance, visit), "silence@for=1", laser=visit.laser)
    return (_staying(visit, chance.uniform(0.4, 0.9), Act("interrupt")),), (silent,)


def _second_host(chance: Dice, visit: Visit) -> Plot:
    """Somebody else on the same wire starts emission while the session stands in STANDBY."""
    at_s = round(_standby_s(visit) + chance.uniform(0.3, 1.4), 4)
    orders = LASERS[visit.laser].hands.others_enable
    troubles = tuple(
        Trouble("host", round(at_s + step * 0.05, 4), order, laser=visit.laser)
        for step, order in enumerate(orders)
    )
    return (_in_standby(visit, 2.0),), troubles


_PLOTS: tuple[tuple[Callable[[Dice, Visit], Plot], str], ...] = (
    (_forgotten_hold, "overheats"),
    (_deaf_face, ""),
    (_silent_laser, ""),
    (_deaf_to_off, "refuses"),
    (_turned_at_the_panel, "turned"),
    (_lost_enabling, ""),
    (_unsynced, ""),
    (_unsynced, ""),
    (_later_by_the_wall, ""),
    (_key_taken, "key"),
    (_full_at_the_end, ""),
    (_glimpse, "overheats"),
    (_stopped_in_silence, ""),
    (_second_host, "others_enable"),
)
"""Each with what the laser's hands must have for it."""
