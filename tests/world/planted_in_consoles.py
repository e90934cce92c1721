"""Bugs around consoles that keep account of themselves, and the stories that find them."""

from __future__ import annotations

from dataclasses import replace

from planted_bugs import Change, Planted

from devicelink_simulation.world.lasers import LASERS
from devicelink_simulation.world.people import well
from devicelink_simulation.world.story import Act, Laser, Story, Trouble, Visit

_CO2, _ERBIUM = "SIM-OL-2101", "SIM-OL-2201"
_ACCOUNT = "devicelink/session/account.py"
_UNLOCKING = "devicelink/session/unlocking.py"
_STATUS = "drivers/devicelink_olcp/status.py"

PLANTED_IN_CONSOLES = (
    Planted(
        "beats_blindly",
        "13",
        (
            Change(
                _ACCOUNT,
                "        if not calls_for_lock(status):\n",
                "        if not calls_for_lock(status) and self._lease is None:\n",
            ),
            Change(_ACCOUNT, "seen, self._next_event - 1)", "seen, (seen.next_event or 1) - 1)"),
        ),
    ),
    Planted(
        "beats_after_a_fault",
        "11",
        (
            Change(
                _ACCOUNT,
                "        if self._lease is None or calls_for_lock(seen):\n",
                "        if self._lease is None:\n",
            ),
        ),
    ),
    Planted(
        "beats_on_in_standby",
        "11",
        (Change(_UNLOCKING, "        work.account.end_lease()\n", "        pass\n"),),
    ),
    Planted(
        "permit_sent_again",
        "5",
        (
            Change(
                _UNLOCKING,
                "        connection.driver.unlock(connection.link, token)\n",
                "        try:\n"
                "            connection.driver.unlock(connection.link, token)\n"
                "        except NoReply:\n"
                "            again = UnlockToken(entry_index=entry_index, grant=token.grant)\n"
                "            connection.driver.unlock(connection.link, again)\n",
            ),
            Change(
                _UNLOCKING,
                "from devicelink.errors import ProtocolError\n",
                "from devicelink.errors import NoReply, ProtocolError\n",
            ),
        ),
    ),
    Planted(
        "aborted_scan_left_out",
        "14",
        (
            Change(
                _ACCOUNT,
                "            self.pulses += report.pulses\n",
                '            if report.outcome == "aborted":\n'
                "                continue\n"
                "            self.pulses += report.pulses\n",
            ),
        ),
    ),
    Planted(
        "report_told_twice",
        "14",
        (
            Change(
                _ACCOUNT,
                "        self._next_report = after\n",
                "        self._next_report = after - (\n"
                "            0 if self._lease is None else len(reports.found)\n"
                "        )\n",
            ),
        ),
    ),
    Planted(
        "pulses_between_sessions_forgotten",
        "15",
        (
            Change(
                "devicelink/session/preparing.py",
                "    if known is None or now is None or known == now:\n",
                "    if known is None or now is None or known <= now:\n",
            ),
        ),
    ),
    Planted(
        "strange_pulses_are_no_finding",
        "6",
        (
            Change(
                "devicelink/session/permit.py",
                "    if reading.unexplained:\n",
                "    if reading.unexplained and reading.unexplained > 1000:\n",
            ),
        ),
    ),
    Planted(
        "dead_session_counts_for_nothing",
        "15",
        (
            Change(
                "devicelink/devices/register.py",
                "    if counter is None:\n        return {}\n",
                "    if counter is None or counter:\n        return {}\n",
            ),
        ),
    ),
    Planted(
        "unlocked_console_called_locked",
        "2",
        (
            Change(
                _STATUS,
                "        return [reason for reason, is_so in against.items() if is_so]\n",
                "        return []\n",
            ),
        ),
    ),
    Planted(
        "open_interlock_unnoticed_on_a_console",
        "11",
        (
            Change(
                _STATUS,
                "        if Shown.NO in {first, second}:\n"
                "            return Shown.NO\n"
                "        return first\n",
                "        return Shown.YES\n",
            ),
            Change(
                _STATUS,
                "            reset_required=self.shown(Input.reset_required) is Shown.YES,\n",
                "            reset_required=False,\n",
            ),
        ),
    ),
    Planted(
        "console_without_a_lease",
        "13",
        (
            Change(
                "simulators/devicelink_olcp_sim/host.py",
                "        self.lease_ends_ns = now_ns + self._lease_ns\n",
                "        self.lease_ends_ns = now_ns + 1000 * self._lease_ns\n",
            ),
        ),
    ),
)
"""The last one is the console's own: the oracle judges by the truth, whoever is wrong."""

