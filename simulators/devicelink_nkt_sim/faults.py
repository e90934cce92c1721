"""The faults of the simulated NKT laser's own, and its named broken set-ups."""

from __future__ import annotations

from devicelink_simulation.device import Setup
from devicelink_simulation.faults import FaultKind
from devicelink_simulation.wired import REBOOT, STUCK_ACK

FAULTS: tuple[FaultKind, ...] = (
    FaultKind("refused_off", "emission off (30 = 0) is answered NACK and ignored"),
    FaultKind("busy", "a command is answered BUSY and not carried out"),
    FaultKind("nack", "a command is answered NACK and not carried out"),
    STUCK_ACK,
    REBOOT,
    FaultKind(
        "frozen_status",
        "status, error code, power and temperature go on reading what they did when it began; "
        "commands are still carried out",
        lasting=True,
    ),
)

SETUPS: dict[str, Setup] = {
    "left_emitting": Setup("somebody left emission on", {"emission": "on"}),
    "interlock_open": Setup("the interlock loop is open", {"interlock": "open"}),
    "another_host": Setup("another host polls the laser on the same wire", {"second_host": "0xA5"}),
    "drops_replies": Setup("every fifth reply is lost", {"drop_every": "5"}),
    "disabled": Setup("the module is disabled", {"module": "disabled"}),
    "low_supply": Setup("the supply voltage is low", {"supply_v": "9.5"}),
    "cold_room": Setup(
        "the module is too cold for light", {"ambient_c": "-5", "temperature_c": "-5"}
    ),
    "hot_room": Setup(
        "heats up until emission ends by itself", {"ambient_c": "70", "temperature_c": "58"}
    ),
    "worn": Setup(
        "the laser has lost half of its power", {"wear_percent": "50", "power_mode": "current"}
    ),
    "slow_start": Setup("light comes three seconds after emission on", {"emission_delay_s": "3"}),
    "drifting": Setup("the wavelength is far from its set-point", {"wavelength_settles_s": "300"}),
    "silent_refusal": Setup(
        "emission on is acknowledged while the interlock is open, nothing tells why it is dark",
        {"interlock": "open", "interlock_write": "ack"},
    ),
    "noisy_status": Setup("status bits of unknown meaning are set", {"status_bits": "0x278C"}),
    "refuses_off": Setup("emission off is refused and ignored", {}, ("refused_off",)),
    "only_acknowledges": Setup("every command is acknowledged, none works", {}, ("stuck_ack",)),
    "frame": Setup("an ADJUSTIK frame answers at address 80", {"frame_address": "0x80"}),
    "amplifier": Setup(
        "a BOOSTIK HPA, which speaks in lines of text", {"wire": "boostik", "current_a": "2"}
    ),
    "modulated": Setup(
        "external modulation of the amplitude was left on", {"setup_bits": "0x0204"}
    ),
    "legacy": Setup(
        "an older BasiK with other registers", {"module_type": "0x21", "address": "0x0A"}
    ),
}
