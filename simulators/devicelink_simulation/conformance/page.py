"""The grade as it stands on a driver's page, between two marks that it is found by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink.errors import ConfigError
from devicelink_simulation.conformance.grading import Grade

if TYPE_CHECKING:
    from collections.abc import Sequence

    from devicelink_simulation.conformance.grading import Result
    from devicelink_simulation.conformance.profile import Profile

    Graded = Sequence[tuple[Profile, Sequence[Result]]]

BEGIN = "<!-- grade, written by `devicelink driver conform NAME --page FILE` -->"
END = "<!-- end of grade -->"


def table(graded: Graded) -> str:
    """A row for each check, a column for each profile; below it why a check is exempt, or fails."""
    names = " | ".join(profile.name for profile, _ in graded)
    lines = [f"| check | {names} |", "|---|" + "---|" * len(graded)]
    for row in zip(*(results for _, results in graded), strict=True):
        check = row[0].check
        grades = " | ".join(result.grade.value for result in row)
        lines.append(f"| `{check.name}`: {check.sentence} | {grades} |")
    why: dict[str, list[str]] = {}
    for profile, results in graded:
        for result in results:
            if result.grade is not Grade.DONE:
                said = f"`{result.check.name}` is {result.grade.value}: {result.why}"
                why.setdefault(said, []).append(profile.name)
    lines += ["", *(f"- {', '.join(names)}: {said}" for said, names in why.items())]
    return "\n".join(lines).rstrip()


def renewed(text: str, graded: Graded) -> str:
    """The page with this grade in it; raises `ConfigError` where it has not the two marks."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ConfigError(f"The page has no place for the grade. Write into it: {BEGIN} {END}")
    return f"{before}{BEGIN}\n{table(graded)}\n{END}{after}"


def grades_on(text: str, profile: str) -> dict[str, str]:
    """What a page says of each check for a profile; raises `ConfigError` where it says nothing."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.partition(BEGIN)[2].partition(END)[0].splitlines()
        if line.startswith("| ")
    ]
    if not rows or profile not in rows[0]:
        raise ConfigError(f"The page has no grade of {profile}.")
    column = rows[0].index(profile)
    return {row[0].split("`")[1]: row[column] for row in rows[1:]}
