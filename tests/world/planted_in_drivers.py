"""Bugs that the wires of other lasers and other hosts bring out, and the stories that find them."""

from __future__ import annotations

from dataclasses import replace

from planted_bugs import Change, Planted

from devicelink_simulation.world.lasers import LASERS
from devicelink_simulation.world.people import well
from devicelink_simulation.world.story import Act, Laser, Story, Trouble

_CO2, _FLASH, _SEED = "SIM-0002", "SIM-003", "SIM-0004"
_UC2000 = "drivers/devicelink_uc2000/driver.py"
_BIGSKY = "drivers/devicelink_bigsky/status.py"
_NKT = "drivers/devicelink_nkt/registers.py"

PLANTED_IN_DRIVERS = (
    Planted(
        "light_of_others_taken_for_ours",
        "5",
        (
            Change(
                "devicelink/session/unlocking.py",
                "    if not token.begun and table.shows_light(effective.glimpse):\n",
                "    if token is None:\n",
            ),
        ),
    ),
    Planted(
        "turned_settings_unnoticed",
        "10",
        (
            Change(
                "devicelink/session/procedure.py",
                "        if effective.settings_id == self._panel_id:\n",
                "        if effective.settings_id:\n",
            ),
        ),
    ),
    Planted(
        "light_of_others_in_standby",
        "10",
        (
            Change(
                "devicelink/session/state.py",
                "status.unexpected_emission or (dark_phase and light),",
                "status.unexpected_emission,",
            ),
        ),
    ),
    Planted(
        "firing_lamp_called_locked",
        "2",
        (
            Change(
                _BIGSKY,
                '        "the laser\'s lamp is not reported stopped": not live.stopped,\n',
                "",
            ),
            Change(
                _BIGSKY,
                '        "the laser says in words that its lamp fires": fires(words),\n',
                "",
            ),
        ),
    ),
    Planted(
        "lasing_called_locked",
        "2",
        (
            Change(
                _UC2000,
                '            (report.lase_on, "the controller is told to lase"),\n'
                "            (report.pwm != 0",
                "            (report.pwm != 0",
            ),
        ),
    ),
    Planted(
        "panel_control_called_locked",
        "3",
        (
            Change(
                _UC2000,
                "            (report.gate_pull_up, _PULLED_UP),\n"
                '            (not report.remote, f"the controller {_REMOTE}"),\n',
                "            (report.gate_pull_up, _PULLED_UP),\n",
            ),
        ),
    ),
    Planted(
        "gate_pulled_up_unnoticed",
        "4",
        (
            Change(
                _UC2000,
                "    wild = report.lase_on and (report.gate_pull_up or not report.manual)\n",
                "    wild = report.lase_on and not report.manual\n",
            ),
        ),
    ),
    Planted(
        "open_loop_unnoticed",
        "11",
        (
            Change(
                _NKT,
                "_ENDS_LIGHT = sum(1 << bit for bit in (_INTERLOCK_BIT, *FAULT_BITS, _ERROR_BIT))",
                "_ENDS_LIGHT = sum(1 << bit for bit in (*FAULT_BITS, _ERROR_BIT))",
            ),
            Change(
                _NKT,
                "interlock_closed=Shown.NO if bits >> _INTERLOCK_BIT & 1 else Shown.YES,",
                "interlock_closed=Shown.YES,",
            ),
        ),
    ),
    Planted(
        "emission_called_locked",
        "2",
        (
            Change(
                _NKT,
                '        "the laser reports emission on": bool(status_bits(words[STATUS]) & 1),\n'
                '        "the laser is still told to emit": '
                'number(EMISSION, words[EMISSION] or b"", 1) != 0,\n',
                "",
            ),
            Change(
                _NKT,
                'mW": float(output) > 0,',
                'mW": float(output) > 1000,',
            ),
        ),
    ),
)


def _told(serial: str, acts: tuple[Act, ...], *troubles: tuple[str, float, str, float]) -> Story:
    visit = replace(well(serial), acts=(*acts, Act("type", "q")), pause_s=0.1)
    struck = tuple(
        Trouble(kind, at_s, value, for_s=for_s, laser=serial)
        for kind, at_s, value, for_s in troubles
    )
    return Story(5, (visit,), struck, (Laser(serial),))


_READY = (Act("see", "STANDBY"), Act("type", "r"), Act("see", "READY"), Act("wait", "2"))
_STANDBY = (Act("see", "STANDBY"), Act("wait", "2"))
_REFUSED = ("fault", 0.1, "refused_off@for=20", 0.0)

STORIES_IN_DRIVERS: dict[str, tuple[Story, ...]] = {
    "light_of_others_taken_for_ours": tuple(
        _told(_SEED, _READY, ("knob", round(0.23 + step * 0.007, 3), "emission=on", 2.0))
        for step in range(10)
    ),
    "turned_settings_unnoticed": (
        _told(_FLASH, (*_READY, Act("wait", "4")), ("knob", 3.0, "voltage_v=900", 8.0)),
    ),
    "light_of_others_in_standby": (
        _told(_SEED, _STANDBY, ("host", 1.2, LASERS[_SEED].hands.others_enable[0], 0.0)),
    ),
    "firing_lamp_called_locked": (
        _told(_FLASH, _READY, ("fault", 2.5, "refused_stop@for=20", 0.0)),
    ),
    "lasing_called_locked": (_told(_CO2, _READY, ("fault", 2.5, "refused_off@for=20", 0.0)),),
    "panel_control_called_locked": (
        _told(_CO2, _STANDBY, ("knob", 2.0, "percent=0", 3.0), ("knob", 2.0, "remote=off", 3.0)),
    ),
    "gate_pulled_up_unnoticed": tuple(  # the settings are read again every second
        _told(_CO2, _READY, ("knob", at_s, "gate_logic=pull_up", 1.5)) for at_s in (2.2, 2.6)
    ),
    "open_loop_unnoticed": (_told(_SEED, _STANDBY, ("knob", 1.0, "interlock=open", 3.0)),),
    "emission_called_locked": (_told(_SEED, _READY, _REFUSED),),
}
