"""What may be done to a simulated device, drawn by hypothesis: said, turned, waited."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from devicelink_simulation.settable import Kind

FEW = settings(max_examples=150, deadline=None, suppress_health_check=[*HealthCheck])


def every_choice(simulator, *, but=()):
    """Each value of each knob that is turned to one of some words."""
    return [
        (each.name, value)
        for each in simulator.settables
        if each.kind is Kind.CHOICE and each.name not in but
        for value in each.choices
    ]


def acts(*said, knobs, waits):
    """Up to forty acts; `said` are pairs of a verb and what may be said by it."""
    return st.lists(
        st.one_of(
            *(st.tuples(st.just(verb), st.sampled_from(words)) for verb, words in said),
            st.tuples(st.just("set"), st.sampled_from(knobs)),
            st.tuples(st.just("wait"), st.sampled_from(waits)),
        ),
        max_size=40,
    )
