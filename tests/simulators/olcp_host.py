"""A host of a simulated OLCP console, in virtual time, with the frames of the vectors' maker."""

from __future__ import annotations

import zlib
from struct import Struct, pack, unpack_from
from typing import NamedTuple

from devicelink_olcp_sim import SIMULATOR
from tests.protocols import olcp_vectors as page
from tests.simulators.hexbench import HexBench

BOOT, SELF_TEST, LOCKED, STANDBY, ARMING, READY, EMITTING, FAULT, SERVICE = range(9)
ERRORS = [
    "none",
    "unsupported_version",
    "unknown_message",
    "malformed",
    "bad_state",
    "not_capable",
    "out_of_range",
    "unknown_proposal",
    "settings_differ",
    "unknown_parameter",
    "bad_permit",
    "unknown_key",
    "bad_signature",
    "wrong_device",
    "wrong_boot",
    "nonce_unknown",
    "nonce_used",
    "nonce_expired",
    "limits",
    "stale_nonce",
    "events_unread",
    "no_permit",
    "key_off",
    "interlock_open",
    "reset_required",
    "faulted",
    "local_act_missing",
    "slot_used",
    "no_tip",
    "lease_out_of_range",
]
INPUTS = [
    "footswitch",
    "key",
    "interlock_1",
    "interlock_2",
    "estop",
    "reset_required",
    "ordered",
    "shutter",
    "emission",
    "aiming",
    "cooling",
    "indicator",
    "scanner",
    "tip",
    "asked",
    "check",
]
_STATUS = Struct("<BHIQQIH32sHHhhBIQQQI")
_REPORT = Struct("<QBBBQQQIIIQIIIIHI8s8s")
_EVENT = Struct("<QIQHI")
UNKNOWN = 0xFFFFFFFF


class Status(NamedTuple):
    """A STATUS payload."""

    state: int
    age_ms: int
    for_ms: int
    clock_ms: int
    nonce: int
    permit_ms: int
    lease_ms: int
    settings_id: bytes
    inputs: int
    sensed: int
    laser: int
    handpiece_t: int
    handpiece: int
    uses_left: int
    pulses: int
    next_event: int
    next_report: int
    faults: int

    def __getattr__(self, name):
        """One bit of the inputs."""
        if name not in INPUTS:
            raise AttributeError(name)
        return bool(self.inputs >> INPUTS.index(name) & 1)


class Report(NamedTuple):
    """A report."""

    number: int
    kind: int
    outcome: int
    reason: int
    clock_ms: int
    first: int
    last: int
    planned: int
    delivered: int
    set_uj: int
    sum_uj: int
    mean_uj: int
    min_uj: int
    max_uj: int
    spread_uj: int
    exceptions: int
    aborted_at: int
    settings: bytes
    permit: bytes


def frames(data):
    """The frames in a stream of answers: (code, seq, payload)."""
    found = []
    for piece in data.split(b"\x7e"):
        if not piece:
            continue
        body = bytearray()
        escaped = False
        for value in piece:
            if value == 0x7D:
                escaped = True
                continue
            assert value not in {0x11, 0x13}
            body.append(value ^ 0x20 if escaped else value)
            escaped = False
        assert 8 <= len(body) <= 512
        assert zlib.crc32(body[:-4]) == int.from_bytes(body[-4:], "little")
        version, code, seq = unpack_from("<BBH", body)
        assert version == 1
        found.append((code, seq, bytes(body[4:-4])))
    return found


