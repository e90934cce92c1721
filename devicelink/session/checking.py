"""A check of a laser's energy: what the session asks, hears and decides beside its laser.

Nothing here waits for the meter while light is possible. What the meter tells becomes an event of
the session's own table: the last pulse asks for STANDBY, and what must not be ends the session
locked. The verdict on the pulses is `devicelink.treatment.pulses`'.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink.devices import meters
from devicelink.driver import ControlShown, Trigger
from devicelink.errors import ConfigError, DeviceLinkError
from devicelink.link.transcript import NoTranscript, transcript_at
from devicelink.runtime import nanoseconds, seconds
from devicelink.session import state as table
from devicelink.session.check_entries import ENERGY_SETTING, parties, pulses_data
from devicelink.session.metering import Metering, Order, papers_of, problem_of
from devicelink.session.own_check import OwnCheck
from devicelink.session.ownership import Ownership, own
from devicelink.treatment.checks import CheckFacts
from devicelink.treatment.energy import rule_of
from devicelink.treatment.own_word import OwnWord
from devicelink.treatment.pulses import SINGLE_STOP_PERCENT, Outcome, PulseFacts, judge_pulses

if TYPE_CHECKING:
    from collections.abc import Callable

    from devicelink.driver import Effective, Status
    from devicelink.link.transcript import Transcript
    from devicelink.runtime import Latch
    from devicelink.session.context import Context
    from devicelink.session.facts import Facts
    from devicelink.session.metering import Pulse
    from devicelink.treatment.checks import CheckRequest

READY_MAX_S = 120.0
"""A check is bounded in pulses and in seconds, whoever makes the light."""
TAIL_S = 3.0
"""After the last pulse: a further one is told by then, a thermopile's included `[?]`."""
SILENT_MAX_S = 2.0
_REACH_WITHIN_S = 5.0
_SET_UP_WITHIN_S = 40.0
_WAIT_S = 0.05
_RATE = "rate_hz"
ENDED_BY_ITSELF = frozenset({"energy_checked", "energy_check_failed"})


