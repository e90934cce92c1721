"""The console itself: states, permit, lease, hands and light, all coupled.

Nothing here knows frames. Whatever changes, `settle` brings the rest into line, in this order:
power, faults, what leads to LOCKED, what leads to STANDBY, arming, footswitch, shutter, light; so
no light outlives its cause, and the truth hears of it at its own nanosecond.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from devicelink.runtime import nanoseconds
from devicelink_olcp_sim import causes, logs, transitions
from devicelink_olcp_sim.emission import After, Emission
from devicelink_olcp_sim.host import Host
from devicelink_olcp_sim.memory import Memory
from devicelink_olcp_sim.parts import Warmth
from devicelink_olcp_sim.settings import Settings
from devicelink_olcp_sim.states import (
    ARMING,
    BOOT,
    EMITTING,
    FAULT,
    INDICATED,
    LOCKED,
    PERMITTED,
    READY,
    SELF_TEST,
    SERVICE,
    STANDBY,
    TRIGGERED,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from devicelink_olcp_sim.inputs import Inputs
    from devicelink_olcp_sim.keys import Keys
    from devicelink_olcp_sim.permit import Permit
    from devicelink_simulation.noise import Noise
    from devicelink_simulation.truth import Truth

_MS = 1_000_000
_UP_FOR_MS, _TESTED_MS = 57_000, 5_200


class Console:
    """A console in its world; `inputs` are its hands and what surrounds it, the rest its state."""

    __slots__ = (
        *("_boot_ends_ns", "_event_ns", "good_from_ns", "_other_ns", "_restart_ends_ns"),
        *("_truth", "uncut_lease", "beaten_with", "boot_id", "emission", "faults", "handpiece"),
        *("host", "inputs", "keys", "laser", "lit_ns", "memory", "now_ns", "permit", "power_ns"),
        *("reset_required", "service_pulses", "settings", "since_ns", "state"),
    )

    def __init__(
        self,
        inputs: Inputs,
        panel: Mapping[int, int],
        keys: Keys,
        noise: Noise,
        truth: Truth,
        now_ns: int,
        uncut_lease: Callable[[int], bool],
    ) -> None:
        self.inputs = inputs
        self._truth = truth
        self.uncut_lease = uncut_lease
        self.now_ns = self.since_ns = self.power_ns = self.lit_ns = now_ns
        self.keys = keys
        self.memory = Memory(inputs)
        self.settings = Settings(inputs, panel)
        self.laser = Warmth(inputs.laser_c, inputs, inputs.laser_hot_c, now_ns)
        self.handpiece = Warmth(inputs.handpiece_c, inputs, inputs.handpiece_hot_c, now_ns)
        seed = f"{inputs.serial} {noise.gauss(1.0)!r} {now_ns}".encode()
        self.host = Host(sha256(seed).digest())
        self.emission = Emission(
            *(inputs, self.settings, self.laser, self.memory, self.host, noise, truth, now_ns)
        )
        self.boot_id = b""
        self.state = BOOT
        self.faults: dict[int, tuple[int, int]] = {}
        self.reset_required = False
        self.service_pulses = 0
        self.permit: Permit | None = None
        self.beaten_with = b""
        self.good_from_ns: int | None = None
        self._restart_ends_ns: int | None = None
        self._boot_ends_ns: int | None = None
        self._event_ns: int | None = None
        self._other_ns: int | None = None
        self._begin()

    def advance(self, now_ns: int) -> None:
        """Let everything happen that is due by `now_ns`, each at its own time."""
        while self._event_ns is not None and self._event_ns <= now_ns:
            self.now_ns = max(self.now_ns, self._event_ns)
            if not self._next_pulse():
                self.settle()
        self.now_ns = max(self.now_ns, now_ns)

    def next_event_ns(self) -> int | None:
        """Whatever changes first by itself, each pulse of a shot among it."""
        return self._event_ns

    @property
    def restarting(self) -> bool:
        """Whether power is off, and the console knows nothing of its wire."""
        return self._restart_ends_ns is not None

    @property
    def clock_ms(self) -> int:
        """Since power came."""
        return (self.now_ns - self.power_ns) // _MS

    @property
    def indicator_on(self) -> bool:
        """Whether the emission indicator is commanded on, and the aiming beam with it."""
        return self.state in INDICATED

    def note(self, kind: int, data: int = 0) -> None:
        """An event, now."""
        self.memory.note(self.clock_ms, kind, data)

    def go(self, state: int) -> None:
        """Another state from now on."""
        if state != self.state:
            self.state, self.since_ns = state, self.now_ns

    def lock(self, reason: int) -> None:
        """To LOCKED, or no light where another state stays; permit and lease end."""
        self.emission.abort(reason, self.now_ns, self.clock_ms)
        self.end_permit(reason)
        if self.state in PERMITTED:
            self.go(LOCKED)
            self.note(logs.WAS_LOCKED, reason)

    def stand_by(self, reason: int, event: int = logs.STOOD_BY) -> None:
        """From ARMING, READY or EMITTING to STANDBY; nothing from anywhere else."""
        if self.state in INDICATED:
            self.emission.abort(reason, self.now_ns, self.clock_ms)
            self.go(STANDBY)
            self.note(event, 0 if event == logs.LEASE_LOST else reason)
            if event == logs.LEASE_LOST:
                self.end_check()

    def fail(self, fault: int, data: int = 0) -> None:
        """A fault, latched until somebody clears it here."""
        if fault in self.faults:
            return
        self.faults[fault] = (self.clock_ms, data)
        reason = logs.BY_ESTOP if fault == causes.ESTOP else logs.BY_FAULT
        self.emission.abort(reason, self.now_ns, self.clock_ms)
        self.end_permit(reason)
        if fault == causes.ESTOP:
            self.note(logs.EMERGENCY_STOP)
        self.note(logs.FAULTED, fault)
        self.go(FAULT)

    def clear(self) -> None:
        """Somebody clears at the console; a fault whose cause is there stays."""
        if self.state != FAULT:
            return
        there = set(causes.present(self))
        for fault in [each for each in self.faults if each not in there]:
            del self.faults[fault]
            self.note(logs.FAULT_CLEARED, fault)
        if not self.faults:
            self.go(LOCKED)
            self.note(logs.WAS_LOCKED)

    def accept(self, permit: Permit) -> None:
        """LOCKED to STANDBY; all was looked at."""
        self.permit = permit
        self.beaten_with = b""
        self.host.permitted(permit, self.now_ns)
        self.go(STANDBY)
        self.note(logs.PERMIT_ACCEPTED, int.from_bytes(permit.permit_id[:4], "little"))
        self.settle()

    def end_permit(self, reason: int) -> None:
        """It is over, with its lease and its check."""
        if self.permit is not None:
            self.end_check()
            self.permit = None
            self.host.unpermitted()
            self.note(logs.PERMIT_ENDED, reason)

    def end_check(self) -> None:
        """A check that was in progress is over."""
        made = self.host.end_check()
        if made is not None:
            self.note(logs.CHECK_ENDED, made)

    def tell_service_pulses(self) -> None:
        """Those that were made in SERVICE, when it is left, or when power is back."""
        if self.service_pulses:
            self.note(logs.SERVICE_PULSES, self.service_pulses)
        self.service_pulses = 0

    def restart(self, for_s: float) -> None:
        """Power goes at once, and comes back when so much time has passed."""
        self.emission.abort(logs.BY_KEY, self.now_ns, self.clock_ms)
        self.emission.stray.end()
        self.permit = None
        self.host.end_check()
        self.host.unpermitted()
        self.host.forget()
        self.keys.hand_ns = None
        self.faults.clear()
        self._restart_ends_ns = self.now_ns + nanoseconds(for_s)
        self._boot_ends_ns = None
        self.go(BOOT)
        self.settle()

    def settle(self) -> None:
        """Bring everything into line with what changed."""
        now_ns = self.now_ns
        emission = self.emission
        self.laser.advance(now_ns)
        self.handpiece.advance(now_ns)
        self._settle_power()
        emission.finish(now_ns, self.clock_ms)
        if not self.restarting:
            for fault in causes.present(self):
                self.fail(fault)
            transitions.follow(self)
        enabled = self.state in TRIGGERED
        emission.settle(now_ns, enabled=enabled, failed=self.state == FAULT)
        if self.state == EMITTING and self.permit is not None:
            emission.begin_if_due(self.permit.permit_id, now_ns, self.clock_ms)
        emission.show(now_ns)
        self._settle_heat()
        self._plan()

    def _begin(self) -> None:
        """Power has been on for a minute, or comes now."""
        inputs = self.inputs
        if inputs.start == "boot" or inputs.self_test_fails:
            self._power_on()
        else:
            self.boot_id = self.host.drawn()
            self.power_ns = self.now_ns - _UP_FOR_MS * _MS
            self.since_ns = self.power_ns + _TESTED_MS * _MS
            self.memory.note(0, logs.BOOTED, self.memory.counters.boots)
            self.memory.note(_TESTED_MS, logs.SELF_TEST_PASSED)
            self.memory.note(_TESTED_MS, logs.WAS_LOCKED)
            self.state = LOCKED
        if inputs.service == "on":
            self.go(SERVICE)
            self._boot_ends_ns = None
            self.note(logs.SERVICE_ENTERED)
        self.settle()

    def _power_on(self) -> None:
        self.state = BOOT
        self.since_ns = self.power_ns = self.now_ns
        self.boot_id = self.host.drawn()
        self.note(logs.BOOTED, self.memory.counters.boots)
        self._boot_ends_ns = self.now_ns + nanoseconds(self.inputs.boot_s)

    def _settle_power(self) -> None:
        """Power that comes back; BOOT, SELF_TEST, LOCKED."""
        if self._restart_ends_ns is not None and self._restart_ends_ns <= self.now_ns:
            self._restart_ends_ns = None
            self.inputs.service = "off"
            self.memory.counters.boots += 1
            self._power_on()
            self.tell_service_pulses()
            self._truth.note(self.now_ns, "restarted")
        if self._boot_ends_ns is None or self._boot_ends_ns > self.now_ns:
            return
        if self.state == BOOT:
            self.go(SELF_TEST)
            self._boot_ends_ns += nanoseconds(self.inputs.self_test_s)
        if self._boot_ends_ns <= self.now_ns:
            self._boot_ends_ns = None
            self._tested()

    def _tested(self) -> None:
        """The self-test is over; one that met a fault stays there."""
        failed = self.inputs.self_test_fails
        self.note(logs.SELF_TEST_FAILED if failed else logs.SELF_TEST_PASSED, failed)
        if failed:
            self.fail(causes.SELF_TEST, failed)
        elif self.state == SELF_TEST:
            self.go(LOCKED)
            self.note(logs.WAS_LOCKED)

    def _next_pulse(self) -> bool:
        """Whether the only thing that happens now is that one pulse of a shot follows another."""
        emission = self.emission
        shot = emission.shot
        if shot is None or shot.end_ns > self.now_ns:
            return False
        after = emission.pulse_is_over(shot, self.now_ns, self.clock_ms)
        if after in {After.TOO_HIGH, After.TOO_LOW}:
            too_high = after is After.TOO_HIGH
            fault = causes.ENERGY_HIGH if too_high else causes.ENERGY_LOW
            self.fail(fault, min(round(emission.sensed_uj), logs.UNKNOWN_32 - 1))
        if after is not After.NEXT_PULSE or self._other_ns == self.now_ns:
            return False
        other_ns = self._other_ns
        self._event_ns = shot.end_ns if other_ns is None else min(other_ns, shot.end_ns)
        return True

    def _settle_heat(self) -> None:
        inputs = self.inputs
        makes_light = self.state == EMITTING
        lost_c = inputs.uncooled_rise_c if makes_light and inputs.cooling != "well" else 0.0
        for warmth, rise_c, hot_c in (
            (self.laser, inputs.laser_rise_c, inputs.laser_hot_c),
            (self.handpiece, inputs.handpiece_rise_c, inputs.handpiece_hot_c),
        ):
            warm_c = rise_c if makes_light else 0.0
            warmth.aim(inputs, inputs.ambient_c + warm_c + lost_c, hot_c)

    def _plan(self) -> None:
        """When something next happens by itself."""
        host, now_ns = self.host, self.now_ns
        times = self.emission.events_ns(now_ns, emitting=self.state == EMITTING)
        times += [self._restart_ends_ns, self._boot_ends_ns, host.asked_until_ns]
        times += [self.laser.event_ns(), self.handpiece.event_ns()]
        if self.permit is not None:
            times += [host.permit_ends_ns, host.lease_ends_ns]
        if self.state == ARMING:
            good_ns = self.good_from_ns
            times.append(self.since_ns + transitions.GIVE_UP_NS)
            times.append(None if good_ns is None else good_ns + transitions.ARMING_NS)
        elif self.state == READY:
            times.append(self.lit_ns + transitions.IDLE_NS)
        self._other_ns = min((time for time in times if time is not None), default=None)
        known = (self._other_ns, self.emission.end_ns)
        self._event_ns = min((time for time in known if time is not None), default=None)
