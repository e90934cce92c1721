"""Bad drivers made of the one for IPG lasers."""

from __future__ import annotations

import contextlib
from dataclasses import replace

from clockwork import ReadsTheWallClock
from planted_drivers import planted

from devicelink.driver import (
    CommandClass,
    DeviceState,
    EnableToken,
    Evidence,
    Identity,
    Line,
    LockReading,
    Shown,
)
from devicelink.errors import DeviceFault, DeviceLinkError, LinkError, NoReply
from devicelink_ipg.engine import EMISSION_OFF, ask, do, put
from devicelink_ipg.frames import IpgWire, Words, frame
from devicelink_ipg.yar import Yar
from devicelink_ipg.ylr_sm import CLASSES, YlrSm
from devicelink_ipg_sim.profile import YAR, YLR_SM

WITH_VALUE = frozenset({"SDC", "SFWS"})


class Bad(YlrSm):
    """A YLR-SM, as a factory makes it."""

    def __init__(self, _configuration):
        super().__init__(Line(57600))


planted(YLR_SM, "imports_the_contract_only", "calls_no_clock")(ReadsTheWallClock)


@planted(YLR_SM, "an_acknowledgement_locks_nothing")
class BelievesTheAcknowledgement(Bad):
    """Who answered EMOFF is locked."""

    def read_lock(self, link):
        """Without looking."""
        do(link, "EMOFF")
        return LockReading(confirmed=True, evidence=Evidence.DEVICE_STATE, words={"EMOFF": "EMOFF"})


@planted(YLR_SM, "identify_asks_only", "nothing_emits_on_connect", "enabling_needs_an_intent")
class EmitsOnConnect(Bad):
    """Says hello with light."""

    def identify(self, link):
        """Under a token that it made itself."""
        link.exchange(frame("EMON"), within_s=0.2, token=EnableToken(step="x", entry_index=0))
        return super().identify(link)


@planted(YLR_SM, "enabling_is_never_repeated", "every_single_fault")
class RetriesAnEnable(Bad):
    """Nobody answered, so once more."""

    def ready(self, link, token):
        """Twice."""
        try:
            return super().ready(link, token)
        except NoReply:
            return super().ready(link, EnableToken(step="ready", entry_index=token.entry_index))


@planted(YLR_SM, "enabling_is_never_repeated")
class RetriesARefusal(Bad):
    """It said no, and perhaps it did not mean it."""

    def ready(self, link, token):
        """Once more."""
        try:
            return super().ready(link, token)
        except DeviceFault:
            return super().ready(link, EnableToken(step="ready", entry_index=token.entry_index))


@planted(YLR_SM, "calls_no_clock", "nothing_emits_on_connect")
class ReadsTheLinksClock(Bad):
    """Time is what the link knows, and the link is at hand."""

    def read_status(self, link):
        """Behind the contract's back."""
        link._runtime.mono_ns()
        return super().read_status(link)


@planted(YLR_SM, "faults_are_told", "shown_is_true")
class SwallowsAFault(Bad):
    """All is well."""

    def read_status(self, link):
        """Without a fault."""
        told = super().read_status(link)
        return replace(
            told, faults=(), reset_required=False, unexpected_emission=False, key_on=Shown.YES
        )


@planted(YLR_SM, "silence_is_raised")
class SwallowsTheSilence(Bad):
    """No answer, no news."""

    def standby(self, link):
        """Sent is sent."""
        with contextlib.suppress(LinkError):
            super().standby(link)


@planted(YLR_SM, "silence_is_raised", "every_single_fault")
class TakesSilenceForDark(Bad):
    """Who says nothing makes no light."""

    def read_lock(self, link):
        """Locked, unless it is told otherwise."""
        try:
            return super().read_lock(link)
        except DeviceLinkError:
            return LockReading(confirmed=True, evidence=Evidence.DEVICE_STATE, words={"STA": "0"})


@planted(YLR_SM, "each_way_takes_the_light")
class SkipsAWay(Bad):
    """The second way is as good as the first."""

    def reduce(self, link, way):
        """Only the first."""
        if way is EMISSION_OFF:
            super().reduce(link, way)


@planted(YLR_SM, "lock_bytes_alone_darken")
class LockBytesWithoutABreak(Bad):
    """Forgets the half frame that may stand before them."""

    declaration = replace(YlrSm.declaration, lock_bytes=b"EMOFF\rSDC 0\r")


@planted(YLR_SM, "lock_bytes_alone_darken")
class BreaksWithTheEndOfAFrame(Bad):
    """Ends `EMON`, half written, so that it is whole; EMOFF behind it is in time, this time."""

    wire = IpgWire(Words(CLASSES, WITH_VALUE, "SDC"))
    wire.frame_break = b"\r"
    declaration = replace(YlrSm.declaration, lock_bytes=b"\rEMOFF\rSDC 0\r")


