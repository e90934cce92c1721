"""`python -m devicelink_simulation.world`: play seeds or one story, and say what was found."""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
    with _progress() as bar:
        task = bar.add_task("seeds", total=count, found=0, rate=0.0)

        def show(totals: Totals) -> None:
            rate = totals.runs / max(1e-9, seconds(CLOCK.mono_ns() - began_ns))
            bar.update(task, completed=totals.runs, found=len(totals.found), rate=rate)

        totals = play_all(play_one, range(start, start + count), workers=workers, progress=show)
    took_s = seconds(CLOCK.mono_ns() - began_ns)
    tell_totals(totals, took_s, workers)
    for story, violations in totals.found[:TOLD]:
        _tell_found(story, violations, f"{COMMAND} seed {story.seed}")
    if totals.found:
        raise typer.Exit(1)


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


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]:.1f}/s, {task.fields[found]} failed"),
        TimeElapsedColumn(),
        console=Console(file=sys.stderr),
    )


if __name__ == "__main__":
    app()
