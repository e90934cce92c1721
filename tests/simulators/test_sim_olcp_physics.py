"""What leaves a simulated OLCP console: three lasers, their spots, their energy, their heat."""

from __future__ import annotations

import statistics
from itertools import pairwise

import pytest

from tests.simulators.olcp_host import LOCKED, READY, STANDBY, UNKNOWN, Host

CO2, ER, NA = "co2-fractional", "er-yag", "nonablative"
FOOTSWITCH, LEASE, INTERLOCK, LOCK, STANDBY_MESSAGE, FAULTED, PERMIT = range(1, 8)


def console(personality=CO2, **values):
    """A console in READY, whose host lives."""
    host = Host(values={"personality": personality, **values})
    host.to_ready()
    return host


@pytest.mark.parametrize(
    ("personality", "wavelengths", "kind", "planned"),
    [(CO2, (10_600,), 2, 200), (ER, (2_940,), 1, 1), (NA, (1_550, 1_927), 2, 15)],
)
def test_each_personality_completes_a_session(personality, wavelengths, kind, planned):
    """Its own wavelength leaves, as often as planned, and the counter agrees with the reports."""
    host = console(personality)
    assert host.wavelengths == wavelengths
    before = host.status().pulses
    host.press(0.6)
    reports = host.reports()
    assert reports
    assert {(each.kind, each.planned) for each in reports} == {(kind, planned)}
    assert {each.wavelength_nm for each in host.falls()} == {wavelengths[0]}
    delivered = sum(each.last - each.first + 1 for each in reports)
    assert delivered == len(host.falls()) == host.status().pulses - before
    assert host.lock().state == LOCKED


def test_pulses_come_at_their_rate_while_the_foot_is_down():
    """Five a second of an Er:YAG laser, the first at once; each is a report of its own."""
    host = console(ER)
    host.press(1.05)
    times = [each.at_ns for each in host.falls()]
    assert len(times) == 6
    assert {round((b - a) / 1e6) for a, b in pairwise(times)} == {200}
    assert [each.planned for each in host.reports()] == [1] * 4


def test_spots_follow_density_size_and_pattern():
    """A square centimetre has the density's spots; line, disc and hexagon have fewer."""
    planned = {}
    for pattern in (1, 2, 3, 4):
        host = console(panel_pattern=str(pattern), panel_density_spots_cm2="100")
        host.press(1)
        planned[pattern] = host.reports()[0].planned
    assert planned == {1: 100, 2: 65, 3: 10, 4: 79}


def test_a_stack_puts_its_pulses_on_each_spot_before_the_next():
    """Three pulses on each place, in order; the report counts spots, the counter pulses."""
    host = console(panel_stack="3", panel_density_spots_cm2="25")
    host.press(1)
    [report] = host.reports()
    assert (report.planned, report.delivered) == (25, 25)
    assert report.last - report.first + 1 == 75
    assert [each.place for each in host.falls()] == [at // 3 for at in range(75)]


def ended(how):
    """A scan that something ends after 0.1 s; the console, and when."""
    host = console()
    host.beat()
    host.set(footswitch="pressed")
    host.wait(0.1)
    at_ns = host.now_ns
    how(host)
    host.wait(0.1)
    return host, at_ns


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        (lambda host: host.set(footswitch="released"), FOOTSWITCH),
        (lambda host: host.set(interlock_1="open"), INTERLOCK),
        (lambda host: host.lock(), LOCK),
        (lambda host: host.say(0x08), STANDBY_MESSAGE),
        (lambda host: host.set(cooling="lost"), FAULTED),
        (lambda host: host.set(tip="none"), 11),
        (lambda host: host.set(key="off"), 9),
        (lambda host: host.set(estop="pressed"), 10),
        (lambda host: host.set(panel_energy_uj="12000"), 8),
    ],
    ids=["foot", "interlock", "lock", "standby", "fault", "tip", "key", "estop", "panel"],
)
def test_an_abort_cuts_at_a_spot_and_the_report_says_where(how, reason):
    """Nothing leaves after it, what left is told, and the scan is not gone on with."""
    host, at_ns = ended(how)
    [report] = host.reports()
    assert (report.outcome, report.reason, report.planned) == (1, reason, 200)
    assert report.aborted_at == report.delivered == len(host.falls()) == 40
    assert report.first + 39 == report.last == host.status().pulses
    assert max(each.at_ns for each in host.falls()) < at_ns
    assert not host.lit
    host.set(footswitch="released")
    host.wait(1)
    assert len(host.falls()) == 40