@planted(YLR_SM, "classes_are_true", "enabling_needs_an_intent", "time_bounds_are_kept")
class MarksAnEnablingFrameAsAQuery(Bad):
    """EMON only asks for light."""

    wire = IpgWire(Words({**CLASSES, "EMON": CommandClass.QUERY}, WITH_VALUE, "SDC"))

    def ready(self, link, token):
        """No token is needed."""
        link.exchange(frame("EMON"), within_s=0.2)
        return True


@planted(YLR_SM, "identify_asks_only")
class IdentifySetsSomething(Bad):
    """Begins at the lowest current."""

    def identify(self, link):
        """And sets it."""
        told = super().identify(link)
        put(link, "SDC", "12")
        return told


@planted(YLR_SM, "identify_asks_only", "questions_change_nothing")
class IdentifySetsSomethingUnseen(Bad):
    """The same, and calls it a question."""

    wire = IpgWire(Words({**CLASSES, "SDC": CommandClass.QUERY}, WITH_VALUE, "SDC"))

    def identify(self, link):
        """And sets it."""
        told = super().identify(link)
        put(link, "SDC", "12")
        return told


@planted(YLR_SM, "deadlines_are_kept")
class WaitsASecond(Bad):
    """Gives the laser its time."""

    def read_status(self, link):
        """A second of it."""
        link.exchange(frame("RFV"), within_s=1.0)
        return super().read_status(link)


@planted(YLR_SM, "shown_is_true")
class InventsACounter(Bad):
    """Zero is a number."""

    def read_status(self, link):
        """With a counter."""
        return replace(super().read_status(link), counter=0)


@planted(YAR, "shown_is_true")
class SaysTheInterlockIsClosed(Yar):
    """On a wire that does not show it."""

    def __init__(self, _configuration):
        super().__init__(Line(57600))

    def read_status(self, link):
        """Nothing was heard of it."""
        return replace(super().read_status(link), interlock_closed=Shown.YES)


@planted(YLR_SM, "ready_comes_in_steps", "deadlines_are_kept")
class ReadyWaitsInside(Bad):
    """Comes back when there is light."""

    def ready(self, link, token):
        """Three seconds and a half."""
        super().ready(link, token)
        link.wait(3.5)
        return True


@planted(YLR_SM, "ready_comes_in_steps")
class ReadyPollsInside(Bad):
    """The same, by asking."""

    def ready(self, link, token):
        """Until the start-up is over."""
        super().ready(link, token)
        while super().read_status(link).state is DeviceState.ARMING:
            pass
        return True


class AnyReply(IpgWire):
    """Takes what comes."""

    def answers(self, sent, reply):
        """Everything answers everything."""
        return True

    def marker_replies(self, received):
        """Whatever came."""
        return 1 if received else 0


@planted(YLR_SM, "garbage_is_no_answer")
class TakesAnyReply(Bad):
    """A reply is a reply."""

    wire = AnyReply(Words(CLASSES, WITH_VALUE, "SDC"))

    def identify(self, link):
        """And its value is what stands behind the last colon."""
        told = link.exchange(frame("RNC"), within_s=0.2)
        return Identity(
            serial=None, model=None, firmware="1", details={"RNC": told[-5:].decode("latin-1")}
        )


class WholeReads(IpgWire):
    """What comes at once is a reply."""

    def split(self, received, sent):
        """Whether its end is there or not."""
        return ([received.removesuffix(b"\r")], b"") if received else ([], b"")


@planted(YLR_SM, "replies_split_anywhere")
class TakesPiecesForReplies(Bad):
    """Never met a slow line."""

    wire = WholeReads(Words(CLASSES, WITH_VALUE, "SDC"))


@planted(YLR_SM, "evidence_is_true")
class ClaimsASensor(Bad):
    """The laser's word is called a sensor's."""

    def read_lock(self, link):
        """Better than it is."""
        return replace(super().read_lock(link), evidence=Evidence.SENSED)


@planted(YLR_SM, "near_relative_refused")
class TakesAnyDialect(Bad):
    """Who tells a firmware is the laser."""

    def identify(self, link):
        """Without asking further."""
        return Identity(serial=None, model=None, firmware=ask(link, "RFV"))


@planted(YLR_SM, "identity_is_the_wires")
class InventsASerialNumber(Bad):
    """Everybody has one."""

    def identify(self, link):
        """From nowhere."""
        return replace(super().identify(link), serial="0001")


