"""The people of a story: what they do with hands, keys and patience."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from devicelink.runtime import nanoseconds, seconds
from devicelink.session import state as table
from devicelink_simulation.world import programs
from devicelink_simulation.world.clinic import INES, PIN, TOM
from devicelink_simulation.world.lasers import FIRST, LASERS
from devicelink_simulation.world.programs import Screen
from devicelink_simulation.world.story import Act, Visit

if TYPE_CHECKING:
    from collections.abc import Callable

    from devicelink_simulation.world.kernel import Fibre, Signal, SimProcess
    from devicelink_simulation.world.runtime import WorldRuntime
    from devicelink_simulation.world.world import World

LAST_SESSION_EVERY = 4
"""In so many stories one last session shows that everything works again; it costs as much."""
PATIENCE_S = 20.0
FOR_EVER_S = 3600.0
ASK_AGAIN_S = 1.0
REACTION_S = 0.3
"""From what the screen asks for to a hand at the console."""
ENDING_S = 15.0
"""How long a session may take to end after it was told to, whatever the laser does."""
_SECOND = Visit(
    technician=TOM, pins=(PIN,), kind="treatment", client="C-2", settings=(), acts=(), pause_s=0
)
_WITHOUT_SESSION = frozenset({"hand_after", "lock_alone", "check_alone", "acknowledge"})


class People:
    """Plays the visits of each room one after the other, and cleans up behind the last."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._kernel = world.kernel
        self._started: list[SimProcess] = []
        self.put_right = False
        """Whether a last session was held after everything."""
        self.late: list[str] = []
        """What did not end, or not lock, when it should have."""

    def play(self, people: SimProcess) -> None:
        """The whole story, as the first fibre of a process; each further room has its own."""
        first, *others = sorted({visit.room for visit in self._world.story.visits} or {0})
        fibres = [people.spawn(f"room {room}", partial(self._room, room)) for room in others]
        self._room(first)
        for fibre in fibres:
            self._wait(partial(_is_over, fibre), FOR_EVER_S, fibre.ended)
        self._pause(1.0)
        self._world.clear_up()
        self._pause(1.0)
        self._put_right()
        for process in self._started:
            self._end_of(process)

    def _room(self, room: int) -> None:
        for number, visit in enumerate(self._world.story.visits):
            if visit.room == room:
                self._pause(visit.pause_s)
                self._visit(number, visit)

    def _visit(self, number: int | None, visit: Visit) -> None:
        screen = Screen(self._kernel, visit.laser)
        process = self._session(visit, screen, number)
        for act in visit.acts:
            if process.dead and act.kind not in _WITHOUT_SESSION:
                continue
            self._act(act, visit, number, screen, process)
        self._leave(visit, number, screen, process)

    def _session(self, visit: Visit, screen: Screen, number: int | None) -> SimProcess:
        world = self._world
        world.book.screens.append(screen)

        def program(runtime: WorldRuntime) -> Callable[[], int]:
            screen.runtime = runtime
            return programs.session_program(runtime, world.book, screen, visit)

        return self._start("session", program, visit.laser, number)

    def _start(
        self,
        name: str,
        program: Callable[[WorldRuntime], Callable[[], int]],
        serial: str,
        visit: int | None = None,
    ) -> SimProcess:
        asleep_ns = self._kernel.wakes_ns - self._kernel.time_ns
        if asleep_ns > 0:
            self._pause(seconds(asleep_ns))
        process = self._world.start(name, program, serial=serial, visit=visit)
        self._started.append(process)
        return process

    def _act(
        self, act: Act, visit: Visit, number: int | None, screen: Screen, process: SimProcess
    ) -> None:
        match act.kind:
            case "see":
                self._see(table.Phase(act.value), screen, process)
            case "wait":
                self._pause(float(act.value))
            case "type":
                screen.typed.append(act.value)
            case "hand" | "hand_after":
                self._world.benches[visit.laser].hand(act.value)
            case "interrupt":
                self._interrupt(screen)
            case "gone":
                self._wait(lambda: process.dead, PATIENCE_S, process.ended)
            case "acknowledge":
                self._acknowledge(visit.laser, number)
            case "lock" | "lock_alone":
                self._lock(visit.laser, number)
            case "check" | "check_alone":
                self._check(visit, number)
            case "second":
                settings = LASERS[visit.laser].hands.well
                second = replace(_SECOND, laser=visit.laser, settings=settings)
                other = Screen(self._kernel, visit.laser)
                self._end_of(self._session(second, other, None))

    def _see(self, wanted: table.Phase, screen: Screen, process: SimProcess) -> None:
        """Wait for a phase; who asked for READY too soon asks again.

        Where a hand at the console makes it READY, that is done when the screen asks for it.
        """
        over = {wanted, table.Phase.ENDED}
        makes_ready = LASERS[screen.serial].hands.makes_ready
        pressed = 0

        def asked() -> bool:
            arming = screen.phase is table.Phase.ARMING and pressed != len(screen.phases)
            return bool(makes_ready) and wanted is table.Phase.READY and arming

        while self._wait(
            lambda: process.dead or screen.phase in over or screen.ask_again or asked(),
            PATIENCE_S,
            screen.changed,
            process.ended,
        ):
            if screen.ask_again:
                screen.ask_again = False
                self._pause(ASK_AGAIN_S)
                screen.typed.append("r")
            elif asked():
                pressed = len(screen.phases)
                self._pause(REACTION_S)
                self._world.benches[screen.serial].hand(makes_ready)
            else:
                return

    def _interrupt(self, screen: Screen) -> None:
        if screen.session is not None:
            sentence = "Stopped by the person (SIGINT)."
            screen.session.stop(table.End("stop", table.EndKind.PERSON, sentence))
            self._world.stops.append((self._kernel.time_ns, screen))

    def _leave(self, visit: Visit, number: int | None, screen: Screen, process: SimProcess) -> None:
        """Whatever still runs is ended: politely, then by Ctrl-C, by the lock, and by force."""
        screen.typed.append("q")
        if self._wait(lambda: process.dead, ENDING_S, process.ended):
            return
        self._interrupt(screen)
        if self._wait(lambda: process.dead, ENDING_S, process.ended):
            return
        self._lock(visit.laser, number)
        if not self._wait(lambda: process.dead, ENDING_S, process.ended):
            self.late.append(f"the session of {visit.technician} at {visit.laser} does not end")
            process.kill()

    def _put_right(self) -> None:
        """With every cause gone the lasers lock, and holds can be lifted."""
        world = self._world
        failed = self._something_failed()
        if not failed and not world.story.troubles:
            return
        for serial in world.benches:
            for _ in range(3):
                if self._lock(serial) == 0:
                    break
                self._pause(3.0)
            else:
                self.late.append(f"{serial} does not lock although every cause is gone")
        if any(trouble.kind in {"clock", "suspend"} for _, trouble in world.troubles.struck):
            self._confirm_clock()
        if failed or self._something_failed():
            for serial in world.benches:
                self._acknowledge(serial)
        if world.story.seed % LAST_SESSION_EVERY == 0:
            self.put_right = True
            for serial in world.benches:
                self._pause(LASERS[serial].hands.memory_s)
                self._visit(None, well(serial))

    def _something_failed(self) -> bool:
        ended = any(end.code for end in self._world.book.exits)
        return ended or any(process.killed for process in self._started)

    def _end_of(self, process: SimProcess) -> int | None:
        """A program's exit code, when it has one in time."""
        if not self._wait(lambda: process.dead, PATIENCE_S, process.ended):
            return None
        exits = [e.code for e in self._world.book.exits if e.process == process.number]
        return exits[0] if exits else None

    def _lock(self, serial: str, visit: int | None = None) -> int | None:
        def program(runtime: WorldRuntime) -> Callable[[], int]:
            return programs.lock_program(runtime, self._world.book, serial)

        return self._end_of(self._start("lock", program, serial, visit))

    def _acknowledge(self, serial: str, visit: int | None = None) -> None:
        def program(runtime: WorldRuntime) -> Callable[[], int]:
            return programs.acknowledge_program(runtime, self._world.book, serial)

        self._end_of(self._start("acknowledge", program, serial, visit))

    def _confirm_clock(self) -> None:
        def program(runtime: WorldRuntime) -> Callable[[], int]:
            return programs.confirm_clock_program(runtime, self._world.book)

        self._end_of(self._start("confirm-clock", program, ""))

    def _check(self, visit: Visit, number: int | None) -> None:
        def program(runtime: WorldRuntime) -> Callable[[], int]:
            return programs.check_program(runtime, self._world.book, visit)

        self._end_of(self._start("check", program, visit.laser, number))

    def _pause(self, seconds: float) -> None:
        self._kernel.wait(self._kernel.time_ns + nanoseconds(seconds))

    def _wait(self, fulfilled: Callable[[], bool], within_s: float, *signals: Signal) -> bool:
        """Patience counts while the machine is awake."""
        kernel = self._kernel
        awake_ns = kernel.time_ns - kernel.asleep_ns + nanoseconds(within_s)
        while not fulfilled():
            if kernel.time_ns >= awake_ns + kernel.asleep_ns:
                return False
            kernel.wait(awake_ns + kernel.asleep_ns, *signals)
        return True


def _is_over(fibre: Fibre) -> bool:
    return bool(fibre.greenlet.dead)


def well(serial: str) -> Visit:
    """A session at a laser in which all goes well."""
    hands = LASERS[serial].hands
    pressed = (
        Act("wait", "0.6"),
        Act("hand", hands.press),
        Act("wait", "0.3"),
        Act("hand", hands.release),
    )
    return Visit(
        technician=INES,
        pins=(PIN,),
        kind=hands.well_kind,
        client="C-1",
        settings=hands.well,
        acts=(
            Act("see", "STANDBY"),
            Act("wait", "0.2"),
            Act("type", "r"),
            Act("see", "READY"),
            *(pressed if hands.press else (Act("wait", "0.6"),)),
            Act("type", ""),
            Act("see", "STANDBY"),
            Act("type", "q"),
        ),
        laser=serial,
    )


WELL = well(FIRST)
