"""The simulated Aurora behind its plug: lines in, lines out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from devicelink_simulation.incoming import Incoming
from devicelink_simulation.wired import Answer, WiredDevice

from devicelink_aurora_sim.laser import Laser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from devicelink_simulation.device import Surroundings
    from devicelink_simulation.faults import Exchange

_LONGEST_BYTES = 64
_LIMITS = (50, 500, 1, 20)
_SET = re.compile(r"([0-9]+(?:\.[0-9]+)?) ([0-9]+(?:\.[0-9]+)?)", re.ASCII)


class AuroraDevice(WiredDevice):
    """CR ends a line; a line whose checksum is wrong is not answered."""

    def __init__(self, around: Surroundings) -> None:
        self._laser = Laser(around.values, around.truth, around.now_ns)
        super().__init__(around, self._laser)

    def cutter(self) -> Incoming:
        """Lines end with CR."""
        return Incoming(b"\r", _LONGEST_BYTES)

    def word(self, frame: bytes) -> str:
        """The first word of a line."""
        return (_body(frame) or "").partition(" ")[0]

    def answer(self, frame: bytes) -> Answer | None:
        """One line in, one reply out; what it does is done by the kit, behind the reply."""
        body = _body(frame)
        if body is None:
            return None
        word, _, value = body.partition(" ")
        if word == "SET":
            return self._set(value)
        told = self._told(body)
        if told is not None:
            return _line(word, told)
        laser = self._laser
        deeds: Mapping[str, tuple[bool, Callable[[], None]]] = {
            "OPEN": (not laser.troubled, laser.open),
            "ARM": (laser.state == "STANDBY", laser.arm),
            "OFF": (True, laser.off),
            "CLOSE": (True, laser.close),
            "CLEAR": (laser.state == "SHUT", laser.clear),
        }
        if body not in deeds:
            return _line(word or "X", "NO WORD")
        allowed, deed = deeds[body]
        return _line(word, "OK", deed) if allowed else _line(word, "NO STATE")

    @property
    def latency_s(self) -> float:
        """As it is set."""
        return float(self._laser.knobs["reply_latency_s"])

    def status_queries(self, _parameters: Mapping[str, str]) -> Iterable[bytes]:
        """There is one."""
        return [_sealed("STATE")]

    def faulty(self, answer: Answer, frame: bytes, exchange: Exchange) -> Answer:
        """OFF may be refused."""
        if "refused_off" in exchange.faults and self.word(frame) == "OFF":
            return _line("OFF", "NO REASON")
        return super().faulty(answer, frame, exchange)

    def _told(self, body: str) -> str | None:
        laser, knobs = self._laser, self._laser.knobs
        if body == "ID":
            return f"{knobs['model']} {knobs['serial']} 1.2"
        if body == "GET":
            return f"{float(knobs['energy_mj']):g} {float(knobs['rate_hz']):g}"
        if body == "LIMITS":
            return " ".join(str(limit) for limit in _LIMITS)
        if body == "STATE":
            flags = {
                "K": knobs["key"] == "on",
                "I": knobs["interlock"] == "closed",
                "R": laser.reset_needed,
                "P": knobs["footswitch"] == "pressed",
                "L": laser.lit,
                "F": laser.fault,
                "N": laser.pulses,
            }
            return " ".join((laser.state, *(f"{name}{int(told)}" for name, told in flags.items())))
        return None

    def _set(self, value: str) -> Answer:
        found = _SET.fullmatch(value)
        if found is None:
            return _line("SET", "NO NUMBER")
        energy_mj, rate_hz = (round(float(text)) for text in found.groups())
        low_mj, high_mj, low_hz, high_hz = _LIMITS
        if not (low_mj <= energy_mj <= high_mj and low_hz <= rate_hz <= high_hz):
            return _line("SET", "NO RANGE")
        if self._laser.state not in {"SHUT", "STANDBY"}:
            return _line("SET", "NO STATE")

        def deed() -> None:
            self._laser.set("energy_mj", str(energy_mj))
            self._laser.set("rate_hz", str(rate_hz))

        return _line("SET", "OK", deed)


def _sealed(body: str) -> bytes:
    data = body.encode("ascii")
    return data + f"*{sum(data) & 0xFF:02X}\r".encode("ascii")


def _body(frame: bytes) -> str | None:
    """What a line says; None where it is no line of this laser's."""
    body = frame.rpartition(b"*")[0]
    said = body.decode("ascii", errors="replace")
    return said if said and said.isascii() and _sealed(said) == frame else None


def _line(word: str, value: str, deed: Callable[[], None] | None = None) -> Answer:
    return Answer(_sealed(f"{word} {value}"), deed)