def test_the_next_press_begins_a_new_scan_from_its_start():
    """With a number of its own: what was aborted stays aborted at its spot."""
    host, _ = ended(lambda host: host.set(footswitch="released"))
    host.beat()
    host.press(1)
    first, second = host.reports()
    assert (first.number, first.delivered) == (97, 40)
    assert (second.number, second.delivered, second.first) == (98, 200, first.last + 1)
    assert [each.place for each in host.falls()] == [*range(40), *range(200)]


def test_a_cut_pulse_left_a_part_of_its_energy():
    """LOCK within a long pulse: dark at once, it counts, and its energy is what had left."""
    host = Host(values={"personality": ER, "panel_pulse_us": "12000", "spread_percent": "0"})
    host.to_ready()
    host.set(footswitch="pressed")
    host.wait(0.003)
    host.lock()
    [pulse] = host.falls()
    assert pulse.energy_j == pytest.approx(0.125, rel=0.01)
    [report] = host.reports()
    assert (report.outcome, report.last - report.first + 1, report.exceptions) == (1, 1, 1)


def test_the_permit_s_pulses_are_the_last():
    """The scan that would be beyond them is cut there, and the console is LOCKED."""
    host = Host()
    host.permit()
    host.lock()
    host.to_ready()
    host.machine.host.pulses_left = 250
    host.press(0.7)
    host.beat()
    host.press(0.7)
    assert host.state == LOCKED
    assert [each.delivered for each in host.reports()] == [200, 50]
    assert host.reports()[1].reason == PERMIT


def energy(**values):
    """The mean energy of a scan in J."""
    host = console(**({"laser_c": "24", "laser_rise_c": "0"} | values))
    host.press(0.7)
    return statistics.fmean(each.energy_j for each in host.falls())


def test_energy_follows_setting_wear_temperature_scale_and_drift():
    """Each of them changes what leaves; the setting alone changes what is set."""
    set_j = energy()
    assert set_j == pytest.approx(0.010, rel=0.01)
    assert energy(panel_energy_uj="20000") == pytest.approx(2 * set_j, rel=0.01)
    assert energy(wear_percent="10") == pytest.approx(0.9 * set_j, rel=0.01)
    assert energy(scale_factor="1.1") == pytest.approx(1.1 * set_j, rel=0.01)
    assert energy(laser_c="34", ambient_c="34") == pytest.approx(0.98 * set_j, rel=0.01)
    assert energy(energy_error_percent="15") == pytest.approx(1.15 * set_j, rel=0.01)


def test_spots_spread_and_the_report_tells_it():
    """The standard deviation of what was sensed, divided by n, is near what the laser spreads."""
    host = console(spread_percent="3")
    host.press(0.7)
    [report] = host.reports()
    sensed = [each.energy_j * 1e6 for each in host.falls()]
    assert report.spread_uj == int(statistics.pstdev(sensed))
    assert report.mean_uj == int(statistics.fmean(sensed))
    assert (report.min_uj, report.max_uj) == (int(min(sensed)), int(max(sensed)))
    assert report.sum_uj == pytest.approx(sum(sensed), abs=1)
    assert 200 < report.spread_uj < 400


