"""What a verdict says of an interlock relay: every code has a cause, and old facts have none."""

from __future__ import annotations

import re
from inspect import getsource

import pytest

from devicelink.session import relay_judgement
from devicelink.session.facts import Facts
from devicelink.session.permit import judge
from tests.session.test_session_permit import good

OPEN = {
    "serial": "IR-0042",
    "driver": "interlock",
    "port": "/dev/ttyACM0",
    "asked": True,
    "problem": None,
    "firmware": "1.0",
    "bound_ms": 1040,
    "is_open": True,
    "contact": "open",
    "opened_by": "opened by order",
    "age_s": 0.1,
}
HELD = OPEN | {"ordered": True, "holds": True, "is_open": False, "contact": "closed"}
HELD |= {"opened_by": None}


def told(purpose, relay, **reading):
    """Codes to severities."""
    facts = good(purpose) | {"relay": relay}
    facts["reading"] |= reading
    return {f.code: f.severity.value for f in judge(Facts.model_validate(facts)).findings}


CASES = [
    ("relay_open", "warn", "early", OPEN, {"interlock_closed": "no"}),
    ("relay_open", "warn", "check", OPEN, {"interlock_closed": "not_reported"}),
    ("relay_not_in_circuit", "refuse", "early", OPEN, {}),
    ("interlock_relay", "refuse", "unlock", OPEN, {}),
    ("interlock_relay", "refuse", "ready", OPEN, {}),
    ("dead_man_relay", "warn", "unlock", HELD, {}),
    ("dead_man_relay", "warn", "early", HELD, {}),
    ("interlock_relay", "refuse", "unlock", HELD | {"holds": False}, {}),
    ("interlock_relay", "refuse", "unlock", HELD | {"age_s": 1.1}, {}),
    ("interlock_relay", "refuse", "unlock", HELD | {"ordered": False}, {}),
    ("interlock_relay", "refuse", "early", OPEN | {"is_open": False}, {}),
    ("interlock_relay", "refuse", "early", OPEN | {"problem": "It was not asked."}, {}),
    ("interlock_relay", "refuse", "unlock", HELD | {"problem": "Another one."}, {}),
    ("interlock_relay", "refuse", "early", HELD | {"holds": False}, {"interlock_closed": "no"}),
]


@pytest.mark.parametrize(("code", "severity", "purpose", "relay", "reading"), CASES)
def test_each_cause_has_its_code(code, severity, purpose, relay, reading):
    """One of them, and `no_dead_man` exactly where no relay answers for it."""
    codes = told(purpose, relay, **reading)
    assert codes[code] == severity
    known = {"relay_open", "relay_not_in_circuit", "interlock_relay", "dead_man_relay"}
    assert set(codes) & known == {code}
    assert ("no_dead_man" in codes) is (code == "interlock_relay")


def test_every_code_has_a_case():
    """Also the one of a laser that has a dead-man of its own."""
    written = set(re.findall(r'"([a-z_]+_[a-z_]+)"', getsource(relay_judgement.judge_relay)))
    codes = {code for code in written if not code.startswith(("interlock_closed",))}
    assert codes - {"relay_closed"} == {case[0] for case in CASES}
    facts = good() | {"relay": HELD}
    facts["driver"] |= {"dead_man": "It ends by itself."}
    found = {f.code for f in judge(Facts.model_validate(facts)).findings}
    assert "relay_closed" in found
    assert not {"dead_man_relay", "no_dead_man"} & found


@pytest.mark.parametrize(
    "reading",
    [
        {"interlock_closed": "no"},
        {"reset_required": True, "interlock_closed": "unknown"},
        {"faults": ("external_interlock",), "interlock_closed": "no"},
    ],
)
def test_what_an_open_relay_may_cause_is_judged_when_it_is_closed(reading):
    """Told and not refused before; refused when it is closed, and by the verdict that counts."""
    before = told("early", OPEN, **reading)
    assert "refuse" not in before.values()
    for purpose, relay in (("early", HELD), ("unlock", HELD), ("ready", HELD)):
        after = told(purpose, relay, **reading)
        assert set(after) & {"interlock_open", "reset_required", "fault_external_interlock"}
        assert "refuse" in after.values()
    none = told("early", None, **reading)
    assert "refuse" in none.values()


def test_a_hidden_interlock_stays_one():
    """That the relay is open does not answer for what a wire never shows."""
    assert "interlock_unknown" in told("early", OPEN, interlock_closed="not_reported")


def test_light_is_refused_all_the_same():
    """An open relay excuses no emission."""
    assert "emitting_at_connect" in told("early", OPEN, unexpected_emission=True)


def test_facts_from_before_there_were_relays_are_judged_as_ever():
    """No relay, no finding of one."""
    facts = good()
    assert "relay" not in facts
    found = judge(Facts.model_validate(facts))
    assert found.permitted
    assert "no_dead_man" in {f.code for f in found.findings}