class Host(HexBench):
    """A console with our key in its first slot, and whoever talks to it."""

    def __init__(self, *, values=None, key=True, **asked):
        keys = {"permit_key_1": page.public(page.KEY).hex()} if key else {}
        super().__init__(SIMULATOR, values=keys | (values or {}), **asked)
        self.seq = 0
        self.newest = None

    def say(self, code, payload=b""):
        """One request; its answer as (code, payload), or the name of the error."""
        self.seq += 1
        answers = frames(self.raw(page.frame(code, self.seq, payload)))
        if not answers:
            return None
        [(answer, seq, told)] = answers
        assert seq == self.seq
        if answer == 0xFF:
            assert told[0] == code
            return ERRORS[told[1]]
        assert answer == code | 0x80
        return told

    def status(self, code=0x03, payload=b""):
        """A message that is answered with STATUS; what it told, or the error."""
        told = self.say(code, payload)
        if isinstance(told, bytes):
            assert len(told) == 102
            self.newest = Status(*_STATUS.unpack(told))
            return self.newest
        return told

    @property
    def state(self):
        """As STATUS tells it."""
        return self.status().state

    def lock(self):
        """LOCK; the status in its answer, when it has come."""
        heard = self.raw(page.LOCK)
        for _ in range(60):
            if heard:
                break
            heard = bytes.fromhex(self.wait(0.001))
        [(code, seq, told)] = frames(heard)
        assert (code, seq) == (0xA0, 0)
        self.newest = Status(*_STATUS.unpack(told))
        return self.newest

    def permit(self, **changed):
        """Ask for a challenge, sign a permit for it, and send it."""
        told = self.say(0x05)
        says = {"nonce": told[:16], "boot": told[16:32], "serial": self.serial}
        says |= {"wavelengths": self.wavelengths, "handpieces": (1, 2, 3, 4)}
        says |= {"max_energy_uj": UNKNOWN}
        return self.say(0x06, page.permit(**(says | changed)))

    def beat(self, **changed):
        """Read STATUS, and beat with what it told."""
        now = self.status()
        says = {"nonce": now.nonce, "last_event": now.next_event - 1} | changed
        return self.status(0x07, page.beat(*says.values(), self.settings_id))

    def beats(self, seconds, every=0.25):
        """Let time pass with a living host."""
        for _ in range(round(seconds / every)):
            self.wait(every)
            self.beat()

    def arm(self, **changed):
        """Permit, lease and the READY key."""
        assert isinstance(self.permit(**changed), bytes)
        assert isinstance(self.beat(), Status)
        self.set(ready_key="press")

    def to_ready(self, **changed):
        """READY, with a shutter that is open."""
        self.arm(**changed)
        self.beats(2.25)
        assert self.state == READY

    def press(self, seconds, every=0.25):
        """Stand on the footswitch for so long, with a living host, and let go."""
        self.set(footswitch="pressed")
        whole = int(seconds / every)
        self.beats(whole * every, every)
        self.wait(seconds - whole * every)
        self.set(footswitch="released")

    @property
    def serial(self):
        """Who it says it is."""
        told = self.say(0x01)
        return told[1 : 1 + told[0]]

    @property
    def wavelengths(self):
        """What it can, as CAPS tells it."""
        told = self.say(0x02)
        return unpack_from(f"<{told[9]}H", told, 10)

    @property
    def settings_id(self):
        """In force."""
        return self.say(0x0A)[:32]

    def settings(self):
        """The parameters in force, by number."""
        told = self.say(0x0A)[32:]
        return dict(unpack_from("<BI", told, 1 + 5 * at) for at in range(told[0]))

    def put(self, **changes):
        """Propose and commit parameters, named p1, p2 …; the error where there is one."""
        pairs = b"".join(pack("<BI", int(name[1:]), value) for name, value in changes.items())
        told = self.say(0x0B, bytes([len(changes)]) + pairs)
        return told if isinstance(told, str) else self.say(0x0C, told[:36])

    def events(self, first=1):
        """Those from a number on, at most twenty: (kind, data)."""
        told = self.say(0x0F, pack("<QB", first, 20))
        return [each[3:] for each in _EVENT.iter_unpack(told[17:])]

    def kinds_since(self, first):
        """The kinds of the events from a number on."""
        return [kind for kind, _ in self.events(first)]

    def reports(self, first=1):
        """Those from a number on, at most four."""
        told = self.say(0x11, pack("<QB", first, 4))
        return [Report(*each) for each in _REPORT.iter_unpack(told[17:])]

    def counters(self):
        """Pulses, scans, energy_mj, emission_ms, boots, frames_thrown_away."""
        return unpack_from("<4Q2I", self.say(0x0E))

    def falls(self):
        """Every pulse that left."""
        return list(self.machine.emission.beam.pulses)
