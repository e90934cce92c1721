"""The stage on which the demo plays: commands, simulated lasers, and their truth."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shlex
import signal
import subprocess
import sys
from typing import IO, TYPE_CHECKING, Any, cast

from rich.console import Console

from devicelink.cli import main
from devicelink.errors import DeviceLinkError
from devicelink.runtime import nanoseconds

if TYPE_CHECKING:
    from pathlib import Path

    from devicelink.runtime import Runtime

FIRST_LASER = "laser-1"
PATIENCE_S = 20.0
HELD_LONGER_THAN_S = 0.7
"""Light within half a second of READY counts as a held control, so the hand waits longer."""
_LOOK_S = 0.01
_COMMAND = (sys.executable, "-m", "devicelink")


class Stage:
    """Plays commands in a station's folder; `props` holds what a station's folder never does."""

    def __init__(
        self, folder: Path, props: Path, seed: int, runtime: Runtime, *, out: IO[str]
    ) -> None:
        self.folder = folder
        self._props = props
        self._seed = seed
        self._runtime = runtime
        self._console = Console(highlight=False, soft_wrap=True, file=out)
        self._laser: subprocess.Popen[str] | None = None
        os.environ["XDG_CONFIG_HOME"] = str(props / "config")

    def title(self, what: str, more: str) -> None:
        """A new scene."""
        self._console.print(f"\n[bold]== {what}[/bold]\n   [dim]{more}[/dim]")

    def say(self, sentence: str) -> None:
        """A sentence of the narrator's."""
        self._console.print(f"   [bold cyan]>[/bold cyan] {sentence}")

    def path(self, name: str) -> str:
        """The path of a prop."""
        return str(self._props / name)

    def file(self, name: str, text: str) -> None:
        """A prop with a text."""
        (self._props / name).write_text(text, encoding="utf-8")

    def now_ns(self) -> int:
        """The machine's monotonic clock, by which the truth is written."""
        return self._runtime.mono_ns()

    def laser(self, name: str) -> None:
        """Start a simulated laser behind a pty."""
        words = f"sim serve ipg --pty --link {self.path(name)} --truth {self.path(name)}.truth"
        self._laser = subprocess.Popen(  # noqa: S603 - our own command
            [*_COMMAND, *shlex.split(words), "--seed", str(self._seed)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        ready = json.loads(cast("IO[str]", self._laser.stdout).readline())
        self._console.print(f"   [dim]a simulated IPG laser behind {ready['target']}[/dim]")

    def tell_laser(self, pair: str) -> int:
        """Change something at the laser while it runs; when, by the monotonic clock."""
        if self._laser is None:
            raise DeviceLinkError("There is no laser on stage.")
        at_ns = self.now_ns()
        cast("IO[str]", self._laser.stdin).write(pair + "\n")
        answer = json.loads(cast("IO[str]", self._laser.stdout).readline())
        if not answer["ok"]:
            raise DeviceLinkError(f"The simulated laser refused {pair}: {answer['error']}")
        self._console.print(f"   [dim]at the laser: {pair}[/dim]")
        return at_ns

    def run(
        self,
        words: str,
        last: str | None = None,
        *,
        pin: bool = False,
        station: bool = True,
        loud: bool = False,
        fails: bool = False,
    ) -> int:
        """One command, in this process; its exit code. Raises where it fails and should not."""
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
            self._indent(said.getvalue())
        if code and not fails:
            raise DeviceLinkError(f"devicelink {shown} failed: {said.getvalue().strip()}")
        return code

    def session(self, technician: str, settings: str, *, ready_for_s: float) -> StagedSession:
        """Start a session; it goes on beside the play."""
        words = (
            f"session run SIM-0917 --technician {technician} --client C-1042 "
            f"--settings {self.path(settings)} --for {ready_for_s:g}"
        )
        self._console.print(f"   [green]$ devicelink {self._short(words)}[/green]")
        process = subprocess.Popen(  # noqa: S603 - our own command
            [*_COMMAND, *self._arguments(words, None, pin=True, station=True)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return StagedSession(process, self, self._runtime)

    def light_after_ready(self, session: StagedSession) -> None:
        """When the laser is READY, somebody presses the trigger, and light comes."""
        ready_ns = self._await("enabled", session)
        while self.now_ns() < ready_ns + nanoseconds(HELD_LONGER_THAN_S):
            self._runtime.sleep(_LOOK_S)
        self.tell_laser("modulation_input=high")
        self._await("light_on", session)

    def dark_ms(self, since_ns: int) -> float:
        """From a moment until neither light nor a pressed trigger's light was possible, ms."""
        give_up_ns = self.now_ns() + nanoseconds(PATIENCE_S)
        while self.now_ns() < give_up_ns:
            after = {e["event"]: e["mono_ns"] for e in self._truth() if e["mono_ns"] >= since_ns}
            if "light_off" in after and "disabled" in after:
                self.tell_laser("modulation_input=low")
                return float(max(after["light_off"], after["disabled"]) - since_ns) / 1e6
            self._runtime.sleep(_LOOK_S)
        raise DeviceLinkError("The simulated laser did not get dark.")

    def light_summary(self) -> str:
        """How long light was on, in the laser's own words."""
        on_ns = total_ns = 0
        for event in self._truth():
            if event["event"] == "light_on":
                on_ns = event["mono_ns"]
            elif event["event"] == "light_off" and on_ns:
                total_ns += event["mono_ns"] - on_ns
                on_ns = 0
        self.tell_laser("modulation_input=low")
        return f"light on for {total_ns / 1e9:.2f} s in all; it is {'ON' if on_ns else 'off'} now."

    def expect(self, code: int, wanted: int) -> None:
        """Hold a command to its documented exit code."""
        if code != wanted:
            raise DeviceLinkError(f"A command ended with {code}; {wanted} was expected.")
        self._console.print(f"   [dim]exit code {code}[/dim]")

    def close(self) -> None:
        """Strike the set."""
        if self._laser is not None:
            self._laser.send_signal(signal.SIGTERM)
            self._laser.wait(timeout=5)

    def echo(self, line: str) -> None:
        """A line that a running command printed."""
        self._indent(line)

    def _await(self, event: str, session: StagedSession) -> int:
        """When an event that holds now began; raises where the session ends first."""
        opposite = {"enabled": "disabled", "light_on": "light_off"}[event]
        give_up_ns = self.now_ns() + nanoseconds(PATIENCE_S)
        while self.now_ns() < give_up_ns:
            found = [e for e in self._truth() if e["event"] in {event, opposite}]
            if found and found[-1]["event"] == event:
                return int(found[-1]["mono_ns"])
            if session.ended():
                break
            self._runtime.sleep(_LOOK_S)
        session.wait()
        raise DeviceLinkError(f"The session ended before the laser's truth said {event}.")

    def _truth(self) -> list[dict[str, Any]]:
        text = (self._props / f"{FIRST_LASER}.truth").read_text(encoding="utf-8")
        whole, _, _ = text.rpartition("\n")
        return [json.loads(line) for line in whole.splitlines()]

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


class StagedSession:
    """A session's process; its words are echoed as it says them."""

    def __init__(self, process: subprocess.Popen[str], stage: Stage, runtime: Runtime) -> None:
        self._process = process
        self._stage = stage
        self._echo = runtime.spawn("echo", self._echo_all)

    def ended(self) -> bool:
        """Whether it ended by itself."""
        return self._process.poll() is not None

    def kill(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def wait(self) -> int:
        """Its exit code, when it has ended and all that it said is shown."""
        code = self._process.wait()
        self._echo.join(PATIENCE_S)
        return code

    def _echo_all(self) -> None:
        for line in cast("IO[str]", self._process.stdout):
            self._stage.echo(line)