@planted(YLR_SM, "lock_from_every_state", "light_at_connect_is_seen", "evidence_is_true")
class ForgetsTheKey(Bad):
    """Locked is what has no current."""

    def read_lock(self, link):
        """By the set-point alone."""
        current = ask(link, "RCS")
        return LockReading(
            confirmed=float(current) == 0,
            evidence=Evidence.DEVICE_STATE,
            words={"RCS": current},
            why_not="the current is not 0",
        )


@planted(YLR_SM, "light_at_connect_is_seen", "states_follow_the_truth")
class AlwaysInStandby(Bad):
    """Nothing ever happens."""

    def read_status(self, link):
        """As it was in the beginning."""
        told = super().read_status(link)
        return replace(told, state=DeviceState.STANDBY, faults=(), unexpected_emission=False)


@planted(YLR_SM, "a_refused_order_is_raised")
class SwallowsARefusal(Bad):
    """The laser said no, and nobody listens."""

    def reduce(self, link, way):
        """Nobody."""
        with contextlib.suppress(DeviceFault):
            super().reduce(link, way)


@planted(YLR_SM, "settings_id_tells_all")
class HidesItsConfiguration(Bad):
    """Settings are settings, modes are not."""

    def read_effective(self, link, settings):
        """Without the modes."""
        return replace(super().read_effective(link, settings), configuration={})


@planted(YLR_SM, "time_bounds_are_kept", "ready_comes_in_steps")
class ArmsLaterThanItSays(Bad):
    """Half a second is enough."""

    declaration = replace(YlrSm.declaration, arming_bound_s=0.5)


@planted(YLR_SM, "bounds_hold")
class TellsWiderBounds(Bad):
    """Some more is always possible."""

    def bounds(self, link):
        """Up to 150 %."""
        return {**super().bounds(link), "diode_current_percent": ("0", "150")}


@planted(YLR_SM, "out_of_bounds_is_refused", "an_acknowledgement_readies_nothing")
class TellsWhatWasAskedFor(Bad):
    """What was asked for is what is set."""

    def prepare(self, link, settings):
        """Whatever the laser says of it."""
        with contextlib.suppress(DeviceFault):
            super().prepare(link, settings)

    def read_effective(self, link, settings):
        """By hearsay."""
        return replace(super().read_effective(link, settings), settings=dict(settings))


@planted(YLR_SM, "only_known_errors")
class RaisesWhatItLikes(Bad):
    """A number is a number."""

    def read_status(self, link):
        """Unless it is none."""
        int(link.exchange(frame("STA"), within_s=0.2).partition(b":")[2] or b"x")
        return super().read_status(link)


@planted(YLR_SM, "an_interlock_ends_ready", "an_acknowledgement_readies_nothing")
class RemembersReady(Bad):
    """Once READY, always READY."""

    was_ready = False

    def ready(self, link, token):
        """From now on."""
        self.was_ready = True
        return super().ready(link, token)

    def read_status(self, link):
        """From memory."""
        told = super().read_status(link)
        return replace(told, state=DeviceState.READY) if self.was_ready else told


@planted(YLR_SM, "lock_is_idempotent")
class LocksOnce(Bad):
    """Who is locked need not be locked again."""

    locked = False

    def read_lock(self, link):
        """True once."""
        told = super().read_lock(link)
        if self.locked:
            return replace(told, confirmed=False, why_not="it was locked before")
        self.locked = told.confirmed
        return told


@planted(YLR_SM, "a_frozen_status_locks_nothing")
class LocksOnlyWhatEmits(Bad):
    """What is dark by its own word needs no order."""

    def reduce(self, link, way):
        """After a look."""
        if super().read_lock(link).confirmed:
            return
        super().reduce(link, way)


@planted(YLR_SM, "lock_after_half_a_frame")
class OrdersOnce(Bad):
    """Said once is said."""

    def __init__(self, configuration):
        super().__init__(configuration)
        self.ordered = set()

    def reduce(self, link, way):
        """Never again."""
        if way not in self.ordered:
            self.ordered.add(way)
            super().reduce(link, way)


@planted(YLR_SM, "declaration_is_whole")
class ContradictsItself(Bad):
    """The control is not shown, and is not in the list of what is not."""

    declaration = replace(YlrSm.declaration, not_shown=("identity", "counter"))


@planted(YLR_SM, "a_hand_makes_the_light")
class TakesTheGateAway(Bad):
    """Sets the laser without its gate, and says that a hand makes the light."""

    def prepare(self, link, settings):
        """EMON is light from now on."""
        super().prepare(link, settings)
        do(link, "DMOD")

    def read_effective(self, link, settings):
        """As it was asked for."""
        told = super().read_effective(link, settings)
        from devicelink.driver import Trigger

        return replace(told, settings=dict(settings), trigger=Trigger.HARDWARE)