class Checking:
    """One check: the meter in its thread, the pulses so far, and what is to be recorded."""

    def __init__(
        self, context: Context, device: str, request: CheckRequest, *, scripted_s: float | None
    ) -> None:
        self._context = context
        self._device = device
        self.request = request
        self._ready_max_s = min(READY_MAX_S, scripted_s or READY_MAX_S)
        self._registered: meters.Meter | None = None
        self._own: Ownership | None = None
        self._metering: Metering | None = None
        self._transcript: Transcript | None = None
        self._problem: tuple[str, str] | None = None
        self._effective: Effective | None = None
        self._settings: dict[str, str] = {}
        self._tolerance_percent: float | None = None
        """As the last verdict had it."""
        self._was_ready = False
        self._asked_standby = False
        self._recorded = self._told = 0
        self._advised: set[table.Phase] = set()
        self.begun = False
        self.own = OwnCheck()
        """What the laser itself counts and measures, where it does."""
        self.pulses: list[Pulse] = []
        self._inside: list[dict[str, str | None]] = []
        self.counter_before: int | None = None
        """The laser's lifetime counter, before any pulse."""

    @property
    def complete(self) -> bool:
        """Whether all pulses came that were asked for."""
        return len(self.pulses) >= self.request.pulses

    @property
    def left(self) -> int:
        """How many pulses have still to come."""
        return self.request.pulses - len(self.pulses)

    def may_be_coming(self, dark_s: float) -> bool:
        """Whether what was measured may still be told, so long after light was possible."""
        return self.begun and dark_s < TAIL_S

    # --- before light ---

    def reach(self, session: str | None, stop: Latch) -> None:
        """Find the meter in the register, take it, and ask who it is; trouble becomes a finding.

        Without a session nothing is kept of what passes on its wire.
        """
        context, named = self._context, self.request.meter
        if named is None:
            return
        try:
            self._registered = meters.find(context.state()["meters"], named)
        except ConfigError:
            return
        try:
            self._own = own(context.folder, f"meter {named}", context.runtime)
            self._transcript = NoTranscript()
            if session is not None:
                path = context.folder / "transcripts" / f"{session}-meter.jsonl"
                self._transcript = transcript_at(path, context.runtime.disk)
            self._metering = Metering(
                self._registered, context.runtime, self._transcript, simulated=context.simulated
            )
        except DeviceLinkError as error:
            self._problem = problem_of(error)
            return
        self._wait(stop, _REACH_WITHIN_S, lambda meter: meter.told is not None)

    def prepare(self, settings: dict[str, str], effective: Effective, stop: Latch) -> None:
        """Set the meter up for what the laser is set to, and wait until it listens."""
        self._settings, self._effective = settings, effective
        nominal_j, length_nm = self._nominal()[0], self._wavelength()[0]
        if self._metering is None or nominal_j is None or length_nm is None:
            return
        if self._metering.told is None or self._metering.told.setup is None:
            return
        self._metering.set_up(Order(length_nm, nominal_j))
        self._wait(stop, _SET_UP_WITHIN_S, lambda meter: meter.listening)

    def _wait(self, stop: Latch, within_s: float, until: Callable[[Metering], bool]) -> None:
        runtime, metering = self._context.runtime, self._metering
        give_up_ns = runtime.mono_ns() + nanoseconds(within_s)
        while metering is not None and metering.problem is None and runtime.mono_ns() < give_up_ns:
            if until(metering):
                return
            if runtime.sleep(_WAIT_S, stop):
                return

    def facts(self) -> CheckFacts:
        """For the verdict, as things stand now."""
        metering, registered = self._metering, self._registered
        nominal_j, nominal_from = self._nominal()
        length_nm, length_from = self._wavelength()
        rule = rule_of(self._context.state()["energy_checks"], self._device)
        self._tolerance_percent = rule.tolerance_percent if rule else None
        problem = self._problem
        if metering is not None and metering.problem is not None:
            problem = problem_of(metering.problem)
        return CheckFacts(
            named=self.request.meter,
            papers=papers_of(registered) if registered else None,
            said=metering.said() if metering is not None else None,
            problem=problem,
            prepared=metering is not None and metering.prepared,
            settled=metering is not None and metering.settled,
            stale_thrown_away=metering is not None and metering.listening,
            pulses=self.request.pulses,
            nominal_j=nominal_j,
            nominal_from=nominal_from,
            wavelength_nm=length_nm,
            wavelength_from=length_from,
            rate_hz=self._rate_hz(),
            beam_mm=self.request.beam_mm,
            tolerance_percent=self._tolerance_percent,
        )

    def _nominal(self) -> tuple[float | None, str | None]:
        """What a pulse should have: as the laser's own settings tell, else as a person says."""
        effective = self._effective
        told = effective.settings.get(ENERGY_SETTING) if effective else None
        if told is not None:
            return float(told) / 1e3, "settings"
        if self.request.energy_mj is not None:
            return self.request.energy_mj / 1e3, "person"
        return None, None

    def _wavelength(self) -> tuple[str | None, str | None]:
        effective = self._effective
        if effective is not None and effective.wavelength_nm is not None:
            return effective.wavelength_nm, "laser"
        stated = self.request.wavelength_nm
        return stated, None if stated is None else "person"

    def _rate_hz(self) -> float | None:
        effective = self._effective
        named = [n for n in (effective.settings if effective else ()) if n.endswith(_RATE)]
        return float(effective.settings[named[0]]) if effective and named else None

    # --- while it runs ---

    def look(self, state: table.State, status: Status | None) -> table.Event | None:
        """What the meter told since the last look, as an event; None most of the time."""
        now_ns, phase = self._context.runtime.mono_ns(), state.phase
        self._was_ready = self._was_ready or phase is table.Phase.READY
        if not self.begun and phase in {table.Phase.LOCKED, table.Phase.UNLOCKING}:
            return None
        end = self._trouble(now_ns)
        while end is None and self._metering is not None:
            pulse = self._metering.take_pulse()
            if pulse is None:
                break
            end = self._came(pulse, state, status)
        if end is not None:
            return table.Ended(now_ns, end)
        in_phase_s = seconds(now_ns - state.since_ns)
        if phase is table.Phase.READY and self.complete and not self._asked_standby:
            self._asked_standby = True
            return table.AskStandby(now_ns, f"all {self.request.pulses} pulses came")
        if phase is table.Phase.READY and in_phase_s >= self._ready_max_s:
            came = f"{len(self.pulses)} of {self.request.pulses} pulses came"
            sentence = f"{came} in {self._ready_max_s:g} s of READY."
            return table.Ended(now_ns, _failed("pulses_missing", sentence))
        if phase is table.Phase.STANDBY and in_phase_s >= TAIL_S:
            counted = len(self.own.pulses)
            if self.complete:
                return table.Ended(now_ns, self._finished(status))
            if counted >= self.request.pulses:
                told = f"The laser counted {counted} pulses; the meter saw {len(self.pulses)}."
                return table.Ended(now_ns, _failed("pulses_missing", told))
        return None

    def _trouble(self, now_ns: int) -> table.End | None:
        """The meter is lost, or is another one now."""
        metering, registered = self._metering, self._registered
        if metering is None or registered is None:
            return _failed("meter_lost", "There is no meter.")
        if metering.problem is not None:
            return _failed("meter_lost", f"The meter was lost: {metering.problem}")
        said = metering.said()
        if now_ns - metering.polled_ns > nanoseconds(SILENT_MAX_S) or said is None:
            return _failed("meter_lost", "The meter did not answer for two seconds.")
        if said.head_serial != registered.head_serial:
            there = said.head_serial or "none"
            return _failed("head_lost", f"The meter's head was unplugged or exchanged ({there}).")
        if said.mode != "energy" or said.wavelength_nm is None:
            return _failed("meter_changed", "The meter was set to something else by hand.")
        return None

    def _came(self, pulse: Pulse, state: table.State, status: Status | None) -> table.End | None:
        """Count one; the end that it makes, if it makes one."""
        self._count(pulse, status)
        if self._is_held(pulse, state):
            return table.End(
                "control_held",
                table.EndKind.HARD,
                "The meter saw a pulse before or with READY. Keep off the control until READY has "
                "stood.",
                latch=True,
            )
        if not self._was_ready and state.phase is not table.Phase.ARMING:
            return table.UNASKED_LIGHT
        value, nominal_j = pulse.energy_j.value, self._nominal()[0]
        if value is None:
            return _failed("over_range", f"The meter gave no number ({pulse.energy_j.why}).")
        if nominal_j is not None and float(value) > nominal_j * (1 + SINGLE_STOP_PERCENT / 100):
            told = f"A pulse had {float(value) * 1e3:.4g} mJ; {nominal_j * 1e3:g} mJ were expected."
            return _failed("pulse_too_high", told)
        if len(self.pulses) > self.request.pulses:
            told = f"{len(self.pulses)} pulses came; {self.request.pulses} were to come."
            return _failed("pulses_extra", told)
        return None

    def _count(self, pulse: Pulse, status: Status | None) -> None:
        """A pulse, and beside it what the laser itself said last of its energy."""
        self.pulses.append(pulse)
        measured = status.measured if status else {}
        self._inside.append({n: r.value for n, r in measured.items() if "energy" in n})

    def words(self, phase: table.Phase) -> str | None:
        """What was not told to the person yet: what to do in READY, the last pulse, to wait."""
        count = len(self.pulses)
        if count == self._told:
            return self._advice(phase)
        self._told = count
        reading = self.pulses[-1].energy_j
        told = (
            f"{float(reading.value) * 1e3:.4g} mJ"
            if reading.value
            else f"no number ({reading.why})"
        )
        return f"Pulse {count} of {self.request.pulses} at the meter's head: {told}."

    def _advice(self, phase: table.Phase) -> str | None:
        """Each once: a person with an eye on the laser reads no manual."""
        made = len(self.own.pulses) >= self.request.pulses
        said = None
        by_hand = self._effective and self._effective.trigger is Trigger.HARDWARE
        if phase is table.Phase.READY and self.left and by_hand:
            said = f"Make {self.left} pulses, one at a time; wait for the number after each."
        elif phase is table.Phase.STANDBY and made and self.left:
            said = "The laser has made its pulses. Wait: the meter is still being read."
        if said is None or phase in self._advised:
            return None
        self._advised.add(phase)
        return said

    def _is_held(self, pulse: Pulse, state: table.State) -> bool:
        """Light before READY, or at once with it where the laser hides its control (rule 4)."""
        if self._effective is None or self._effective.trigger is not Trigger.HARDWARE:
            return False
        young = pulse.at_ns - state.since_ns < table.HELD_CONTROL_NS
        hidden = state.bounds.control_shown is ControlShown.NO
        at_once = state.phase is table.Phase.READY and young and hidden
        return state.phase is table.Phase.ARMING or at_once

    def _finished(self, status: Status | None) -> table.End:
        outcome = self._judged(None, status.counter if status else None)
        if outcome is None:
            return _failed("energy_check_failed", "The energy check came to nothing.")
        own = self._own_word(outcome.mean_j)
        told = f"{outcome.sentence} {own.sentence}" if own else outcome.sentence
        if outcome.result == "failed":
            return _failed("energy_check_failed", told)
        return table.End("energy_checked", table.EndKind.TIME, told)

    def _own_word(self, meter_mean_j: float | None) -> OwnWord | None:
        """None where the laser keeps no check of its own."""
        if not self.own.kept:
            return None
        return OwnWord(self.own.pulses, self.own.why, meter_mean_j, self._tolerance_percent)

    # --- for the record ---

    def begin(self, facts: Facts) -> dict[str, object]:
        """What `energy_check.begun` says: who measures whom, and what is expected."""
        self.begun = True
        return {**parties(facts, self._device, self._effective), "pulses": self.request.pulses}

    def take_batch(self) -> dict[str, object] | None:
        """The pulses that are not recorded yet, in columns; None where there are none."""
        fresh = self.pulses[self._recorded :]
        if not fresh:
            return None
        first, self._recorded = self._recorded, len(self.pulses)
        return pulses_data(
            *(first + 1, fresh, self._inside[first:]),
            requested_mj=self._settings.get(ENERGY_SETTING),
            effective=self._effective,
        )

    def result(
        self, end: table.End, counter: int | None, facts: Facts | None
    ) -> tuple[str, dict[str, object]] | None:
        """The entry that ends a check which began: its type and data."""
        if not self.begun or facts is None:
            return None
        self._leave_meter()
        outcome = self._judged(None if end.code in ENDED_BY_ITSELF else end, counter)
        if outcome is None:
            return None
        own = self._own_word(outcome.mean_j)
        data = {
            **outcome.as_data(),
            "calibration_port": own.as_data() if own else None,
            **parties(facts, self._device, self._effective),
            "facts": self._pulse_facts(
                None if end.code in ENDED_BY_ITSELF else end, counter
            ).model_dump(mode="json"),
            "meter_transcript_sha256": self._transcript.sha256() if self._transcript else None,
        }
        return f"energy_check.{outcome.result}", data

    def _judged(self, ended: table.End | None, counter: int | None) -> Outcome | None:
        return judge_pulses(self._pulse_facts(ended, counter)) if self._nominal()[0] else None

    def _pulse_facts(self, ended: table.End | None, counter: int | None) -> PulseFacts:
        values = [pulse.energy_j.value for pulse in self.pulses]
        return PulseFacts(
            wanted=self.request.pulses,
            energies_j=tuple(None if value is None else float(value) for value in values),
            whys=tuple(pulse.energy_j.why for pulse in self.pulses),
            nominal_j=self._nominal()[0] or 0.0,
            tolerance_percent=self._tolerance_percent,
            counter_before=self.counter_before,
            counter_after=counter,
            ended_by=ended.code if ended else None,
            ended_why=ended.sentence if ended else None,
        )

    def _leave_meter(self) -> None:
        """No more is measured; what was told and not yet heard counts."""
        if self._metering is None:
            return
        self._metering.close()
        while (pulse := self._metering.take_pulse()) is not None:
            self._count(pulse, None)

    def close(self) -> None:
        """Let go of the meter."""
        self._leave_meter()
        if self._own is not None:
            self._own.release()
            self._own = None


def _failed(code: str, sentence: str) -> table.End:
    return table.End(code, table.EndKind.HARD, sentence)
