"""Bad drivers made of the one for UC-2000 controllers."""

from __future__ import annotations

from dataclasses import replace

from planted_drivers import planted

from devicelink.driver import DeviceState, Evidence, Trigger
from devicelink_uc2000 import Uc2000
from devicelink_uc2000.frames import GATE_PULL_DOWN, Uc2000Wire
from devicelink_uc2000_sim.profile import CHECKSUM_ON


class WithoutTheGate:
    """A link on which the order to pull the gate down gets lost, and is answered."""

    def __init__(self, link, frame):
        self._link, self._frame = link, frame

    def exchange(self, frame, *, within_s, token=None):
        """All but that."""
        if frame == self._frame:
            return b"\xaa"
        return self._link.exchange(frame, within_s=within_s, token=token)


@planted(CHECKSUM_ON, "a_hand_makes_the_light")
class LeavesTheGateUp(Uc2000):
    """With the gate pulled up a lost cable is light."""

    def prepare(self, link, settings):
        """All but the gate."""
        super().prepare(WithoutTheGate(link, self.wire.frame(GATE_PULL_DOWN)), settings)

    def _check_prepared(self, report):
        """Nobody looks."""

    def read_effective(self, link, settings):
        """A hand, always."""
        return replace(super().read_effective(link, settings), trigger=Trigger.HARDWARE)

    def read_status(self, link):
        """READY is READY."""
        told = super().read_status(link)
        wild = told.state is DeviceState.UNKNOWN
        state = DeviceState.READY if wild else told.state
        return replace(told, state=state, unexpected_emission=False)


@planted(CHECKSUM_ON, "evidence_is_true")
class ClaimsToKnow(Uc2000):
    """What was commanded is called the laser's own state."""

    declaration = replace(Uc2000.declaration, evidence_locked=Evidence.DEVICE_STATE)


@planted(CHECKSUM_ON, "lock_bytes_alone_darken")
class LockBytesBehindAHalfFrame(Uc2000):
    """Half a power frame takes the next start byte as its power."""

    declaration = replace(
        Uc2000.declaration,
        lock_bytes=Uc2000.declaration.lock_bytes.removeprefix(Uc2000Wire.frame_break)[:3],
    )
