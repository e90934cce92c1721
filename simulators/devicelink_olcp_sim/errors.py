"""The errors that the console answers, by number; `NotTaken` carries one to the answer."""

from __future__ import annotations

from devicelink.errors import ProtocolError

(
    UNSUPPORTED_VERSION,
    UNKNOWN_MESSAGE,
    MALFORMED,
    BAD_STATE,
    NOT_CAPABLE,
    OUT_OF_RANGE,
    UNKNOWN_PROPOSAL,
    SETTINGS_DIFFER,
    UNKNOWN_PARAMETER,
    BAD_PERMIT,
    UNKNOWN_KEY,
    BAD_SIGNATURE,
    WRONG_DEVICE,
    WRONG_BOOT,
    NONCE_UNKNOWN,
    NONCE_USED,
    NONCE_EXPIRED,
    LIMITS,
    STALE_NONCE,
    EVENTS_UNREAD,
    NO_PERMIT,
    KEY_OFF,
    INTERLOCK_OPEN,
    RESET_REQUIRED,
    FAULTED,
    LOCAL_ACT_MISSING,
    SLOT_USED,
    NO_TIP,
    LEASE_OUT_OF_RANGE,
) = range(1, 30)


class NotTaken(ProtocolError):
    """A request that is answered with an error and changes nothing."""

    def __init__(self, error: int) -> None:
        super().__init__(error)
        self.error = error
