"""The host's side of docs/protocols/olcp.md: requests, answers, and what they tell."""

from __future__ import annotations

import struct
import time
from dataclasses import dataclass

import serial

from tests.protocols import stranger_wire as wire
from tests.protocols.stranger_wire import Fields

ANSWER_WITHIN_S = 0.2
MOST_EVENTS, MOST_REPORTS = 18, 4  # twenty events do not fit into one payload

REPEATED = tuple(
    wire.numbered(
        """
        IDENT CAPS STATUS TIME CHALLENGE STANDBY SETTINGS_READ TIP COUNTERS EVENTS_READ EVENTS_ACK
        REPORTS_READ
        """
    )
)
"""Whose lost answer costs nothing: asked again, they answer as before, or as it is by now."""


class Unanswered(Exception):
    """Nothing came within 200 ms."""


class ErrorAnswer(Exception):
    """The console answered with an error."""

    def __init__(self, request: int, error: int, state: int) -> None:
        self.error = wire.ERRORS.get(error, str(error))
        self.state = state
        super().__init__(f"{wire.MESSAGES.get(request, request)}: {self.error} in state {state}")


@dataclass(frozen=True)
class Status:
    """What one STATUS payload tells."""

    state: int
    sensed_age_ms: int
    state_for_ms: int
    clock_ms: int
    nonce: bytes
    permit_left_ms: int
    lease_left_ms: int
    settings_id: bytes
    inputs: int
    sensed: int
    laser_decidegc: int
    handpiece_decidegc: int
    handpiece: int
    tip_uses_left: int
    pulses: int
    next_event: int
    next_report: int
    faults: int

    @property
    def locked(self) -> bool:
        """LOCKED or FAULT; the sensors of shutter and emission are there and say dark."""
        sensors = 1 << 7 | 1 << 8
        return (
            self.state in (wire.LOCKED, wire.FAULT)
            and self.sensed & ~self.inputs & sensors == sensors
        )


@dataclass(frozen=True)
class Event:
    """One event."""

    number: int
    boot_count: int
    clock_ms: int
    event: int
    data: int


@dataclass(frozen=True)
class Report:
    """One report."""

    number: int
    kind: int
    outcome: int
    reason: int
    clock_ms: int
    first_pulse: int
    last_pulse: int
    spots_planned: int
    spots_delivered: int
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


def read_status(payload: bytes) -> Status:
    """Read a STATUS payload."""
    return Status(*struct.unpack("<BHIQ8sIH32sHHhhBIQQQI", Fields(payload).raw(102)))


def read_list(payload: bytes, layout: str, kind: type) -> tuple[int, int, list]:
    """Read oldest, next and what is listed."""
    fields = Fields(payload)
    oldest, following, count = fields.number(8), fields.number(8), fields.number(1)
    size = struct.calcsize(layout)
    return oldest, following, [kind(*struct.unpack(layout, fields.raw(size))) for _ in range(count)]


def read_events(payload: bytes) -> tuple[int, int, list[Event]]:
    """Read the answer of EVENTS_READ."""
    return read_list(payload, "<QIQHI", Event)


def read_reports(payload: bytes) -> tuple[int, int, list[Report]]:
    """Read the answer of REPORTS_READ."""
    return read_list(payload, "<QBBBQQQIIIQIIIIHI8s8s", Report)


def read_ident(payload: bytes) -> dict:
    """Read the answer of IDENT."""
    fields = Fields(payload)
    told = {name: fields.string() for name in ("serial", "maker", "model", "firmware", "udi")}
    return told | {"boot_id": fields.raw(16), "boot_count": fields.number(4)}


def read_caps(payload: bytes) -> dict:
    """Read the answer of CAPS."""
    fields = Fields(payload)
    told = {"minor": fields.number(1), "flags": fields.number(4)}
    told |= {"lease_min_ms": fields.number(2), "lease_max_ms": fields.number(2)}
    told["wavelengths"] = tuple(fields.number(2) for _ in range(fields.number(1)))
    told["handpieces"] = tuple(fields.number(1) for _ in range(fields.number(1)))
    told["parameters"] = {
        fields.number(1): tuple(fields.number(4) for _ in range(3)) for _ in range(fields.number(1))
    }
    return told


def read_counters(payload: bytes) -> dict:
    """Read the answer of COUNTERS."""
    fields = Fields(payload)
    sizes = {
        "pulses": 8,
        "scans": 8,
        "energy_mj": 8,
        "emission_ms": 8,
        "boots": 4,
        "frames_thrown_away": 4,
    }
    return {name: fields.number(size) for name, size in sizes.items()}


def read_tip(payload: bytes) -> dict:
    """Read the answer of TIP."""
    fields = Fields(payload)
    told = {"handpiece": fields.number(1), "handpiece_serial": fields.string()}
    told |= {"tip": fields.number(1), "tip_serial": fields.string()}
    return told | {
        name: fields.number(size)
        for name, size in (("uses_left", 4), ("spot_um", 2), ("max_uj", 4))
    }


class Host:
    """One line to one console: a request and its answer."""

    def __init__(self, port: str) -> None:
        self._line = serial.serial_for_url(port, 115_200, timeout=0.01)
        self._receiver = wire.Receiver()
        self._seq = 0
        self._waiting: list[wire.Frame] = []

    def close(self) -> None:
        """Let the line go."""
        self._line.close()

    def _await(self, code: int, seq: int, within_s: float) -> wire.Frame | None:
        ends = time.monotonic() + within_s
        while time.monotonic() < ends:
            data = self._line.read(max(1, self._line.in_waiting))
            for heard in self._receiver.feed(data):
                if (
                    isinstance(heard, wire.Frame)
                    and heard.seq == seq
                    and heard.code in (code, wire.ERROR_CODE)
                ):
                    return heard
        return None

    def ask(self, name: str, payload: bytes = b"") -> bytes:
        """Say one message and give its answer's payload; what only reads is asked three times."""
        for _ in range(2 if name in REPEATED else 0):
            try:
                return self._ask_once(name, payload)
            except Unanswered:
                continue
        return self._ask_once(name, payload)

    def _ask_once(self, name: str, payload: bytes) -> bytes:
        self._seq = self._seq % 0xFFFF + 1
        code = wire.CODE[name]
        self._line.write(wire.encode(code, self._seq, payload))
        answer = self._await(code | 0x80, self._seq, ANSWER_WITHIN_S)
        if answer is None:
            raise Unanswered(name)
        if answer.code == wire.ERROR_CODE:
            raise ErrorAnswer(*answer.payload[:3])
        return answer.payload

    def status(self) -> Status:
        """Ask STATUS."""
        return read_status(self.ask("STATUS"))

    def lock(self) -> tuple[Status | None, Status]:
        """Say LOCK; give its answer, and what STATUS tells afterwards."""
        self._line.write(wire.LOCK)
        answer = self._await(wire.LOCK_ANSWER, 0, ANSWER_WITHIN_S)
        return (read_status(answer.payload) if answer else None), self.status()