_STANDBY, _ASK, _READY = Act("see", "STANDBY"), Act("type", "r"), Act("see", "READY")
_LEAVE = Act("type", "q")
_PRESS, _RELEASE = Act("hand", "footswitch=pressed"), Act("hand", "footswitch=released")
_LIGHT = (Act("wait", "0.6"), _PRESS, Act("wait", "0.3"), _RELEASE, Act("wait", "0.3"))
_LIT = (_STANDBY, _ASK, _READY, *_LIGHT)
"""READY about 3 s after the story's beginning."""


def _visit(*acts: Act, serial: str = _CO2, pause_s: float = 0.1) -> Visit:
    return replace(well(serial), acts=(*acts, _LEAVE), pause_s=pause_s)


def _told(*visits: Visit, troubles: tuple[Trouble, ...] = ()) -> tuple[Story, ...]:
    serial = visits[0].laser
    struck = tuple(replace(trouble, laser=serial) for trouble in troubles)
    return (Story(6, visits, struck, (Laser(serial),)),)


_BACK = (Act("type", ""), _STANDBY, Act("wait", "1.5"))
_SERVICED = replace(
    _visit(_STANDBY),
    acts=(
        *(_STANDBY, _LEAVE, Act("gone")),
        *(Act("hand_after", each) for each in LASERS[_CO2].hands.services),
    ),
)
_DIES = (_visit(_STANDBY), _visit(*_LIT, Act("wait", "9"), pause_s=0.5))
_NEXT = _visit(_STANDBY, pause_s=3.0)

STORIES_IN_CONSOLES: dict[str, tuple[Story, ...]] = {
    "beats_blindly": _told(_visit(*_LIT)),
    "beats_after_a_fault": tuple(
        story
        for step in range(8)
        for story in _told(
            _visit(_STANDBY, _ASK, _READY, Act("wait", "2")),
            troubles=(Trouble("knob", 4.0 + step * 0.0111, "laser_c=70", for_s=3.0),),
        )
    ),
    "beats_on_in_standby": _told(_visit(*_LIT, *_BACK)),
    "permit_sent_again": _told(
        _visit(*_LIT), troubles=(Trouble("fault", 0.05, "drop@count=1,cmd=PERMIT"),)
    ),
    "aborted_scan_left_out": _told(_visit(*_LIT)),
    "report_told_twice": _told(_visit(*_LIT)),
    "pulses_between_sessions_forgotten": _told(_SERVICED, _NEXT),
    "strange_pulses_are_no_finding": _told(_SERVICED, _NEXT),
    "dead_session_counts_for_nothing": _told(
        *_DIES, _NEXT, troubles=(Trouble("kill", 8.0, whom="session"),)
    ),
    "unlocked_console_called_locked": _told(
        _visit(_STANDBY, _ASK, _READY, Act("wait", "1")),
        troubles=(Trouble("fault", 3.5, "refused_lock@for=5"),),
    ),
    "open_interlock_unnoticed_on_a_console": _told(
        _visit(_STANDBY, Act("wait", "2")),
        troubles=(Trouble("knob", 1.0, "interlock_1=open", for_s=0.5),),
    ),
    "console_without_a_lease": _told(
        _visit(
            _STANDBY, _ASK, _READY, Act("wait", "0.6"), _PRESS, Act("wait", "4"), serial=_ERBIUM
        ),
        troubles=(Trouble("fault", 4.0, "unplug@for=4"),),
    ),
}
