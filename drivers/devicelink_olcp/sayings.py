"""What a person is told: which request was refused, why, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink_olcp.frames import LOCK, Code, decoded
from devicelink_olcp.names import Refusal, State, state_name

if TYPE_CHECKING:
    from collections.abc import Mapping

_ASKED = {
    Code.IDENT: "to say who it is",
    Code.CAPS: "to say what it can do",
    Code.STATUS: "for its status",
    Code.CHALLENGE: "for a challenge, which a permit has to answer",
    Code.PERMIT: "to take the permit of this session",
    Code.BEAT: "to go on",
    Code.STANDBY: "to go to STANDBY",
    Code.READY_REQUEST: "to ask for READY on its screen",
    Code.SETTINGS_READ: "for its settings",
    Code.SETTINGS_PROPOSE: "what would come of the settings",
    Code.SETTINGS_COMMIT: "to take the settings",
    Code.EVENTS_READ: "for its events",
    Code.REPORTS_READ: "for its reports of pulses and scans",
    Code.CHECK_BEGIN: "to begin an energy check",
    Code.CHECK_END: "what it measured in the energy check",
}
_STATES = {
    State.BOOT: "it is starting: wait until it is LOCKED",
    State.SELF_TEST: "it tests itself: wait until it is LOCKED",
    State.FAULT: "it is in FAULT: read on its panel why, and clear it there",
    State.SERVICE: "it is in SERVICE: leave that at its panel",
}
_UNKNOWN_KEY = (
    "It does not know this station's key, or knows an older one. Whoever keeps this station adds "
    "the key (devicelink station permit-key) in SERVICE, confirmed with ACCEPT KEY at the laser; "
    "its id is {}"
)
_NO_CHECK = "Something ended the check before, so what it measured does not count"
_WHY: Mapping[Refusal, str] = {
    Refusal.unsupported_version: "It speaks another version of the protocol: check which laser "
    "it is",
    Refusal.unknown_message: "It does not know that message: check which laser it is",
    Refusal.malformed: "It cannot read the message: check which laser it is",
    Refusal.not_capable: "It does not offer that",
    Refusal.out_of_range: "A value is out of its range: choose one within its limits",
    Refusal.unknown_proposal: "Settings, tip or handpiece were changed meanwhile: leave its panel "
    "alone and say the command again",
    Refusal.settings_differ: "Its settings are not those that were read: leave its panel alone "
    "and say the command again",
    Refusal.unknown_parameter: "It has no such setting: take it out of the settings",
    Refusal.bad_permit: "It cannot read the permit: its maker has to look at that",
    Refusal.bad_signature: "The permit's signature does not fit the key that it knows: ask whoever "
    "keeps this station, and have the key added anew",
    Refusal.wrong_device: "The permit is for another laser: check which one is plugged in",
    Refusal.wrong_boot: "It was switched off and on meanwhile: begin anew",
    Refusal.nonce_unknown: "Another computer asked it meanwhile: unplug that one and begin anew",
    Refusal.nonce_used: "Another computer asked it meanwhile: unplug that one and begin anew",
    Refusal.nonce_expired: "The permit came too late: begin anew",
    Refusal.limits: "Its settings, wavelength or handpiece go beyond what this session is allowed: "
    "compare its panel with what was asked for",
    Refusal.stale_nonce: "Something else was read from it meanwhile",
    Refusal.events_unread: "It has news that was not read yet",
    Refusal.no_permit: "It has no permit, or that has ended: end this session and begin anew",
    Refusal.key_off: "Its key is not ON: turn the key, then begin anew",
    Refusal.interlock_open: "Its interlock is open: close the door, look at the interlock plug, "
    "press RESET at the laser, then begin anew",
    Refusal.reset_required: "An interlock was opened before: press RESET at the laser, then begin "
    "anew",
    Refusal.faulted: "It has a fault: read on its panel which one, and clear it there",
    Refusal.local_act_missing: "Nobody confirmed it at the laser",
    Refusal.slot_used: "That place for a key is taken",
    Refusal.no_tip: "No handpiece or no tip is in place, or the tip is used up: put one on, then "
    "begin anew",
    Refusal.lease_out_of_range: "It does not offer the lease that was asked for: have its service "
    "look at that",
}


def refused(frame: bytes, error: int, state: int) -> str:
    """That the laser refused a request, why, and what to do."""
    what = f"The laser was asked {_asked(frame)} and refused."
    how = f"({_error_name(error)}, in {state_name(state)})"
    if error == Refusal.bad_state and code_of(frame) == Code.CHECK_END:
        return f"{what} {_NO_CHECK} {how}."
    if error == Refusal.bad_state:
        return f"{what} {_in_that_state(state)} {how}."
    if error == Refusal.unknown_key:
        return f"{what} {_UNKNOWN_KEY.format(_key_id(frame))} {how}."
    if error in list(Refusal):
        return f"{what} {_WHY[Refusal(error)]} {how}."
    return f"{what} The reason that it gives is unknown here: ask its maker {how}."


def no_answer(frame: bytes, within_s: float) -> str:
    """That no answer came, in words for people."""
    told = "told to lock" if frame == LOCK else f"asked {_asked(frame)}"
    return f"The laser did not answer within {within_s:g} s when it was {told}."


def code_of(frame: bytes) -> int | None:
    """Of a request; LOCK has none."""
    asked = decoded(frame)
    return None if asked is None else asked.code


def _key_id(frame: bytes) -> str:
    """That stands in a permit."""
    asked = decoded(frame)
    return asked.payload[1:9].hex() if asked else ""


def _asked(frame: bytes) -> str:
    code = code_of(frame) or 0
    return _ASKED[Code(code)] if code in _ASKED else f"something (message {code:02X})"


def _in_that_state(state: int) -> str:
    known = _STATES.get(State(state)) if state in list(State) else None
    return f"Not now: {known or f'it is in {state_name(state)}; lock it and begin anew'}"


def _error_name(error: int) -> str:
    return Refusal(error).name if error in list(Refusal) else f"error {error}"
