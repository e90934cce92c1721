"""Whatever is broken, and however much of it: the verdict never opens by what is worse."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from devicelink.session.facts import BoundFacts
from devicelink.session.permit import judge, limits_of
from tests.session.test_session_permit import CAUSES, changed

SETTING = "diode_current_percent"
MISSING = [
    [("reading", None)],
    [("settings", None)],
    [("settings.effective", None)],
    [("person.name", None)],
    [("person.certificates", ())],
    [("person.catalogues", ())],
    [("device.accepted", {})],
]
MISSING_AT = range(len(MISSING))
numbers = st.decimals(0, 100, places=1).map(str) | st.none()


def broken(*causes):
    """Good facts with these changes; one whose place went with an earlier one is left out."""
    applied = []
    for changes in causes:
        with suppress(KeyError, TypeError, IndexError):
            changed(*applied, *changes)
            applied += changes
    return changed(*applied)


@settings(max_examples=150, deadline=None)
@given(st.sets(st.sampled_from(sorted(CAUSES)), min_size=1, max_size=4))
def test_no_bad_fact_makes_up_for_another(those):
    """Several causes together refuse, and judging the same facts again finds the same."""
    facts = broken(*(CAUSES[code] for code in sorted(those)))
    assert not judge(facts).permitted
    assert judge(facts) == judge(facts.model_copy(deep=True))


@given(st.lists(st.sampled_from(MISSING_AT), min_size=1, unique=True))
def test_what_is_missing_never_permits(those):
    """Whatever is missing, and however much of it, nothing is permitted."""
    assert not judge(broken(*(MISSING[place] for place in those))).permitted


@given(st.lists(st.tuples(numbers, numbers), max_size=5), numbers, numbers)
def test_a_further_bound_only_narrows(bounds, lowest, highest):
    """Whatever range is added, neither end of what is allowed moves outwards."""

    def limits(pairs):
        rows = [
            BoundFacts(setting=SETTING, lowest=low, highest=high, source="x") for low, high in pairs
        ]
        return limits_of(changed(("settings.bounds", rows))).get(SETTING, (None, None))

    low, high = limits(bounds)
    lower, higher = limits([*bounds, (lowest, highest)])
    endless = Decimal("Infinity")
    assert (-endless if lower is None else lower) >= (-endless if low is None else low)
    assert (endless if higher is None else higher) <= (endless if high is None else high)
