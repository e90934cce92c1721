"""All checks, run one after the other, and the grade that they make."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from devicelink.errors import ConfigError, DeviceLinkError
from devicelink_simulation.conformance import (
    on_connect,
    on_declaration,
    on_enabling,
    on_evidence,
    on_faults,
    on_locking,
    on_purity,
    on_the_wire,
)
from devicelink_simulation.conformance.script import Ends
from devicelink_simulation.conformance.subject import NotHeld, where

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from devicelink_simulation.conformance.check import Check
    from devicelink_simulation.conformance.subject import Subject

CHECKS: tuple[Check, ...] = (
    *on_purity.CHECKS,
    *on_connect.CHECKS,
    *on_declaration.CHECKS,
    *on_evidence.CHECKS,
    *on_enabling.CHECKS,
    *on_locking.CHECKS,
    *on_the_wire.CHECKS,
    *on_faults.CHECKS,
)


class Grade(StrEnum):
    """What became of a check."""

    DONE = "done"
    EXEMPT = "exempt"
    NOT_HELD = "not held"


@dataclass(frozen=True, slots=True)
class Result:
    """One check's grade, and why where it is not done."""

    check: Check
    grade: Grade
    why: str | None = None

    def as_json(self) -> dict[str, object]:
        """For `driver conform --json`."""
        return {
            "check": self.check.name,
            "sentence": self.check.sentence,
            "grade": self.grade.value,
            "why": self.why,
        }


def grade(subject: Subject, each: Callable[[Check], None] = lambda _: None) -> tuple[Result, ...]:
    """The grade of a subject; `each` hears of a check before it runs.

    Raises `ConfigError` where the profile exempts what is no check.
    """
    unknown = sorted(set(subject.profile.exempt) - {check.name for check in CHECKS})
    if unknown:
        raise ConfigError(f"The profile exempts what is no check: {', '.join(unknown)}.")
    results = []
    for check in CHECKS:
        each(check)
        results.append(judge(subject, check))
    return tuple(results)


def judge(subject: Subject, check: Check) -> Result:
    """One check; whatever it raises is a check that did not hold."""
    reason = subject.profile.exempt.get(check.name)
    if reason is not None:
        return Result(check, Grade.EXEMPT, reason)
    try:
        check.run(subject)
    except NotHeld as broken:
        return Result(check, Grade.NOT_HELD, str(broken))
    except Ends as error:
        return Result(check, Grade.NOT_HELD, f"The session ended: {error}.")
    except DeviceLinkError as error:
        return Result(check, Grade.NOT_HELD, f"{type(error).__name__}: {error}")
    except Exception as error:  # noqa: BLE001  (a driver's own mistake is what is looked for)
        return Result(check, Grade.NOT_HELD, f"The driver failed: {error!r}{where(error)}.")
    return Result(check, Grade.DONE)


def common_reasons(results: Iterable[Result]) -> Mapping[str, int]:
    """Reasons for which more than one check does not hold, and for how many; the most first.

    A session that does not come as far as a check looks stops it: the step it ends at is the cause.
    """
    told = Counter(
        result.why for result in results if result.why and result.grade is Grade.NOT_HELD
    )
    return {why: count for why, count in told.most_common() if count > 1}


def held(results: Iterable[Result]) -> bool:
    """Whether every check is done, or exempt with its reason."""
    return all(result.grade is not Grade.NOT_HELD for result in results)


def progress(check: Check | None) -> None:
    """On a terminal alone: which check runs now; None where none does any more."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K  {check.name} ..." if check else "\r\x1b[K")
        sys.stderr.flush()
