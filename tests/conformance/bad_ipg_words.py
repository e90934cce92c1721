"""Bad drivers made of the one for IPG lasers: what they declare, tell and clear."""

from __future__ import annotations

import contextlib
from dataclasses import replace

from bad_ipg import Bad
from planted_drivers import planted

from devicelink.driver import DeviceState, Identity
from devicelink.errors import DeviceLinkError
from devicelink_ipg.engine import do
from devicelink_ipg.frames import frame
from devicelink_ipg.ylr_sm import YlrSm
from devicelink_ipg_sim.profile import YLR_SM


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
