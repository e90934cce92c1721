"""The stage on which the demo plays: commands, simulated lasers, and their truth."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shlex
import subprocess
from typing import IO, TYPE_CHECKING, Any

from rich.console import Console

from devicelink.cli import main
from devicelink.errors import DeviceLinkError
from devicelink_simulation.staged import COMMAND, StagedLaser, StagedSession

if TYPE_CHECKING:
    from pathlib import Path

    from devicelink.runtime import Runtime
    from devicelink_simulation.staged import Hand


class Stage:
    """Plays commands in a station's folder; `props` holds what a station's folder never does."""

    def __init__(
        self, folder: Path, props: Path, seed: int, runtime: Runtime, *, out: IO[str]
    ) -> None:
        self.folder = folder
        self._props = props
        self.seed = seed
        self.runtime = runtime
        self._console = Console(highlight=False, soft_wrap=True, file=out)
        self._lasers: list[StagedLaser] = []
        os.environ["XDG_CONFIG_HOME"] = str(props / "config")

    def title(self, what: str, more: str) -> None:
        """A new scene."""
        self._console.print(f"\n[bold]== {what}[/bold]\n   [dim]{more}[/dim]")

    def say(self, sentence: str) -> None:
        """A sentence of the narrator's."""
        self._console.print(f"   [bold cyan]>[/bold cyan] {sentence}")

    def aside(self, sentence: str) -> None:
        """What happens at the side of the stage."""
        self._console.print(f"   [dim]{sentence}[/dim]")

    def path(self, name: str) -> str:
        """The path of a prop."""
        return str(self._props / name)

    def file(self, name: str, text: str) -> None:
        """A prop with a text."""
        (self._props / name).write_text(text, encoding="utf-8")

    def now_ns(self) -> int:
        """The machine's monotonic clock, by which the truth is written."""
        return self.runtime.mono_ns()

    def laser(self, simulator: str, *, title: str, hand: Hand, **values: str) -> StagedLaser:
        """Start a simulated laser behind a pty; `hand` is what makes its light."""
        laser = StagedLaser(self, simulator, title=title, hand=hand, values=values)
        self._lasers.append(laser)
        return laser

    def run(
        self,
        words: str,
        last: str | None = None,
        *,
        pin: bool = False,
        station: bool = True,
        loud: bool = False,
        fails: bool = False,
        head: int | None = None,
    ) -> int:
        """One command, in this process; its exit code. Raises where it fails and should not.

        `head`: so many lines of what it says, where the rest would be too much on a stage.
        """
        arguments = self._arguments(words, last, pin=pin, station=station)
        shown = words if last is None else f"{words} {shlex.quote(last)}"
        self._console.print(f"   [green]$ devicelink {self._short(shown)}[/green]")
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            try:
                main(arguments)
                code = 0
            except SystemExit as end:
                code = int(end.code or 0)
        if loud:
            lines = said.getvalue().splitlines()
            self._indent("\n".join(lines[:head]))
            if head is not None and len(lines) > head:
                self.aside(f"... and {len(lines) - head} lines more")
        if code and not fails:
            raise DeviceLinkError(f"devicelink {shown} failed: {said.getvalue().strip()}")
        return code

    def told(self, words: str) -> Any:
        """What a command says as JSON, without a word on the stage."""
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            try:
                main([*self._arguments(words, None, pin=False, station=True), "--json"])
            except SystemExit as end:
                if end.code:
                    raise DeviceLinkError(f"devicelink {words} failed.") from end
        return json.loads(said.getvalue())

    def session(
        self, serial: str, technician: str, settings: str, *, ready_for_s: float
    ) -> StagedSession:
        """Start a session; it goes on beside the play."""
        words = (
            f"session run {serial} --technician {technician} --client C-1042 "
            f"--settings {self.path(settings)} --for {ready_for_s:g}"
        )
        self._console.print(f"   [green]$ devicelink {self._short(words)}[/green]")
        process = subprocess.Popen(  # noqa: S603 - our own command
            [*COMMAND, *self._arguments(words, None, pin=True, station=True)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return StagedSession(process, self)

    def expect(self, code: int, wanted: int) -> None:
        """Hold a command to its documented exit code."""
        if code != wanted:
            raise DeviceLinkError(f"A command ended with {code}; {wanted} was expected.")
        self.aside(f"exit code {code}")

    def close(self) -> None:
        """Strike the set."""
        for laser in self._lasers:
            laser.close()

    def echo(self, line: str) -> None:
        """A line that a running command printed."""
        self._indent(line)

    def _arguments(self, words: str, last: str | None, *, pin: bool, station: bool) -> list[str]:
        arguments = shlex.split(words)
        if last is not None:
            arguments.append(last)
        if pin:
            arguments += ["--pin-file", self.path("pin")]
        if station:
            arguments += ["--data", str(self.folder)]
        return arguments

    def _short(self, words: str) -> str:
        return words.replace(f"{self._props}/", "")

    def _indent(self, text: str) -> None:
        for line in text.rstrip().splitlines():
            self._console.print(f"     {line}", markup=False)
