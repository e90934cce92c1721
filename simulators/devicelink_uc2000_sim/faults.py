"""The faults of the simulated UC-2000's own, and its named broken set-ups."""

from __future__ import annotations

from devicelink_simulation.device import Setup
from devicelink_simulation.faults import FaultKind
from devicelink_simulation.wired import REBOOT, STUCK_ACK

FAULTS: tuple[FaultKind, ...] = (
    FaultKind("refused_off", "lase off (76) is answered NAK and ignored"),
    STUCK_ACK,
    REBOOT,
    FaultKind(
        "frozen_status",
        "the status goes on saying what held when it began; commands are still carried out",
        lasting=True,
    ),
)

_LASING = {"lase": "on", "percent": "30"}
_LIT = {**_LASING, "gate_logic": "pull_up", "gate_input": "open"}

SETUPS: dict[str, Setup] = {
    "left_lasing": Setup("somebody left lase on, the gate floats high", _LIT),
    "left_waiting": Setup(
        "somebody left lase on, dark until the gate is high", {**_LASING, "gate_logic": "pull_down"}
    ),
    "local_control": Setup("the controller does not listen to the host", {"remote": "off"}),
    "local_lasing": Setup("lasing from the panel, deaf to the host", {"remote": "off", **_LIT}),
    "gate_pull_up": Setup("light needs no gate signal", {"gate_logic": "pull_up"}),
    "open_cable": Setup(
        "the gate's cable is lost while it is pulled up",
        {"gate_logic": "pull_up", "gate_input": "open"},
    ),
    "held_gate": Setup(
        "the gate is high all the time", {"gate_logic": "pull_down", "gate_input": "high"}
    ),
    "interlock_open": Setup("the tube's interlock is open", {"interlock": "open"}),
    "key_off": Setup("the tube's key is off", {"key": "off"}),
    "hot_room": Setup(
        "heats up until the tube trips by itself", {"ambient_c": "70", "temperature_c": "58"}
    ),
    "worn_tube": Setup("the tube has lost 40 % of its power", {"wear_percent": "40"}),
    "light_by_itself": Setup("the RF driver is stuck on", {"rf_driver": "stuck_on"}),
    "long_tickle": Setup("the pulses without lase are light", {"tickle_us": "1.5"}),
    "dead_tube": Setup("the RF driver is dead", {"rf_driver": "dead"}),
    "analog": Setup(
        "a voltage commands the power, at 60 %", {"mode": "anv", "analog_input_percent": "60"}
    ),
    "lases_on_power_up": Setup(
        "lase goes on by itself after power-on", {"lase_on_power_up": "enabled"}
    ),
    "refuses_off": Setup("lase off is refused and ignored", {}, ("refused_off",)),
    "only_acknowledges": Setup("every command is acknowledged, none works", {}, ("stuck_ack",)),
    "old_firmware": Setup(
        "no checksums and no start byte, as firmware before 2.4 may be",
        {"checksum": "off", "start_byte": "off", "version": "2"},
    ),
}
