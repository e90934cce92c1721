"""What is on the demo's stage: simulated lasers with their truth, and sessions, as processes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, cast

from devicelink.errors import DeviceLinkError
from devicelink.runtime import nanoseconds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devicelink_simulation.stage import Stage

COMMAND = (sys.executable, "-m", "devicelink")
HELD_LONGER_THAN_S = 0.7
"""Light within half a second of READY counts as a held control, so the hand waits longer."""
_PATIENCE_S = 20.0
_LOOK_S = 0.01


@dataclass(frozen=True, slots=True)
class Hand:
    """What a hand or foot does at a laser, as its simulator's knobs."""

    press: str
    release: str
    ready: str | None = None
    """What makes it READY at the laser itself; None where the order is enough."""


class StagedLaser:
    """A simulated laser behind a pty; its truth says what really happened."""

    def __init__(
        self, stage: Stage, simulator: str, *, title: str, hand: Hand, values: Mapping[str, str]
    ) -> None:
        self._stage = stage
        self._hand = hand
        self.port = stage.path("-".join([simulator, *values.values()]))
        words = ["sim", "serve", simulator, "--pty", "--link", self.port]
        words += [word for pair in values.items() for word in ("--set", "=".join(pair))]
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            [*COMMAND, *words, "--truth", f"{self.port}.truth", "--seed", str(stage.seed)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        ready = json.loads(cast("IO[str]", self._process.stdout).readline())
        stage.aside(f"{title} behind {ready['target']}")

    def tell(self, pair: str) -> int:
        """Change something at the laser while it runs; when, by the monotonic clock."""
        at_ns = self._stage.now_ns()
        cast("IO[str]", self._process.stdin).write(pair + "\n")
        answer = json.loads(cast("IO[str]", self._process.stdout).readline())
        if not answer["ok"]:
            raise DeviceLinkError(f"The simulated laser refused {pair}: {answer['error']}")
        self._stage.aside(f"at the laser: {pair}")
        return at_ns

    def light_after_ready(self, session: StagedSession) -> None:
        """When the laser is READY, somebody presses the trigger, and light comes."""
        if self._hand.ready:
            session.wait_until_said("Press READY")
            self._pause_from(self._stage.now_ns())
            self.tell(self._hand.ready)
        self._pause_from(self._await("enabled", session))
        pressed_ns = self.tell(self._hand.press)
        self._await("light_on", session, pressed_ns)

    def _pause_from(self, since_ns: int) -> None:
        """A hand takes its time."""
        while self._stage.now_ns() < since_ns + nanoseconds(HELD_LONGER_THAN_S):
            self._stage.runtime.sleep(_LOOK_S)

    def dark_ms(self, since_ns: int) -> float:
        """From a moment until neither light nor a pressed trigger's light was possible, ms."""
        give_up_ns = self._stage.now_ns() + nanoseconds(_PATIENCE_S)
        while self._stage.now_ns() < give_up_ns:
            after = {e["event"]: e["mono_ns"] for e in self._truth() if e["mono_ns"] >= since_ns}
            if "light_off" in after and "disabled" in after:
                self.tell(self._hand.release)
                return float(max(after["light_off"], after["disabled"]) - since_ns) / 1e6
            self._stage.runtime.sleep(_LOOK_S)
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
        self.tell(self._hand.release)
        return f"light on for {total_ns / 1e9:.3f} s in all; it is {'ON' if on_ns else 'off'} now."

    def close(self) -> None:
        """Switch it off."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(timeout=5)

    def _await(self, event: str, session: StagedSession, since_ns: int = 0) -> int:
        """When an event began: enabling that holds now, or the newest light.

        A pulse may be over before it is looked for. Raises where the session ends first.
        """
        opposite = {"enabled": "disabled"}.get(event, event)
        give_up_ns = self._stage.now_ns() + nanoseconds(_PATIENCE_S)
        while self._stage.now_ns() < give_up_ns:
            found = [
                e
                for e in self._truth()
                if e["event"] in {event, opposite} and e["mono_ns"] >= since_ns
            ]
            if found and found[-1]["event"] == event:
                return int(found[-1]["mono_ns"])
            if session.ended():
                break
            self._stage.runtime.sleep(_LOOK_S)
        session.wait()
        raise DeviceLinkError(f"The session ended before the laser's truth said {event}.")

    def _truth(self) -> list[dict[str, Any]]:
        with open(f"{self.port}.truth", encoding="utf-8") as file:  # noqa: PTH123
            whole, _, _ = file.read().rpartition("\n")
        return [json.loads(line) for line in whole.splitlines()]


class StagedSession:
    """A session's process; its words are echoed as it says them."""

    def __init__(self, process: subprocess.Popen[str], stage: Stage) -> None:
        self._process = process
        self._stage = stage
        self._said = ""
        self._echo = stage.runtime.spawn("echo", self._echo_all)

    def ended(self) -> bool:
        """Whether it ended by itself."""
        return self._process.poll() is not None

    def wait_until_said(self, words: str) -> None:
        """As somebody who stands beside the screen would; raises where the session ends first."""
        give_up_ns = self._stage.now_ns() + nanoseconds(_PATIENCE_S)
        while words not in self._said:
            if self.ended() or self._stage.now_ns() > give_up_ns:
                raise DeviceLinkError(f"The session never said {words!r}.")
            self._stage.runtime.sleep(_LOOK_S)

    def kill(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def wait(self) -> int:
        """Its exit code, when it has ended and all that it said is shown."""
        code = self._process.wait()
        self._echo.join(_PATIENCE_S)
        return code

    def _echo_all(self) -> None:
        for line in cast("IO[str]", self._process.stdout):
            self._said += line
            self._stage.echo(line)
