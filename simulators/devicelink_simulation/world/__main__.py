"""`python -m devicelink_simulation.world`: play seeds or one story, and say what was found."""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from devicelink.runtime import ThreadRuntime, seconds
from devicelink_simulation.world.draw import draw
from devicelink_simulation.world.runs import Totals, play, play_all, play_clean_seed, play_seed
from devicelink_simulation.world.shorten import shorten
from devicelink_simulation.world.story import Story

if TYPE_CHECKING:
    from devicelink_simulation.world.oracle import Violation

app = typer.Typer(
    help="A simulated world that attacks devicelink's own code.", no_args_is_help=True
)
console = Console(highlight=False, soft_wrap=True)
CLOCK = ThreadRuntime()
TOLD = 3
"""How many failing stories are told in full."""
TELL_EVERY_S = 10.0
COMMAND = "python -m devicelink_simulation.world"

Workers = Annotated[int, typer.Option(help="Processes; by default one for each core.")]


@app.command("seeds")
def seeds(
    count: int,
    start: Annotated[int, typer.Option(help="The first seed.")] = 0,
    workers: Workers = os.cpu_count() or 1,
    clean: Annotated[bool, typer.Option(help="Only people err, nothing fails.")] = False,
) -> None:
    """Play the stories of many seeds. Exit 1: a rule did not hold."""
    play_one = play_clean_seed if clean else play_seed
    began_ns = CLOCK.mono_ns()
    with _Shown("stories") as shown:
        totals = play_all(
            play_one,
            range(start, start + count),
            workers=workers,
            progress=lambda so_far: shown.at(so_far.runs, count, len(so_far.found)),
        )
    took_s = seconds(CLOCK.mono_ns() - began_ns)
    tell_totals(totals, took_s, workers)
    for story, violations in totals.found[:TOLD]:
        _tell_found(story, violations, f"{COMMAND} seed {story.seed}")
    if totals.found:
        console.print(f"failing seeds: {' '.join(str(story.seed) for story, _ in totals.found)}")
        raise typer.Exit(1)


@app.command("sweep")
def sweep(
    every: Annotated[int, typer.Option(help="Only every so many-th case.")] = 1,
    skip: Annotated[int, typer.Option(help="Leave out so many cases first.")] = 0,
    workers: Workers = os.cpu_count() or 1,
) -> None:
    """Strike every operation of whole sessions in every way. Exit 1: a rule did not hold."""
    from devicelink_simulation.world.sweeps import sweep_all

    with _Shown("cases") as shown:
        totals = sweep_all(
            every=every,
            skip=skip,
            workers=workers,
            progress=lambda done, total, _rate: shown.at(done, total),
        )
    by_scene: Counter[str] = Counter()
    by_kind: Counter[str] = Counter()
    for (scene, kind), runs in totals.runs.items():
        by_scene[f"{scene} ({totals.operations.get(scene, 0)} operations)"] += runs
        by_kind[kind] += runs
    _tell_counts("Runs by scene", by_scene)
    _tell_counts("Runs by kind", by_kind)
    console.print(f"\n{sum(by_scene.values())} runs, {len(totals.found)} FAILED.")
    for story_, violations in totals.found[:TOLD]:
        _tell_found(story_, violations, f"{COMMAND} story '{story_.as_json()}'")
    if totals.found:
        raise typer.Exit(1)


@app.command("journal")
def journal(
    every: Annotated[int, typer.Option(help="Only every so many-th fault.")] = 1,
) -> None:
    """The journal alone, against a disk that loses what was not synced. Exit 1: it lost more."""
    from devicelink_simulation.world import journal_sweep

    with _Shown("faults") as shown:
        result = journal_sweep.sweep(shown.at, every=every)
    console.print(
        f"{result.mode}: {sum(result.runs.values())} runs over "
        f"{sum(result.operations.values())} operations, "
        f"{len(result.violations)} violations; {len(result.revived)} appends that the disk had "
        "refused were found whole.",
        markup=False,
    )
    for violation in result.violations[:TOLD]:
        console.print(f"  {violation}", markup=False)
    if result.violations:
        raise typer.Exit(1)


