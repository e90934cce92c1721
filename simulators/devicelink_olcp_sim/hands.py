"""What somebody does at the console, or the world to it: each knob that is turned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink.errors import ConfigError
from devicelink_olcp_sim import causes, logs
from devicelink_olcp_sim.inputs import HANDPIECES, KEYS, PRESSED, read
from devicelink_olcp_sim.panel import BY_NAME
from devicelink_olcp_sim.states import ARMING, EMITTING, FAULT, LOCKED, READY, SERVICE, STANDBY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from devicelink_olcp_sim.console import Console

_BUILT_IN = frozenset({"personality", "start", "serial", "second_interlock"})
_COUNTED = frozenset({"pulses", "scans", "energy_mj", "emission_ms", "boots", "events", "reports"})
_TIP = frozenset({"tip", "tip_serial", "tip_spot_um", "tip_max_energy_uj"})
_HANDPIECE = frozenset({"handpiece", "handpiece_serial"})
_EDGES: Mapping[tuple[str, str], tuple[int, int]] = {
    ("interlock_1", "open"): (logs.INTERLOCK_OPENED, 1),
    ("interlock_1", "closed"): (logs.INTERLOCK_CLOSED, 1),
    ("interlock_2", "open"): (logs.INTERLOCK_OPENED, 2),
    ("interlock_2", "closed"): (logs.INTERLOCK_CLOSED, 2),
    ("key", "off"): (logs.KEY_OFF, 0),
    ("key", "on"): (logs.KEY_ON, 0),
}


def turn(console: Console, key: str, value: str) -> None:
    """Turn a knob now; raises `ConfigError` for what is built in or has no effect."""
    if key in _BUILT_IN or key in _COUNTED:
        raise ConfigError(f"A console's {key} is built in. Serve another console instead.")
    if key in KEYS:
        console.keys.put(key, value)
        return
    if console.restarting and (key in PRESSED or key in BY_NAME or key.startswith("service")):
        raise ConfigError(f"{key}={value} has no effect while power is off.")
    if key in PRESSED:
        if value != "idle":
            _PRESSES[key](console)
    elif key in BY_NAME:
        _at_the_panel(console, key, int(value, 0))
    elif key == "service":
        _service(console, value)
    elif key == "service_pulses":
        _in_service(console, key)
        _service_pulses(console, int(read(key, value)))
    else:
        _world(console, key, value)
    console.settle()


def _world(console: Console, key: str, value: str) -> None:
    """A wire, a part, or a number of the world."""
    inputs = console.inputs
    if key == "scale_factor":
        _in_service(console, key)
    before, after = getattr(inputs, key), read(key, value)
    setattr(inputs, key, after)
    if before == after:
        return
    if (key, value) in _EDGES and not console.restarting:
        console.note(*_EDGES[key, value])
    if key in _TIP or key in _HANDPIECE:
        _exchanged(console, key)
    elif key == "scale_factor":
        console.settings.changed()
        console.host.proposal = None
    elif key == "laser_c":
        console.laser.heat.celsius = inputs.laser_c
    elif key == "handpiece_c":
        console.handpiece.heat.celsius = inputs.handpiece_c
    elif key == "footswitch" and value == "pressed" and console.state == READY:
        console.emission.pressed(console.now_ns)
        console.go(EMITTING)


def _exchanged(console: Console, key: str) -> None:
    """Another handpiece or tip: settings are others, and a proposal is void."""
    console.settings.changed()
    console.emission.tube.forget()
    console.host.proposal = None
    if console.restarting:
        return
    if key in _HANDPIECE:
        kind = HANDPIECES.index(console.inputs.handpiece)
        console.note(logs.HANDPIECE_CHANGED, kind)
    else:
        console.note(logs.TIP_CHANGED)
    console.stand_by(logs.BY_TIP)


def _at_the_panel(console: Console, key: str, value: int) -> None:
    """A settings key: in READY and EMITTING it leads to STANDBY and changes nothing."""
    settings, parameter = console.settings, BY_NAME[key]
    if console.inputs.settings_authority == "host":
        raise ConfigError(f"{key} has no effect: settings_authority says that the host sets.")
    if parameter not in settings.ranges():
        raise ConfigError(f"{key} has no effect: this console has no such parameter now.")
    if console.state in {READY, EMITTING}:
        console.stand_by(logs.BY_PANEL)
        return
    would_be = settings.proposed({parameter: value})
    if would_be is None:
        raise ConfigError(f"{key}={value} is refused by the panel: it is out of range.")
    if console.permit is not None and not settings.within(console.permit, would_be):
        raise ConfigError(f"{key}={value} is refused by the panel: the permit does not allow it.")
    console.stand_by(logs.BY_PANEL)
    console.host.proposal = None
    console.emission.tube.forget()
    settings.put(would_be)
    console.note(logs.SETTINGS_CHANGED, 1)


def _service(console: Console, value: str) -> None:
    inputs = console.inputs
    if value == inputs.service:
        return
    if value == "on":
        if console.state != LOCKED:
            raise ConfigError("SERVICE is entered from LOCKED alone.")
        inputs.service = "on"
        console.go(SERVICE)
        console.note(logs.SERVICE_ENTERED)
        return
    inputs.service = "off"
    if console.state == SERVICE:
        console.tell_service_pulses()
        console.keys.hand_ns = None
        console.note(logs.SERVICE_LEFT)
        console.go(LOCKED)


def _service_pulses(console: Console, how_many: int) -> None:
    """Pulses of an engineer, into the console's own absorber: no light leaves, they all count."""
    console.service_pulses += how_many
    console.memory.counters.pulses += how_many


def _in_service(console: Console, key: str) -> None:
    if console.state != SERVICE:
        raise ConfigError(f"{key} has no effect outside SERVICE. Set service=on first, in LOCKED.")


def _ready(console: Console) -> None:
    """A key may always be pressed; here it does nothing unless all of this holds."""
    if (
        console.state != STANDBY
        or console.host.lease_ends_ns is None
        or console.reset_required
        or console.inputs.footswitch == "pressed"
        or causes.ready_key_is_dead(console)
    ):
        return
    console.go(ARMING)
    console.host.asked_until_ns = None
    console.note(logs.ARMED)


def _standby(console: Console) -> None:
    console.stand_by(logs.BY_PANEL)


def _reset(console: Console) -> None:
    if causes.interlocked(console.inputs):
        raise ConfigError("The RESET key has no effect while an interlock is open.")
    if console.reset_required:
        console.reset_required = False
        console.note(logs.WAS_RESET)


def _clear(console: Console) -> None:
    console.clear()
    if console.state == FAULT:
        raise ConfigError("The fault is not cleared: its cause is still there.")


def _accept(console: Console) -> None:
    _in_service(console, "accept_key")
    console.keys.hand_ns = console.now_ns


_PRESSES: Mapping[str, Callable[[Console], None]] = {
    "ready_key": _ready,
    "standby_key": _standby,
    "reset_key": _reset,
    "clear_key": _clear,
    "accept_key": _accept,
}
