"""How many exchanges a simulator carries in virtual time, on one core."""

from __future__ import annotations

from bench.measuring import Figure, in_turn
from bench.wires import ASKED
from devicelink_simulation.registry import simulator
from devicelink_simulation.simulation import Plan
from devicelink_simulation.truth import NoTruth

EXCHANGES = 5000
ROUNDS = 7
_STEP_NS = 5_000_000


def rows() -> list[Figure]:
    """For each simulator: the question in, its answer out, 5 ms of virtual time between."""
    return [_row(asked.driver, asked.question) for asked in ASKED]


def _row(name: str, question: bytes) -> Figure:
    simulation = Plan.of(simulator(name)).build(NoTruth(), 0)
    now_ns = 0

    def play() -> None:
        nonlocal now_ns
        for _ in range(EXCHANGES):
            simulation.receive(question, now_ns)
            now_ns += _STEP_NS
            if not simulation.transmit(now_ns):
                raise SystemExit(f"The simulator {name} of the benchmark does not answer.")

    took_s = in_turn(ROUNDS, play)[0] / EXCHANGES
    told = f"{1 / took_s:,.0f} exchanges a second"
    return Figure(f"{name}: simulated, virtual time, one core", told)
