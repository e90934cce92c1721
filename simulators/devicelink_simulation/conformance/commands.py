"""`devicelink driver conform`: what a driver keeps, tried on its simulated laser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from devicelink_simulation.conformance.grading import Result
    from devicelink_simulation.conformance.page import Graded
    from devicelink_simulation.conformance.profile import Profile


def conform(
    name: Annotated[str, typer.Argument(help="The driver, as `driver list` names it.")],
    *,
    page: Annotated[
        Path | None, typer.Option("--page", help="Write the grade into the driver's page.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
    data: Annotated[Path | None, typer.Option("--data", hidden=True)] = None,
) -> None:
    """Try a driver on its simulated laser. Exit 0: all done or exempt, 1: a check did not hold."""
    del data  # needs no station
    from devicelink.config import read_text
    from devicelink_simulation.conformance.grading import grade, held, progress
    from devicelink_simulation.conformance.page import renewed
    from devicelink_simulation.conformance.subject import subjects

    graded = []
    for subject in subjects(name):
        results = grade(subject, progress)
        progress(None)
        graded.append((subject.profile, results))
        if not as_json:
            print(_table(subject.profile, results), flush=True)
    conforms = all(held(results) for _, results in graded)
    if page is not None:
        page.write_text(renewed(read_text(page, "page"), graded), encoding="utf-8")
    if as_json:
        print(json.dumps(_document(name, graded), ensure_ascii=False))
    else:
        print(f"The driver {name} {'conforms' if conforms else 'does NOT conform'}.")
    if not conforms:
        raise typer.Exit(1)


def _table(profile: Profile, results: tuple[Result, ...]) -> str:
    """A row for each check; below it why, unless that was said at the head for several."""
    from devicelink_simulation.conformance.grading import common_reasons

    common = common_reasons(results)
    lines = [f"{profile.driver}, {profile.name}, on the simulator {profile.simulator}"]
    for why, count in common.items():
        lines.append(f"  {count} checks do not hold for one reason: {why}")
    for result in results:
        lines.append(f"  {result.grade.value:<9} {result.check.name:<32} {result.check.sentence}")
        if result.why and result.why not in common:
            lines.append(f"{'':>12}{result.why}")
    return "\n".join(lines)


def _document(name: str, graded: Graded) -> dict[str, object]:
    from devicelink import registry
    from devicelink_simulation.conformance.grading import held

    claim = registry.find(name)
    return {
        "driver": name,
        "distribution": claim.distribution,
        "version": claim.version,
        "conforms": all(held(results) for _, results in graded),
        "profiles": [
            {
                "profile": profile.name,
                "simulator": profile.simulator,
                "conforms": held(results),
                "checks": [result.as_json() for result in results],
            }
            for profile, results in graded
        ],
    }
