"""Read-backs in columns: batches, gaps with their reason, and the time in READY."""

from __future__ import annotations

import pytest

from devicelink.driver import DeviceState, Evidence, Reading, Shown, Status
from devicelink.session.telemetry import BATCH_MAX, Telemetry

S = 1_000_000_000


def seen(state, **measured):
    """A read-back."""
    return Status(
        state=state,
        evidence=Evidence.DEVICE_STATE,
        interlock_closed=Shown.YES,
        key_on=Shown.YES,
        faults=(),
        reset_required=False,
        unexpected_emission=False,
        control_pressed=Shown.NOT_REPORTED,
        output_seen=Shown.NO,
        counter=None,
        measured={name: Reading(*given) for name, given in measured.items()},
        words={},
    )


def test_a_batch_is_due_after_a_second():
    """Read-backs are collected for a second, then given once, as columns of equal length."""
    telemetry = Telemetry()
    telemetry.add(0, seen(DeviceState.READY, power_w=("1.5",), case_c=("25.0",)))
    telemetry.add(S // 2, seen(DeviceState.EMITTING, power_w=("61.2",), case_c=("25.5",)))
    assert telemetry.take(S - 1) is None
    assert telemetry.take(S) == {
        "mono_ns": [0, S // 2],
        "state": ["READY", "EMITTING"],
        "measured": {"power_w": ["1.5", "61.2"], "case_c": ["25.0", "25.5"]},
        "why": {},
    }
    assert telemetry.take(3 * S) is None


def test_a_batch_never_grows_beyond_its_bound():
    """Many read-backs within a second are given early, so that an entry holds them."""
    telemetry = Telemetry()
    for number in range(BATCH_MAX):
        assert telemetry.take(number) is None
        telemetry.add(number, seen(DeviceState.READY))
    assert len(telemetry.take(BATCH_MAX)["mono_ns"]) == BATCH_MAX


def test_at_the_end_what_is_left_is_given():
    """The last batch is given however short it is; nothing is lost and nothing twice."""
    telemetry = Telemetry()
    assert telemetry.take(0, all_of_it=True) is None
    telemetry.add(5, seen(DeviceState.STANDBY))
    assert telemetry.take(6, all_of_it=True)["mono_ns"] == [5]
    assert telemetry.take(7, all_of_it=True) is None


def test_values_that_come_and_go_keep_their_places():
    """A value that one read-back lacks is null in its place, never shifted and never 0."""
    telemetry = Telemetry()
    telemetry.add(1, seen(DeviceState.READY, power_w=(None, "emission_off")))
    telemetry.add(2, seen(DeviceState.READY, power_w=("3.0",), energy_j=("0.2",)))
    telemetry.add(3, seen(DeviceState.READY, energy_j=("0.3",)))
    telemetry.add(4, seen(DeviceState.READY, power_w=(None, "below_measurable")))
    batch = telemetry.take(4, all_of_it=True)
    assert batch["measured"] == {
        "power_w": [None, "3.0", None, None],
        "energy_j": [None, "0.2", "0.3", None],
    }
    assert batch["why"] == {"power_w": ["below_measurable", "emission_off"]}


def test_a_gap_is_given_when_it_has_ended():
    """A gap begins at the first missed answer, keeps its reason, and ends at the next answer."""
    telemetry = Telemetry()
    telemetry.answered(1)
    assert telemetry.take_gap() is None
    telemetry.missed(10, "The device did not answer.")
    telemetry.missed(20, "The port takes no more bytes.")
    assert telemetry.take_gap() is None
    telemetry.answered(30)
    gap = {"from_mono_ns": 10, "to_mono_ns": 30, "why": "The device did not answer."}
    assert telemetry.take_gap() == gap
    assert telemetry.take_gap() is None


def test_a_gap_that_lasts_to_the_end_is_given_with_an_open_end():
    """Silence until the session's end is recorded as well; without a gap there is nothing."""
    telemetry = Telemetry()
    assert telemetry.take_gap(even_open=True) is None
    telemetry.missed(10, "The device did not answer.")
    gap = {"from_mono_ns": 10, "to_mono_ns": None, "why": "The device did not answer."}
    assert telemetry.take_gap(even_open=True) == gap
    assert telemetry.take_gap(even_open=True) is None


def test_time_counts_between_read_backs_of_ready_and_emitting():
    """READY includes EMITTING; STANDBY and ARMING count for neither."""
    telemetry = Telemetry()
    story = [
        (0, DeviceState.STANDBY),
        (1, DeviceState.ARMING),
        (4, DeviceState.READY),
        (6, DeviceState.EMITTING),
        (9, DeviceState.READY),
        (10, DeviceState.STANDBY),
        (20, DeviceState.STANDBY),
    ]
    for at_s, state in story:
        telemetry.add(at_s * S, seen(state))
    assert telemetry.totals() == {"ready_s": 6.0, "emitting_s": 3.0}


def test_what_was_not_read_back_is_not_counted():
    """Across a gap nobody knows the state, so its time counts for nothing."""
    telemetry = Telemetry()
    telemetry.add(0, seen(DeviceState.EMITTING))
    telemetry.add(1 * S, seen(DeviceState.EMITTING))
    telemetry.missed(2 * S, "The device did not answer.")
    telemetry.answered(5 * S)
    telemetry.add(5 * S, seen(DeviceState.EMITTING))
    telemetry.add(6 * S, seen(DeviceState.READY))
    assert telemetry.totals() == {"ready_s": 2.0, "emitting_s": 2.0}


@pytest.mark.parametrize("ns", [1, 499_999, 1_499_999])
def test_totals_are_rounded_to_milliseconds(ns):
    """Totals are told in seconds with three decimals."""
    telemetry = Telemetry()
    telemetry.add(0, seen(DeviceState.READY))
    telemetry.add(ns, seen(DeviceState.READY))
    assert telemetry.totals()["ready_s"] == round(ns / S, 3)
