"""Bugs planted into copies of the real code, one rule each, that the simulated world has to find.

They prove that the oracle can fail. Each is a mistake that a reviewer could miss, told as text to
be replaced; one that no longer fits the code says so loudly. `python tests/world/planted.py --seeds
300` plays so many drawn stories against each bug, and against an unplanted copy, and prints in how
many the oracle found something; a story of a bug's own leads straight to it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planted_bugs import PLANTED as PLANTED_IN_THE_CORE
from planted_in_consoles import PLANTED_IN_CONSOLES
from planted_in_drivers import PLANTED_IN_DRIVERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from planted_bugs import Planted

PLANTED = (*PLANTED_IN_THE_CORE, *PLANTED_IN_DRIVERS, *PLANTED_IN_CONSOLES)
TREE = Path(__file__).resolve().parents[2]
COPIED = ("devicelink", "drivers/devicelink_*", "simulators/devicelink_*")
CONTROL = "none"
"""The name of the copy into which nothing was planted."""


class DoesNotFit(Exception):
    """The code has changed under a planted bug."""


def plant(bug: Planted | None, into: Path) -> None:
    """Copy the real code into a folder and plant the bug there; raises `DoesNotFit`.

    What Python has compiled of it comes with it, for each copy would compile all of it anew.
    """
    leave_out = shutil.ignore_patterns(".venv")
    for pattern in COPIED:
        for source in TREE.glob(pattern):
            shutil.copytree(source, into / source.relative_to(TREE), ignore=leave_out)
    for change in bug.changes if bug else ():
        file = into / change.path
        text = file.read_text()
        if (count := text.count(change.old)) != 1:
            raise DoesNotFit(f"{change.old!r} stands {count} times in {change.path}")
        file.write_text(text.replace(change.old, change.new))
        for compiled in file.parent.glob(f"__pycache__/{file.stem}.*"):
            compiled.unlink()  # of the code as it was


@dataclass
class Finds:
    """In which stories a bug was found, and by which checks."""

    played: int = 0
    found: int = 0
    first: str | None = None
    """`directed`, or the first seed."""
    checks: Counter[str] = field(default_factory=Counter)
    sentence: str = ""

    def take(self, label: str, violations: Sequence[tuple[str, str]]) -> None:
        """One story more."""
        self.played += 1
        if violations:
            self.found += 1
            self.first = self.first or label
            self.sentence = self.sentence or violations[0][1]
            self.checks.update({rule for rule, _ in violations})


def look_for(
    bug: Planted | None, seeds: range, *, directed: bool = True, enough: int = 0
) -> tuple[Finds, Finds]:
    """Play stories against a planted copy, in a process of its own.

    Returns what the bug's directed stories found, and what those of `seeds` did; no more are
    played after `enough` finds (0: all are).
    """
    with tempfile.TemporaryDirectory(prefix="planted-") as name:
        into = Path(name)
        plant(bug, into)
        paths = [into, into / "drivers", into / "simulators"]
        made = subprocess.run(
            [
                sys.executable,
                str(Path(__file__).resolve()),
                *("--play", bug.name if bug else CONTROL, "--enough", str(enough)),
                *("--first", str(seeds.start), "--seeds", str(len(seeds))),
                *(() if directed else ("--undirected",)),
            ],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))},
            capture_output=True,
            text=True,
            check=False,
            cwd=into,
        )
    if made.returncode:
        raise RuntimeError(made.stderr[-2000:])
    told = json.loads(made.stdout)
    return _finds(told["directed"]), _finds(told["drawn"])


def _finds(told: dict[str, Any]) -> Finds:
    return Finds(**{**told, "checks": Counter(told["checks"])})


def _play(name: str, seeds: range, *, directed: bool, enough: int) -> dict[str, Any]:
    """In the planted process: everything imported here comes from the copy."""
    import devicelink
    from devicelink_simulation.world.draw import draw
    from devicelink_simulation.world.runs import totals_of

    from_copy = Path(devicelink.__file__).resolve().parents[1] == Path.cwd().resolve()
    if not from_copy:
        raise RuntimeError(f"not the planted copy: {devicelink.__file__}")

    def violations(story: Any) -> list[tuple[str, str]]:
        found = totals_of(story).found
        return [(each.rule, each.sentence) for _, all_of_it in found for each in all_of_it]

    told, drawn = Finds(), Finds()
    for story in _stories(name) if directed else ():
        if enough and told.found >= enough:
            break
        told.take("directed", violations(story))
    for seed in seeds:
        if enough and told.found + drawn.found >= enough:
            break
        drawn.take(str(seed), violations(draw(seed)))
    return {"directed": vars(told), "drawn": vars(drawn)}


def _stories(name: str) -> Iterator[Any]:
    from planted_stories import stories

    yield from stories(name)


def table(names: Sequence[str], seeds: range, workers: int) -> Iterator[dict[str, Any]]:
    """A row for each bug, the control first."""
    chosen = [None, *(bug for bug in PLANTED if not names or bug.name in names)]
    with ThreadPoolExecutor(workers) as pool:
        played = pool.map(lambda bug: look_for(bug, seeds), chosen)
        for bug, (directed, drawn) in zip(chosen, played, strict=True):
            yield {
                "bug": bug.name if bug else CONTROL,
                "rule": bug.rule if bug else "",
                "directed": f"{directed.found} of {directed.played}",
                "found": drawn.found,
                "of": drawn.played,
                "first": drawn.first,
                "checks": dict((directed.checks + drawn.checks).most_common()),
                "sentence": drawn.sentence or directed.sentence,
            }


def main(arguments: Sequence[str]) -> int:
    """Print the table, or play one bug's stories inside its copy."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=300)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--bug", action="append", default=[])
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--play", help=argparse.SUPPRESS)
    parser.add_argument("--enough", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--undirected", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    seeds = range(chosen.first, chosen.first + chosen.seeds)
    if chosen.play:
        directed = not chosen.undirected
        found = _play(chosen.play, seeds, directed=directed, enough=chosen.enough)
        sys.stdout.write(json.dumps(found))
        return 0
    for row in table(chosen.bug, seeds, chosen.workers):
        if chosen.json:
            line = json.dumps(row)
        else:
            checks = ", ".join(f"{check} {count}" for check, count in row["checks"].items())
            found = f"{row['found']} of {row['of']} seeds, first {row['first']}"
            line = (
                f"{row['bug']} (rule {row['rule']}): {found}; directed {row['directed']}; {checks}"
            )
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
