"""What the rules share: times, bounds, and who could not act."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devicelink_simulation.world.evidence import Evidence, Line, Lit

MS = 1_000_000
SECOND = 1_000_000_000
DEATH_WITHIN_NS = 50 * MS
GUARD_MISSED_NS = 1_200 * MS
"""A guard that is gone is noticed at the next beat."""


def at_s(at_ns: int) -> str:
    """A time of the world, for people."""
    return f"{at_ns / SECOND:.4f} s"


def unplugged(seen: Evidence, until_ns: int) -> bool:
    """Whether the cable had been out by then."""
    return any(at_ns <= until_ns for at_ns in seen.unplugged)


def frozen(seen: Evidence, whom: str, at_ns: int) -> bool:
    """Whether such a process was stopped then, or had been a second before."""
    return any(
        trouble.whom == whom
        and struck_ns <= at_ns + DEATH_WITHIN_NS
        and at_ns <= struck_ns + round(trouble.for_s * SECOND) + SECOND
        for struck_ns, trouble in seen.troubles("freeze")
    )


def by_host(seen: Evidence, lit: Lit) -> bool:
    """Whether light was the host's doing: nobody had started emission at the panel."""
    return not any(
        at_ns <= lit.on_ns and (key, value) == ("emission", "on")
        for at_ns, key, value in seen.touched
    )


def enables(seen: Evidence) -> list[Line]:
    """Every EMON that the host sent."""
    return [line for line in seen.sent if line.text == "EMON"]


def shows_output(text: str) -> bool:
    """Whether a reply shows measured output power."""
    word, colon, value = text.partition(":")
    number = value.strip().replace(".", "", 1)
    return word == "ROP" and bool(colon) and number.isascii() and number.isdigit()


def possible_light(seen: Evidence, process: int, at_ns: int) -> Line | None:
    """This process's last word towards light, where that is EMON."""
    words = [
        line
        for line in seen.sent
        if line.process == process and line.at_ns <= at_ns and line.text in {"EMON", "EMOFF"}
    ]
    return words[-1] if words and words[-1].text == "EMON" else None
