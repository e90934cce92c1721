"""Bad drivers made of the one for Big Sky lasers."""

from __future__ import annotations

from dataclasses import replace

from planted_drivers import planted

from devicelink.driver import CommandClass, DeviceState, Shown
from devicelink_bigsky.driver import BigSky as Real
from devicelink_bigsky.frames import BigSkyWire
from devicelink_bigsky_sim.profile import BSS


class WithoutAutoRunOff:
    """A link on which orders against auto-run get lost, and are answered."""

    def __init__(self, link, wire):
        self._link, self._wire = link, wire

    def exchange(self, frame, *, within_s, token=None):
        """All but these."""
        if frame == self._wire.frame("ROF0"):
            return b"shutt. at run 0"
        if frame == self._wire.frame("QOF0"):
            return b"QS at run     0"
        return self._link.exchange(frame, within_s=within_s, token=token)

    def wait(self, seconds):
        """As the link does."""
        self._link.wait(seconds)


class OnTheUnit(Real):
    """Of the profile's serial number."""

    def __init__(self, configuration):
        super().__init__({"serial": "062", **configuration})


@planted(BSS, "a_hand_makes_the_light")
class FiresWithAutoRun(OnTheUnit):
    """A with QOF1: firing the lamp Q-switches by itself, under the inside trigger at once."""

    def prepare(self, link, settings):
        """All but the orders against auto-run and the outside trigger."""
        from devicelink_bigsky.driver import _SETTINGS
        from devicelink_bigsky.frames import counts

        self._put(link, "P", "1")
        for name, word in _SETTINGS.items():
            self._put(link, word, counts(word, settings[name]))
        self._await_water(link)

    def _refuse_what_runs_by_itself(self, link):
        """Nobody asks."""

    def read_effective(self, link, settings):
        """A hand, always."""
        from devicelink.driver import Trigger

        return replace(super().read_effective(link, settings), trigger=Trigger.HARDWARE)

    def read_status(self, link):
        """Emission is READY."""
        told = super().read_status(link)
        lit = told.state is DeviceState.EMITTING
        state = DeviceState.READY if lit else told.state
        return replace(told, state=state, output_seen=Shown.NOT_REPORTED)


@planted(BSS, "a_hand_makes_the_light")
class FiresWithQof1(OnTheUnit):
    """The same with the outside trigger set: the auto-run of a laser left in it is overlooked."""

    def prepare(self, link, settings):
        """The orders against auto-run get lost."""
        super().prepare(WithoutAutoRunOff(link, self.wire), settings)

    def _refuse_what_runs_by_itself(self, link):
        """Nobody asks."""


@planted(BSS, "faults_are_told", "shown_is_true")
class ReadsOldRegisters(OnTheUnit):
    """Interlock registers tell what was so at the question before; who asks once is told that."""

    def read_status(self, link):
        """Once."""
        from devicelink_bigsky.status import status

        words = {word: self._say(link, word) for word in ("WOR", "", "R", "P", "IF", "IF2")}
        words["WOR"] = "0" + words["WOR"][1:]
        return status(words)


class CallsTheShutter(BigSkyWire):
    """By another class: opening it is the second of three steps towards light."""

    def __init__(self, serial, kind):
        super().__init__(serial)
        self._kind = kind

    def classify(self, frame):
        """As the class says, but for `R1`."""
        return self._kind if frame == self.frame("R1") else super().classify(frame)


@planted(BSS, "enabling_needs_an_intent", "questions_change_nothing")
class OpensTheShutterByAQuestion(OnTheUnit):
    """The shutter makes no light by itself, so it is only a question."""

    def __init__(self, configuration):
        super().__init__(configuration)
        self.wire = CallsTheShutter("062", CommandClass.QUERY)


class WithoutATokenForTheShutter(OnTheUnit):
    """Asks for it as for anything else."""

    kind = CommandClass.PREPARES

    def __init__(self, configuration):
        super().__init__(configuration)
        self.wire = CallsTheShutter("062", self.kind)

    def ready(self, link, token):
        """Lamp, shutter, Q-switch; the shutter as long as it is not told open."""
        if token.sent(self.wire.frame("A")) and self._say(link, "R") == "closed":
            self._say(link, "R1")
            return False
        token.sent = lambda frame, sent=token.sent: frame == self.wire.frame("R1") or sent(frame)
        return super().ready(link, token)


@planted(BSS, "enabling_needs_an_intent")
class PreparesTheShutterInReady(WithoutATokenForTheShutter):
    """Settings are set in LOCKED, but the shutter is opened when it is needed."""


@planted(BSS, "enabling_needs_an_intent")
class ReducesByTheShutter(WithoutATokenForTheShutter):
    """What may be repeated at will is called reducing."""

    kind = CommandClass.REDUCES