@planted(YLR_SM, "declaration_is_whole")
class LockBytesThatPrepare(Bad):
    """Leaves the laser as it found it: the current is set again behind the lock."""

    declaration = replace(
        YlrSm.declaration, lock_bytes=YlrSm.declaration.lock_bytes + frame("SDC", "35")
    )


@planted(YLR_SM, "declaration_is_whole")
class WaitsForEverToArm(Bad):
    """Ten minutes are enough for anything."""

    declaration = replace(YlrSm.declaration, arming_bound_s=600.0)


@planted(YLR_SM, "declaration_is_whole")
class NobodyMaySet(Bad):
    """A word that means nothing."""

    declaration = replace(YlrSm.declaration, settings_authority="junk")


@planted(YLR_SM, "declaration_is_whole")
class MisspellsWhatIsHidden(Bad):
    """Then the core takes it for shown, and its reading for the laser's."""

    declaration = replace(YlrSm.declaration, not_shown=(*YlrSm.declaration.not_shown, "start-up"))


@planted(YLR_SM, "a_dead_man_is_true")
class InventsADeadMan(Bad):
    """Somebody will surely end it."""

    declaration = replace(YlrSm.declaration, dead_man="The laser ends its light by itself.")


@planted(YLR_SM, "settings_can_be_judged")
class TakesAnyWord(Bad):
    """A setting in words, without the words that it takes."""

    declaration = replace(
        YlrSm.declaration,
        settings=tuple(replace(each, choices=()) for each in YlrSm.declaration.settings),
    )


@planted(YLR_SM, "states_follow_the_truth")
class CallsTheStartUpStandby(Bad):
    """There is no light yet: three seconds later there is."""

    def read_status(self, link):
        """Not yet."""
        told = super().read_status(link)
        starting = told.state is DeviceState.ARMING
        return replace(told, state=DeviceState.STANDBY) if starting else told


@planted(YLR_SM, "states_follow_the_truth", "deadlines_are_kept")
class CallsStandbyLocked(Bad):
    """Dark is dark; but no session ever sees that it was unlocked."""

    def read_status(self, link):
        """By another word."""
        told = super().read_status(link)
        dark = told.state is DeviceState.STANDBY
        return replace(told, state=DeviceState.LOCKED) if dark else told


@planted(YLR_SM, "effective_is_the_lasers")
class CountsInHalves(Bad):
    """Twice what it says, both ways and in its bounds, so that nothing contradicts it."""

    def bounds(self, link):
        """Half of them."""
        told = super().bounds(link)
        low, high = told["diode_current_percent"]
        halves = (str(float(low) / 2), str(float(high) / 2))
        return {**told, "diode_current_percent": halves}

    def prepare(self, link, settings):
        """Twice as much."""
        doubled = str(float(settings["diode_current_percent"]) * 2)
        super().prepare(link, {**settings, "diode_current_percent": doubled})

    def read_effective(self, link, settings):
        """Half of it."""
        told = super().read_effective(link, settings)
        half = str(float(told.settings["diode_current_percent"]) / 2)
        return replace(told, settings={**told.settings, "diode_current_percent": half})


@planted(YLR_SM, "effective_is_the_lasers")
class EchoesOneSetting(Bad):
    """The window was asked for, so it is so."""

    def read_effective(self, link, settings):
        """By hearsay."""
        told = super().read_effective(link, settings)
        heard = {name: settings[name] for name in settings if name == "power_average_s"}
        return replace(told, settings={**told.settings, **heard})


@planted(YLR_SM, "strange_device_refused")
class TakesAnythingForTheLaser(Bad):
    """Who sits on the right port is the right one."""

    def identify(self, link):
        """Whatever it says, or nothing."""
        with contextlib.suppress(DeviceLinkError):
            return super().identify(link)
        return Identity(serial=None, model=None, firmware=None)


@planted(YLR_SM, "an_interlock_ends_ready")
class ForgetsTheReset(Bad):
    """The interlock is closed again, so all is well; START was not pressed yet."""

    def read_status(self, link):
        """Without what is missing."""
        told = super().read_status(link)
        return replace(told, reset_required=False)


@planted(YLR_SM, "a_fault_is_cleared_by_one_act")
class ClearsByLocking(Bad):
    """Off is off, and its fault with it."""

    def clear_fault(self, link):
        """The same order as any lock's."""
        do(link, "EMOFF")


@planted(YLR_SM, "a_fault_is_cleared_by_one_act")
class ClearsWithEverySetting(Bad):
    """A fault that nobody saw was none."""

    def prepare(self, link, settings):
        """As if nothing had been."""
        do(link, "RERR")
        super().prepare(link, settings)


@planted(YLR_SM, "declaration_is_whole")
class HasNoClearing(Bad):
    """Forgot one of the contract's words."""

    clear_fault = None
