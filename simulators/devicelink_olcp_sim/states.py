"""The states, by number."""

from __future__ import annotations

BOOT, SELF_TEST, LOCKED, STANDBY, ARMING, READY, EMITTING, FAULT, SERVICE = range(9)
TRIGGERED = frozenset({READY, EMITTING})
"""In which a pressed footswitch makes light."""
INDICATED = frozenset({ARMING, READY, EMITTING})
"""In which the indicator and the aiming beam are on."""
PERMITTED = frozenset({STANDBY, ARMING, READY, EMITTING})
"""In which a permit holds."""