def test_without_a_sensor_nothing_is_told_of_energy():
    """What is not known is the highest value, never 0; CAPS says that it is not sensed."""
    host = console(energy_sensor="missing")
    host.press(0.7)
    [report] = host.reports()
    assert report[10:15] == (2**64 - 1, *4 * (UNKNOWN,))
    assert not host.say(0x02)[1] & 1 << 6


def test_light_warms_and_rest_cools():
    """Temperatures follow emission, and come back."""
    host = console(panel_rate_mhz="1000", thermal_time_constant_s="5")
    cold = host.status().laser
    host.press(5)
    warm = host.status().laser
    assert warm > cold + 20
    host.beats(20)
    assert host.status().laser < warm - 20


def test_a_tip_has_so_many_uses_and_the_last_one_ends_ready():
    """A use is a shot; with none left the console stands by, and a permit is refused."""
    host = console(tip_uses_left="2")
    host.press(0.7)
    host.beat()
    assert (host.status().state, host.newest.uses_left) == (READY, 1)
    host.press(0.7)
    host.beat()
    assert (host.status().state, host.newest.tip) == (STANDBY, False)
    host.lock()
    assert host.permit() == "no_tip"


def test_a_dual_laser_has_ranges_for_each_wavelength():
    """1,927 nm bears less energy: what is out of its range is refused, whole."""
    host = Host(values={"personality": NA, "panel_energy_uj": "40000"})
    assert host.put(p10=1_927) == "out_of_range"
    assert isinstance(host.put(p10=1_927, p1=10_400), bytes)
    assert host.settings() | {1: 10_000, 10: 1_927} == host.settings()
    assert host.permit(wavelengths=(1_550,)) == "limits"


def test_proposals_round_down_and_are_void_after_anything_else():
    """Nothing changes by asking; a commit needs the last proposal, named right."""
    host = Host()
    before = host.settings_id
    told = host.say(0x0B, bytes.fromhex("01012C510000"))
    assert host.settings_id == before
    assert host.say(0x0C, told[:4] + bytes(32)) == "settings_differ"
    assert host.say(0x0C, b"\x09" + told[1:36]) == "unknown_proposal"
    host.set(panel_energy_uj="30000")
    assert host.say(0x0C, told[:36]) == "unknown_proposal"
    assert host.put(p1=20_780)[32 + 2 :][:4] == (20_500).to_bytes(4, "little")
    assert host.put(p1=60_000) == "out_of_range"
    assert host.put(p11=50) == "unknown_parameter"
    assert host.put(p9=121) == "out_of_range"
    assert host.say(0x0B, bytes.fromhex("0201204E000001204E0000")) == "malformed"


def test_another_tip_is_another_settings_id():
    """And so is another scale factor, which only an engineer changes."""
    host = Host()
    first = host.settings_id
    host.set(tip_serial="TIP-7782")
    second = host.settings_id
    host.set(service="on")
    host.set(scale_factor="1.1")
    assert len({first, second, host.settings_id}) == 3


def test_who_sets_is_told_and_held():
    """Panel alone: the host's proposals are not_capable. Host alone: the panel does nothing."""
    host = Host(setup="panel_only")
    assert host.put(p1=20_000) == "not_capable"
    assert host.say(0x0C, bytes(36)) == "not_capable"
    assert host.say(0x02)[1] & 0b110 == 0b100
    assert Host(values={"settings_authority": "host"}).say(0x02)[1] & 0b110 == 0b010


class Meter:
    """Sees what leaves."""

    def __init__(self):
        self.seen = []

    def pulse(self, at_ns, joules, nm):
        """One more."""
        self.seen.append((at_ns, joules, nm))


def test_whoever_looks_sees_each_pulse_once():
    """With its time, when all of it has left, its energy and its wavelength."""
    host = console(ER)
    meter = host.machine.emission.beam.light = Meter()
    host.press(1.05)
    falls = host.falls()
    assert len(meter.seen) == 6
    assert meter.seen == [(each.at_ns + 300_000, each.energy_j, 2_940) for each in falls]
