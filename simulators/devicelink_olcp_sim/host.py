"""What the console holds of its host: challenge, permit, lease, proposal, question and check."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from devicelink_olcp_sim.inputs import Inputs
    from devicelink_olcp_sim.permit import Permit

GOOD_FOR_MS = 60_000
_MS, _S = 1_000_000, 1_000_000_000
_ASKED_NS = 10 * _S
_MASK = (1 << 64) - 1
_ODD = 0x9E3779B97F4A7C15


class Challenge(NamedTuple):
    """A nonce for one permit."""

    nonce: bytes
    at_ns: int
    used: bool = False


class Proposal(NamedTuple):
    """Settings as they would be."""

    number: int
    settings_id: bytes
    values: dict[int, int]


class Host:
    """One host, or several that look like one; all of it but the permit's key is lost with power.

    Nonces come from a seeded source, so that a story can be repeated; a real console draws them
    from a cryptographic one.
    """

    __slots__ = (
        *("_count", "_lease_ns", "_nonce", "_proposals", "_seed", "asked_until_ns", "challenge"),
        *("check_left", "checked", "lease_ends_ns", "permit_ends_ns", "proposal", "pulses_left"),
        *("_check_most", "check_settings", "events_told", "nonce_told"),
    )

    def __init__(self, seed: bytes) -> None:
        self._seed = seed
        self._count = 0
        self._nonce = int.from_bytes(seed[:8], "little")
        self._proposals = 0
        self._lease_ns = 0
        self._check_most = 0
        self.check_settings = b""
        self.pulses_left = 0
        self.permit_ends_ns = 0
        self.checked: list[tuple[int, int | None]] = []
        self.check_left: int | None = None
        self.forget()

    def forget(self) -> None:
        """Power went."""
        self.challenge: Challenge | None = None
        self.proposal: Proposal | None = None
        self.lease_ends_ns: int | None = None
        self.asked_until_ns: int | None = None
        self.nonce_told: int | None = None
        self.events_told = 0

    def drawn(self) -> bytes:
        """Sixteen fresh bytes."""
        self._count += 1
        return sha256(self._seed + self._count.to_bytes(8, "little")).digest()[:16]

    def fresh_nonce(self, next_event: int) -> int:
        """Of a STATUS payload that leaves now; it tells of events up to that one. Never twice."""
        self._nonce = (self._nonce + _ODD) & _MASK
        mixed = ((self._nonce ^ (self._nonce >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        mixed ^= mixed >> 31
        self.nonce_told, self.events_told = mixed, next_event
        return mixed

    def challenged(self, now_ns: int) -> bytes:
        """A new challenge, which voids the one before."""
        self.challenge = Challenge(self.drawn(), now_ns)
        return self.challenge.nonce

    def use_up(self, nonce: bytes) -> None:
        """A signed permit named it."""
        if self.challenge is not None and self.challenge.nonce == nonce:
            self.challenge = self.challenge._replace(used=True)

    def void(self) -> None:
        """LOCK: a challenge that was not used is void, and so is the question of READY."""
        if self.challenge is not None and not self.challenge.used:
            self.challenge = None
        self.asked_until_ns = None

    def permitted(self, permit: Permit, now_ns: int) -> None:
        """A permit was accepted."""
        self.permit_ends_ns = now_ns + permit.duration_s * _S
        self.pulses_left = permit.max_pulses
        self._lease_ns = permit.lease_ms * _MS
        self.lease_ends_ns = None

    def unpermitted(self) -> None:
        """It is over, with its lease."""
        self.lease_ends_ns = None
        self.pulses_left = 0
        self.asked_until_ns = None

    def renew(self, now_ns: int) -> None:
        """The lease is fresh again."""
        self.nonce_told = None
        self.lease_ends_ns = now_ns + self._lease_ns

    def ask(self, now_ns: int) -> None:
        """The question whether READY is wanted stands on the screen."""
        self.asked_until_ns = now_ns + _ASKED_NS

    def propose(self, settings_id: bytes, values: dict[int, int]) -> int:
        """The last proposal from now on; its number."""
        self._proposals += 1
        self.proposal = Proposal(self._proposals, settings_id, values)
        return self._proposals

    def begin_check(self, most: int, settings_id: bytes) -> None:
        """At most so many pulses from now on, with these settings alone."""
        self.check_left = self._check_most = most
        self.check_settings = settings_id
        self.checked = []

    def end_check(self) -> int | None:
        """How many pulses it had; None where none was in progress."""
        if self.check_left is None:
            return None
        made = self._check_most - self.check_left
        self.check_left = None
        return made

    def made_in_check(self, set_uj: int, light_uj: float | None, inputs: Inputs) -> None:
        """A pulse of a check, with what the calibration port read of it, if there is one."""
        if not self.check_left:
            return
        self.check_left -= 1
        measured = None
        if inputs.calibration_port == "on" and light_uj is not None:
            measured = round(light_uj * (1 + inputs.calibration_drift_percent / 100))
        self.checked.append((set_uj, measured))