@app.command("profile")
def profile(stories: Annotated[int, typer.Argument(help="How many clean stories.")] = 100) -> None:
    """Say where the time of a session goes; the profiler makes everything slower."""
    from devicelink_simulation.world.where_time_goes import measure

    sessions, spent = measure(stories)
    whole_s = sum(spent.values())
    console.print(f"{sessions} sessions, {whole_s:.1f} s under the profiler")
    for part, part_s in sorted(spent.items(), key=lambda each: -each[1]):
        console.print(f"{part_s / whole_s:8.0%}  {part}", markup=False)


@app.command("seed")
def seed(number: int) -> None:
    """Play the story of one seed again, tell it, and shorten it if a rule does not hold."""
    _play_one(draw(number))


@app.command("story")
def story(
    told: Annotated[str, typer.Argument(help="A story as JSON, or a file that holds it.")],
) -> None:
    """Play one story that was told as JSON."""
    path = Path(told)
    text = path.read_text(encoding="utf-8") if not told.startswith("{") else told
    try:
        read = Story.from_json(text)
    except (ValueError, KeyError, TypeError) as error:
        console.print(f"This is no story: {error!r}.")
        raise typer.Exit(2) from None
    _play_one(read)


def _play_one(story_: Story) -> None:
    ran, violations = play(story_)
    for line in story_.tell():
        console.print(line, markup=False)
    for end in ran.world.book.exits:
        console.print(f"{seconds(end.at_ns):8.3f} s  {end.program} {end.code} {end.sentence}")
    console.print(f"digest {ran.digest}")
    if not violations:
        console.print("Every rule held.")
        return
    _tell_found(story_, tuple(violations), "")
    console.print("Shortening ...")
    short = shorten(story_)
    for line in short.tell():
        console.print(f"  {line}", markup=False)
    console.print(f"{COMMAND} story '{short.as_json()}'", markup=False)
    raise typer.Exit(1)


def tell_totals(totals: Totals, took_s: float, workers: int) -> None:
    """How much was played, what was met, how sessions ended."""
    each = totals.sessions / took_s / workers
    console.print(
        f"{totals.runs} stories, {totals.sessions} sessions, {took_s:.1f} s: "
        f"{totals.runs / took_s:.1f} stories a second, {each:.1f} sessions a second per process."
    )
    _tell_counts("Troubles met", totals.met)
    _tell_counts("How sessions ended", totals.ended)
    _tell_counts("Sessions by protocol", totals.at)
    word = "\nNo rule was broken." if not totals.found else f"\n{len(totals.found)} stories FAILED."
    console.print(word)


def _tell_counts(title: str, counted: Counter[str]) -> None:
    console.print(f"\n{title}")
    for name, number in counted.most_common():
        console.print(f"{number:8}  {name}", markup=False)


def _tell_found(story_: Story, violations: tuple[Violation, ...], again: str) -> None:
    console.print(f"\nseed {story_.seed}")
    for violation in violations:
        console.print(f"  {violation.rule}: {violation.sentence}", markup=False)
    if again:
        console.print(f"  again: {again}", markup=False)


class _Shown:
    """Progress on the terminal; where there is none, a line every few seconds."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._console = Console(file=sys.stderr)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[words]}"),
            TimeElapsedColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task(what, total=None, words="")
        self._began_ns = self._told_ns = CLOCK.mono_ns()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def at(self, done: int, total: int, failed: int = 0) -> None:
        """So many are done, so many of them failed."""
        now_ns = CLOCK.mono_ns()
        rate = done / max(1e-9, seconds(now_ns - self._began_ns))
        words = f"{rate:.1f}/s, {failed} failed" if failed else f"{rate:.1f}/s"
        self._bar.update(self._task, completed=done, total=total, words=words)
        if not self._console.is_terminal and seconds(now_ns - self._told_ns) > TELL_EVERY_S:
            self._told_ns = now_ns
            self._console.print(f"{done} of {total} {self._what}, {words}", highlight=False)


if __name__ == "__main__":
    app()
