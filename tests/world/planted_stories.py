"""Stories that lead straight to a planted bug, where drawn ones come to it late or never."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from planted_in_consoles import STORIES_IN_CONSOLES
from planted_in_drivers import STORIES_IN_DRIVERS

from devicelink_simulation.world.clinic import EVA, INES, PIN
from devicelink_simulation.world.operations import Blow
from devicelink_simulation.world.people import WELL
from devicelink_simulation.world.plots import FORGET
from devicelink_simulation.world.story import Act, Story, Trouble, Visit

if TYPE_CHECKING:
    from collections.abc import Iterator

_READY = (Act("see", "STANDBY"), Act("type", "r"), Act("see", "READY"))
"""The laser is READY about 0.6 s after the story begins."""
_LEAVE = Act("type", "q")
_HIGH, _LOW = Act("hand", "modulation_input=high"), Act("hand", "modulation_input=low")


def _visit(
    *acts: Act, technician: str = INES, pause_s: float = 0.1, percent: str = "35.0"
) -> Visit:
    settings = (("diode_current_percent", percent), ("trigger", "modulation"))
    return Visit(technician, (PIN,), "treatment", "C-1", settings, acts, pause_s)


def _ready(stay_s: float, *acts: Act) -> Visit:
    """READY for a while, then whatever comes, then the end."""
    return _visit(*_READY, Act("wait", str(stay_s)), *acts, _LEAVE)


def _fault(at_s: float, spec: str) -> Trouble:
    return Trouble("fault", at_s, spec)


def _knob(at_s: float, pair: str, for_s: float) -> Trouble:
    return Trouble("knob", at_s, pair, for_s=for_s)


def _unsynced(nth: int, lasting: int = 0) -> Trouble:
    """The disk does not sync for the session, once or some more times."""
    return Trouble("blow", whom="session", blow=Blow("io_error", nth, lasting, only="sync"))


def _told(visit: Visit, *troubles: Trouble, then: tuple[Visit, ...] = ()) -> Story:
    return Story(4, (visit, *then), troubles)


_HOT = _knob(0.9, "temperature_c=57", 0.4)
_SLOW = Trouble("slow", 0.2, "0.12", for_s=3.0)
_KILLED = Trouble("kill", 1.0, whom="session")

STORIES: dict[str, tuple[Story, ...]] = {
    **STORIES_IN_DRIVERS,
    **STORIES_IN_CONSOLES,
    "acknowledgement_believed": (_told(_ready(0.6), _fault(0.8, "stuck_ack@for=3")),),
    "ready_recorded_after_it": (_told(WELL),),
    "light_without_a_record": tuple(
        _told(_ready(0.3), _unsynced(nth)) for nth in (21, 20, 22, 19, 23, 18, 24)
    ),
    "expiry_by_day": (_told(replace(_ready(0.3), technician=EVA, pause_s=32.0)),),
    "enable_retried": (_told(_ready(0.3), _fault(0.1, "drop@count=1,cmd=EMON")),),
    "stop_waits_for_the_deadline": (
        _told(_ready(0.46, Act("interrupt")), _fault(1.0, "silence@for=1")),
    ),
    "blind_heartbeat": (_told(_ready(5.0), Trouble("terminal", 0.9, for_s=4.5)),),
    "soft_end_taken_as_hard": (
        _told(replace(_ready(3.0, Act("type", "")), technician=EVA, pause_s=28.5)),
    ),
    "lock_clears_the_latch": (_told(_ready(0.8), _HOT),),
    "recovery_only_from_ready": (
        _told(
            _visit(Act("see", "STANDBY"), Act("wait", "1")), Trouble("kill", 0.4, whom="session")
        ),
    ),
    "planned_hour_by_the_wall_clock": (_told(_ready(1.0), Trouble("clock", 0.9, "7200")),),
    "verdict_from_a_table": (
        _told(
            *(_ready(0.8), _HOT, Trouble("edit", 2.5, FORGET)),
            then=(replace(_ready(0.3), pause_s=3.0),),
        ),
    ),
    "goes_on_without_a_journal": (_told(_ready(5.0), Trouble("full", 0.9, for_s=6.0)),),
    "late_reply_taken_for_the_answer": (
        _told(_ready(1.0), _fault(0.9, "delay:seconds=0.3@count=1,cmd=STA")),
    ),
    "guard_deaf_to_its_owners_death": (_told(_ready(2.0), _KILLED),),
    "guard_never_started": (_told(WELL),),
    "guard_ends_at_its_first_try": (
        _told(_ready(2.0), _KILLED, _fault(0.9, "refused_off@for=1.5")),
    ),
    "farewell_to_an_unlocked_laser": (_told(_ready(0.6), _fault(0.9, "refused_off@for=20")),),
    "lease_renewed_by_its_own_loop": (_told(_ready(8.0), Trouble("deaf", 0.8, for_s=8.0)),),
    "held_control_overlooked": (_told(_ready(0.05, _HIGH, Act("wait", "0.6"), _LOW)),),
    "one_staleness_for_all_phases": (_told(_ready(4.0), _fault(0.9, "silence@for=4")),),
    "no_fsync": (_told(_ready(2.0), Trouble("power", 1.2)),),
    "panel_change_before_ready_unnoticed": tuple(
        _told(_ready(0.5), _SLOW, _knob(at_s, "diode_current_percent=20", 3.0))
        for at_s in (0.35, 0.45, 0.55)
    ),
    "glimpsed_fault_forgotten": tuple(
        _told(_ready(0.5), _knob(at_s, "temperature_c=57", 0.004))
        for at_s in (0.273, 0.26, 0.264, 0.268, 0.277)
    ),
    "key_in_remote_called_locked": (
        _told(_visit(Act("see", "STANDBY"), Act("wait", "1")), _knob(0.5, "key=rem", 2.0)),
    ),
    "kept_facts_forgotten": tuple(
        _told(_ready(1.2), _unsynced(nth, 2)) for nth in (12, 16, 20, 10)
    ),
    "kept_facts_hold_nothing": tuple(
        _told(_ready(1.2), _unsynced(nth, 2)) for nth in (12, 16, 20, 10)
    ),
    "starting_called_ready": (_told(WELL),),
    "catalogue_limits_forgotten": (_told(_visit(*_READY, _LEAVE, percent="75.0")),),
    "told_dark_too_early": (_told(_ready(2.0), _KILLED, _fault(0.9, "refused_off@for=0.6")),),
    "fault_latches_nothing": (_told(_ready(0.8), _HOT),),
    "lock_believes_any_answer": (
        _told(_ready(0.5, Act("lock")), _fault(0.9, "refused_off@for=20")),
    ),
}


def stories(name: str) -> Iterator[Story]:
    """The stories of one bug; where nothing was planted, the first of each."""
    if name in STORIES:
        yield from STORIES[name]
    else:
        yield from dict.fromkeys(each[0] for each in STORIES.values())
