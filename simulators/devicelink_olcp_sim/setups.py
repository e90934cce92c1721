"""Named broken set-ups, and the faults of the console's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink_olcp_sim import logs
from devicelink_simulation.device import Setup
from devicelink_simulation.faults import FaultKind
from devicelink_simulation.settable import choice, number, whole
from devicelink_simulation.wired import REBOOT, STUCK_ACK

if TYPE_CHECKING:
    from devicelink_olcp_sim.console import Console
    from devicelink_simulation.faults import Begun

UNEXPECTED_EMISSION, EVENT_FLOOD, COUNTER_LOST = (
    "unexpected_emission",
    "event_flood",
    "counter_lost",
)
ENDLESS_LEASE = "endless_lease"
BY_ITSELF = (UNEXPECTED_EMISSION, EVENT_FLOOD, COUNTER_LOST)
"""Faults that begin at a time and do something to the console then."""

FAULTS: tuple[FaultKind, ...] = (
    FaultKind(
        UNEXPECTED_EMISSION,
        "a pulse that nobody asked for leaves; it counts like any other. Key, interlocks and "
        "emergency stop end it in hardware",
        (
            number("seconds", "0.005", "how long it lasts", low=0.000001, high=1e6),
            choice("stays", ("no", "yes"), "yes: not even FAULT ends it"),
        ),
        lasting=True,
    ),
    FaultKind(ENDLESS_LEASE, "the lease does not end, whether the host lives or not", lasting=True),
    FaultKind("refused_lock", "LOCK is answered with what is sensed, and not carried out"),
    FaultKind(
        "frozen_status",
        "every STATUS payload goes on telling what held when it began; all else goes on",
        (choice("nonce", ("frozen", "fresh"), "fresh: but for its nonce, so that beats hold"),),
        lasting=True,
    ),
    FaultKind(
        EVENT_FLOOD,
        "interlock 1 chatters: so many events at once, a reset is required",
        (whole("events", "10000", "how many", low=1, high=30_000),),
        lasting=True,
    ),
    FaultKind(
        COUNTER_LOST,
        "the lifetime counter of pulses falls back",
        (whole("pulses", "1000", "by so many", low=1, high=1e9),),
        lasting=True,
    ),
    STUCK_ACK,
    REBOOT,
)

SETUPS: dict[str, Setup] = {
    "door_open": Setup("an interlock is open", {"interlock_1": "open"}),
    "key_off": Setup("the key is not ON", {"key": "off"}),
    "emergency_stop": Setup("the emergency stop is pressed", {"estop": "pressed"}),
    "footswitch_held": Setup("somebody stands on the footswitch", {"footswitch": "pressed"}),
    "footswitch_broken": Setup(
        "both contacts of the footswitch are closed", {"footswitch_contacts": "both"}
    ),
    "interlock_contacts_disagree": Setup(
        "the interlock's two contacts disagree", {"interlock_contacts": "disagree"}
    ),
    "scanner_stuck": Setup(
        "the scanner stands and nobody notices: all spots in one place", {"scanner": "stuck_unseen"}
    ),
    "cooling_lost": Setup(
        "cooling is lost and said to be well; it gets hot while light is made",
        {"cooling": "lost_unseen", "thermal_time_constant_s": "5"},
    ),
    "energy_high": Setup("half as much again of what is set", {"energy_error_percent": "60"}),
    "energy_drifts": Setup("more light each minute", {"drift_percent_per_min": "4"}),
    "energy_unseen": Setup(
        "half as much again, and its own sensor sees nothing of it",
        {"energy_error_percent": "50", "sensor_error_percent": "-33.3"},
    ),
    "worn": Setup("a third of the light is gone", {"wear_percent": "33"}),
    "port_drifted": Setup(
        "its calibration port reads a quarter too much", {"calibration_drift_percent": "25"}
    ),
    "shutter_stuck": Setup("the shutter stays where it is", {"shutter_blade": "stuck"}),
    "shutter_lies": Setup(
        "what is sensed of the shutter is what was commanded", {"shutter_reads": "command"}
    ),
    "blind_sensor": Setup("no emission is ever sensed", {"emission_sensor": "blind"}),
    "misfires": Setup("triggered pulses make no light", {"tube": "dark"}),
    "no_handpiece": Setup("nothing is plugged in", {"handpiece": "none"}),
    "no_tip": Setup("no tip is on the handpiece", {"tip": "none"}),
    "last_use": Setup("the tip is good for one more pulse or scan", {"tip_uses_left": "1"}),
    "panel_only": Setup("settings are made at its panel alone", {"settings_authority": "panel"}),
    "remote_ready": Setup("READY may be asked for by the host", {"remote_ready": "on"}),
    "self_test_fails": Setup("the shutter's self-test fails", {"self_test_fails": "2"}),
    "power_comes": Setup("power comes now: BOOT, SELF_TEST, LOCKED", {"start": "boot"}),
    "in_service": Setup("an engineer has it in SERVICE", {"service": "on"}),
    "rescaled": Setup("somebody changed its scale factor in service", {"scale_factor": "1.15"}),
    "counter_memory": Setup("the memory of its counters fails", {"counter_memory": "failed"}),
    "short_lease": Setup("it offers no lease above 400 ms", {"lease_max_ms": "400"}),
    "endless_lease": Setup("its lease does not end", {}, (ENDLESS_LEASE,)),
    "refuses_lock": Setup("LOCK is answered and not carried out", {}, ("refused_lock",)),
    "only_acknowledges": Setup("every command is acknowledged, none works", {}, ("stuck_ack",)),
    "log_overflows": Setup("more events than are kept", {}, (f"{EVENT_FLOOD}:events=10100",)),
}


def happen(console: Console, begun: Begun) -> None:
    """What a fault does that begins now."""
    parameters = begun.parameters
    if begun.name == COUNTER_LOST:
        counters = console.memory.counters
        counters.pulses = max(0, counters.pulses - int(parameters["pulses"], 0))
        return
    if console.restarting:
        return
    if begun.name == UNEXPECTED_EMISSION:
        stays = parameters["stays"] == "yes"
        console.emission.stray_light(float(parameters["seconds"]), console.now_ns, stays=stays)
    else:
        console.reset_required = True
        console.stand_by(logs.BY_INTERLOCK)
        for at in range(int(parameters["events"], 0)):
            console.note(logs.INTERLOCK_CLOSED if at % 2 else logs.INTERLOCK_OPENED, 1)
    console.settle()
