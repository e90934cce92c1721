"""What must hold of light and settings from elsewhere: a panel, another host on the wire."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

from devicelink_simulation.world.judging import (
    MS,
    answer_by,
    at_s,
    by_host,
    excused,
    possible_light,
    unlocked_spans,
)
from devicelink_simulation.world.wires.contract import Does

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devicelink_simulation.world.evidence import Evidence

STANDBY_WITHIN_NS = 1_100 * MS
"""So long it may take after an order until the laser says that it is back in STANDBY."""
TURNED_WITHIN_NS = 2_600 * MS
"""Settings are read again every second, which on a slow wire takes half a second."""


def strange_light_ends(seen: Evidence) -> Iterator[str]:
    """Light that the wire shows in an unlocked session which did not ask for it is taken away.

    A panel, the key, another host on the same wire: whoever made it.
    """
    spans = unlocked_spans(seen)
    for line in seen.told:
        if not line.said.lit or line.process not in spans:
            continue
        from_ns, to_ns = spans[line.process]
        if not from_ns <= line.at_ns <= to_ns or not seen.was_awaited(line):
            continue
        if possible_light(seen, line.process, line.at_ns):
            continue
        if seen.last_off_of(line.process, line.at_ns) > line.at_ns - STANDBY_WITHIN_NS:
            continue
        bound_ns = answer_by(seen, line.process, line.at_ns)
        off_ns = seen.first_off_after(line.at_ns)
        late = off_ns is None or off_ns > bound_ns
        if late and not excused(seen, line.process, line.at_ns, bound_ns):
            yield f"{line.said.word} was seen at {at_s(line.at_ns)}, asked for by nobody here"


def ready_was_ordered(seen: Evidence) -> Iterator[str]:
    """READY is recorded only by a session whose own order made it so, not somebody else's."""
    intended_ns: dict[str | None, int] = {}
    for at_ns, process, entry in seen.acked.values():
        if entry.type == "ready.intended":
            intended_ns[entry.session] = at_ns
        elif entry.type == "ready.confirmed":
            from_ns = intended_ns.get(entry.session, at_ns)
            orders = [on for on in seen.ons if on.process == process]
            if not any(from_ns <= on.at_ns <= at_ns for on in orders):
                yield f"entry {entry.index} tells READY at {at_s(at_ns)}, which nobody here ordered"


def turned_settings_end_ready(seen: Evidence) -> Iterator[str]:
    """A set-point that somebody else turns while light is possible is noticed, and READY ends."""
    if seen.troubles("fault", "power", "suspend", "freeze", "terminal", "kill", "full", "io_error"):
        return
    turned_key = seen.hands.turned.partition("=")[0]
    hands = [(at_ns, f"{key}={value}") for at_ns, key, value in seen.touched if key == turned_key]
    own = {frame.text for frame in seen.sent if seen.speech.does(frame.text) is Does.SETS}
    others = [
        (frame.at_ns, frame.text)
        for frame in seen.foreign
        if seen.speech.does(frame.text) is Does.SETS and frame.text not in own
    ]
    turns = sorted(hands + others)
    for (at_ns, what), after in zip_longest(turns, turns[1:]):
        dark_by_ns = at_ns + TURNED_WITHIN_NS + seen.slack_ns()
        lit = seen.is_enabled(at_ns)
        if lit is None or not by_host(seen, lit) or (after and after[0] <= dark_by_ns):
            continue
        off_ns = seen.first_off_after(at_ns)
        if lit.off_ns > dark_by_ns and (off_ns is None or off_ns > dark_by_ns):
            yield f"{what} at {at_s(at_ns)}, and READY went on"


RULES = (
    strange_light_ends,
    ready_was_ordered,
    turned_settings_end_ready,
)
