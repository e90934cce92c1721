"""The constant lock bytes against the simulated laser: dark, whatever half a frame came before."""

from __future__ import annotations

import pytest

from devicelink_ipg import Ipg
from devicelink_ipg.frames import IpgWire
from devicelink_ipg_sim import SIMULATOR
from devicelink_simulation.simulation import Plan
from devicelink_simulation.truth import TruthList

DIALECTS = Ipg.declaration.dialects
LOCK_BYTES = Ipg.declaration.lock_bytes
EMISSION = {"ylr-sm": 4, "yar": 3, "ylr-qcw": 4}
"""The status bits of emission and its start-up."""
SET_POINT = {"ylr-sm": ("SDC", "RCS"), "yar": ("SPS", "RPS"), "ylr-qcw": ("SDC", "RCS")}
COMMANDS = [
    *("STA", "RCS", "RNC", "RDC", "ROP", "RFV", "RCT", "RFWS", "SDC 34.2", "SDC 100", "SFWS 1.2"),
    *("SPS 9.7", "SPS 0", "RMN", "RPS", "SWA 35.6", "EPM", "SPW 1", "SPRR 100"),
    *("EMON", "EMOFF", "EMOD", "DMOD", "EEC", "DEC", "RERR", "ABN", "ABF", "EEABC", "DEABC"),
]
PREFIXES = sorted({command[:end] for command in COMMANDS for end in range(len(command) + 1)})
NOISE = ["\x00", "\xff" * 9, "\n", "EMON\n", "x" * 255, "x" * 256, "x" * 300, "SDC 1" + "0" * 400]
STARTS = {
    "idle": {},
    "ready": {"modulation": "enabled", "modulation_input": "low"},
    "emitting": {"modulation": "enabled", "modulation_input": "high"},
    "host_triggered": {"modulation": "disabled"},
    "starting": {"startup_s": "3"},
}


class Bench:
    """A laser in virtual time that is idle, starting, ready or emitting."""

    def __init__(self, start, dialect="ylr-sm"):
        self.now_ns = 1_000_000_000
        self.truth = TruthList()
        values = {"startup_s": "0", "diode_current_percent": "50", **STARTS[start]}
        values["dialect"] = dialect
        self.sim = Plan.of(SIMULATOR, values=values).build(self.truth, self.now_ns)
        if start != "idle":
            self.hear(b"EMON\r")

    def hear(self, data):
        """Send bytes; what comes back within a millisecond."""
        self.sim.receive(data, self.now_ns)
        self.now_ns += 1_000_000
        return self.sim.transmit(self.now_ns)

    def ask(self, word):
        """The value behind a word."""
        return self.hear(word.encode() + b"\r").decode().removesuffix("\r").split(": ")[1]


def last(truth, *events):
    """The last of these events, or None."""
    return next((name for name in reversed(truth.names(*events))), None)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("start", STARTS)
def test_lock_bytes_end_any_half_written_frame(start, dialect):
    """After every beginning of every command the lock bytes are understood, and it is dark."""
    word, reads = SET_POINT[dialect]
    for prefix in [*PREFIXES, *NOISE]:
        bench = Bench(start, dialect)
        bench.hear(prefix.encode("latin-1"))
        before = len(bench.truth.events)
        bench.hear(DIALECTS[dialect].lock_bytes)
        understood = [
            (event["text"], event["reply"])
            for event in bench.truth.events[before:]
            if event["event"] == "command"
        ]
        assert understood[-2:] == [
            ("EMOFF", "EMOFF"),
            (f"{word} 0", f"{word}: 0.0"),
        ], (prefix, understood)
        assert last(bench.truth, "enabled", "disabled") != "enabled", prefix
        assert last(bench.truth, "light_on", "light_off") != "light_on", prefix
        assert not int(bench.ask("STA")) & EMISSION[dialect], prefix
        assert float(bench.ask(reads)) == 0, prefix
        bench.now_ns += 5_000_000_000
        assert not int(bench.ask("STA")) & EMISSION[dialect], f"{prefix!r} came back"


def test_the_bench_begins_as_it_says():
    """The emitting laser emits, the ready one is enabled, so that darkness proves something."""
    assert last(Bench("emitting").truth, "light_on", "light_off") == "light_on"
    assert last(Bench("host_triggered").truth, "light_on", "light_off") == "light_on"
    assert last(Bench("ready").truth, "enabled", "disabled") == "enabled"
    assert int(Bench("starting").ask("STA")) == 4 + 2**15
    assert int(Bench("idle").ask("STA")) == 0


def test_lock_bytes_leave_the_gate_in_place():
    """Locking keeps modulation enabled: nothing takes the trigger away."""
    bench = Bench("emitting")
    bench.hear(LOCK_BYTES)
    assert int(bench.ask("STA")) == 4096


def test_lock_bytes_hold_when_they_are_torn_themselves():
    """Sent twice, with the first cut anywhere, they still end dark."""
    for end in range(len(LOCK_BYTES) + 1):
        bench = Bench("emitting")
        bench.hear(LOCK_BYTES[:end])
        bench.hear(LOCK_BYTES)
        assert int(bench.ask("STA")) & 4 == 0, end
        assert last(bench.truth, "light_on", "light_off") == "light_off", end


def test_a_stolen_cr_is_why_they_begin_with_one():
    """Without what ends it half an `EMO` would swallow the `EMOFF` that follows."""
    bench = Bench("emitting")
    bench.hear(b"EMO")
    bench.hear(b"EMOFF\r")
    assert int(bench.ask("STA")) & 4
    assert LOCK_BYTES.startswith(IpgWire.frame_break)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("start", ["idle", "ready"])
def test_ending_a_half_frame_never_completes_it(start, dialect):
    """A CR alone behind `EMON` would begin emission, and one behind `SDC 100` would set it."""
    for prefix in PREFIXES:
        bench = Bench(start, dialect)
        bench.hear(prefix.encode())
        before = len(bench.truth.events)
        bench.hear(IpgWire.frame_break)
        done = {event["event"] for event in bench.truth.events[before:]}
        assert done <= {"command", "received", "sent"}, (prefix, done)
        replies = [e["reply"] for e in bench.truth.events[before:] if e["event"] == "command"]
        assert len(replies) == 1, prefix
        assert replies[0].startswith(("BCMD", "ERR")), (prefix, replies)
