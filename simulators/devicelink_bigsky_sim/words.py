"""The commands: what each answers, and what it does before the answer leaves.

A command reads the laser and hands back what it does as `deed`, so that a planted fault can
acknowledge and do nothing.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from devicelink.runtime import seconds
from devicelink_bigsky_sim import causes
from devicelink_bigsky_sim.physics import FIRING, RUNNING, SIMMER, SINGLE, STANDBY
from devicelink_bigsky_sim.registers import state_text, wor
from devicelink_bigsky_sim.settings import NUMBERS, SWITCHES

if TYPE_CHECKING:
    from collections.abc import Callable

    from devicelink_bigsky_sim.physics import Laser
    from devicelink_bigsky_sim.registers import Registers
    from devicelink_bigsky_sim.settings import Number, Switch

_COMMAND = re.compile(r"([A-Z]+)([0-9]*)")
_F_PER_C, _F_AT_0_C = 1.8, 32
_REGISTERS = {"IF": "IF", "IF1": "IF", "IF2": "IF2", "IQ": "IQ"}


class Outcome(NamedTuple):
    """The text of the reply (None: silence), and the deed."""

    text: str | None
    deed: Callable[[], None] | None = None
    refused: bool = False


def word_of(command: str) -> str:
    """Its word for faults: the whole command where it is one of few, else without its number."""
    match = _COMMAND.fullmatch(command)
    if match is None:
        return command
    return match[1] if match[1] in NUMBERS else command


def carry_out(laser: Laser, registers: Registers, command: str) -> Outcome | None:
    """The outcome of a command in upper case; None where it is none."""
    inputs = laser.inputs
    if inputs.dialect == "ultra" and command in _ULTRA:
        return _ULTRA[command](laser)
    if command in _REGISTERS:
        name = _REGISTERS[command]
        return Outcome(registers.read(name), partial(registers.take, name))
    if command in _TOLD:
        return Outcome(_TOLD[command](laser))
    if command in _DONE:
        return _DONE[command](laser)
    if command == "":
        return Outcome(state_text(laser) if inputs.empty_line == "state" else None)
    match = _COMMAND.fullmatch(command)
    word, digits = match.groups() if match else ("", "")
    if word in NUMBERS:
        return _number(laser, NUMBERS[word], digits)
    if word in SWITCHES:
        return _switch(laser, SWITCHES[word], digits)
    return None


def _number(laser: Laser, setting: Number, digits: str) -> Outcome:
    if not digits:
        return Outcome(setting.shown(laser, setting.value(laser)))
    value = int(digits) / setting.scale
    if not setting.allows(laser, value):
        if laser.inputs.out_of_range == "clamped":
            value = setting.nearest(laser, value)
            return Outcome(setting.shown(laser, value), partial(setting.set, laser, value))
        return _out_of_range(laser, setting.shown(laser, setting.value(laser)))
    return Outcome(setting.shown(laser, value), partial(setting.set, laser, value))


def _switch(laser: Laser, setting: Switch, digits: str) -> Outcome | None:
    shown = setting.shown(getattr(laser.inputs, setting.name))
    if not digits:
        return Outcome(shown)
    if len(digits) > 1:
        return None
    value = int(digits)
    if value > setting.last:
        if laser.inputs.out_of_range != "clamped":
            return _out_of_range(laser, shown)
        value = setting.last
    if not setting.allows(laser):
        return Outcome(shown)
    return Outcome(setting.shown(value), partial(laser.change, setting.name, value))


def _out_of_range(laser: Laser, unchanged: str) -> Outcome:
    return Outcome(None if laser.inputs.out_of_range == "silent" else unchanged)


def _lamp(laser: Laser, how: str) -> Outcome:
    """`A`, `M`."""
    for _, text in causes.of_lamp(laser):
        return Outcome(text or state_text(laser), refused=True)
    deed = laser.fire if how == FIRING else laser.simmer
    already = laser.lamp == how
    return Outcome(state_text(laser, how, switching=None if already else False), deed)


def _fire_by(laser: Laser, lamp_mode: int) -> Outcome:
    """`A` and `E` of the other firmware: the lamp fires by triggers inside, or outside."""
    refused = _lamp(laser, FIRING)
    if refused.refused:
        return refused

    def fire() -> None:
        laser.change("lamp_mode", lamp_mode)
        laser.fire()

    return Outcome("fire ext" if lamp_mode else "fire auto", fire)


def _q_switch(laser: Laser, how: str) -> Outcome:
    """`PQ`, `OQ`; that they are answered with the state where the lamp does not fire is ours."""
    if laser.lamp != FIRING:
        return Outcome(state_text(laser))
    refusal = causes.refusal_of_q_switch(laser)
    if refusal is not None:
        return Outcome(refusal, refused=True)
    return Outcome(state_text(laser, switching=True), partial(laser.arm, how))


def _shutter(laser: Laser, *, to_open: bool) -> Outcome:
    """`R0`, `R1`; a blade that is stuck and read shows itself."""
    inputs = laser.inputs
    shows_blade = inputs.shutter_blade == "stuck" and inputs.shutter_reads == "blade"
    shown = laser.shutter.open if shows_blade else to_open
    return Outcome(_shutter_text(is_open=shown), partial(laser.move_shutter, to_open=to_open))


def _shutter_text(*, is_open: bool) -> str:
    return "shutter opened" if is_open else "shutter closed"


def _pump(laser: Laser, digit: str) -> Outcome:
    value = "on" if digit == "1" else "off"
    return Outcome(f"CG pump       {digit}", lambda: laser.set("pump", value))


def _reset(laser: Laser, name: str, text: str) -> Outcome:
    return Outcome(f"{text}{0:09d}", partial(setattr, laser.inputs, name, 0))


def _volts(laser: Laser, label: str, volts: float) -> str:
    fill = "0" if laser.inputs.value_pad == "zero" else " "
    return f"voltage {label}{volts:{fill}>4.0f}V"


def _time(laser: Laser) -> str:
    since_s = seconds(laser.now_ns - laser.begin_ns)
    hours, minutes = divmod(laser.inputs.operating_minutes + int(since_s // 60), 60)
    return f"ct time {hours % 10_000:4d}:{minutes:02d}"


_TOLD: dict[str, Callable[[Laser], str]] = {
    "SN": lambda laser: (
        f"{'S/Number' if laser.inputs.sn_capital == 'on' else 's/number'}    {laser.inputs.serial}"
    ),
    "X": lambda laser: laser.inputs.model,
    "DAT": lambda laser: laser.inputs.firmware_date,
    "T": _time,
    "CG": lambda laser: f"temp. CG {laser.coolant_c:02.0f} d",
    "CGF": lambda laser: f"temp. CG {laser.coolant_c * _F_PER_C + _F_AT_0_C:03.0f} F",
    "VA": lambda laser: _volts(laser, "ac", laser.capacitor.sampled_v),
    "VI": lambda laser: _volts(laser, "it", laser.capacitor.volts(laser.inputs, laser.now_ns)),
    "C": lambda laser: f"ct LP {laser.inputs.lamp_shots:09d}",
    "UC": lambda laser: f"cu LP {laser.inputs.user_lamp_shots:09d}",
    "CQ": lambda laser: f"ct QS {laser.inputs.q_switch_shots:09d}",
    "UCQ": lambda laser: f"cu QS {laser.inputs.user_q_switch_shots:09d}",
    "IHG": lambda laser: f"IHG           {int(laser.inputs.harmonic_temperature == 'failed')}",
    "WOR": wor,
    "P": lambda laser: f"CG pump       {int(laser.inputs.pump == 'on')}",
    "R": lambda laser: _shutter_text(is_open=laser.shutter_shows_open),
    "ECH": lambda _: "echo on",
}

_DONE: dict[str, Callable[[Laser], Outcome]] = {
    "A": lambda laser: _lamp(laser, FIRING),
    "M": lambda laser: _lamp(laser, SIMMER),
    "S": lambda laser: Outcome(state_text(laser, STANDBY), laser.stop),
    "PQ": lambda laser: _q_switch(laser, RUNNING),
    "OQ": lambda laser: _q_switch(laser, SINGLE),
    "SQ": lambda laser: Outcome(state_text(laser, switching=False), laser.disarm),
    "R0": lambda laser: _shutter(laser, to_open=False),
    "R1": lambda laser: _shutter(laser, to_open=True),
    "P0": lambda laser: _pump(laser, "0"),
    "P1": lambda laser: _pump(laser, "1"),
    "UC0": lambda laser: _reset(laser, "user_lamp_shots", "cu LP "),
    "UCQ0": lambda laser: _reset(laser, "user_q_switch_shots", "cu QS "),
    "SUC": lambda laser: Outcome("user ct saved", laser.save_user_shots),
    "SAV1": lambda laser: Outcome("Save config.  1", laser.save),
    "ECH0": lambda laser: Outcome(None, lambda: laser.change("echo", 0)),
    "ECH1": lambda laser: Outcome("echo on", lambda: laser.change("echo", 1)),
}

_ULTRA: dict[str, Callable[[Laser], Outcome]] = {
    "A": lambda laser: _fire_by(laser, 0),
    "E": lambda laser: _fire_by(laser, 1),
    "ST": lambda laser: Outcome(state_text(laser)),
}
"""What the other firmware means by these words; the texts of its replies are ours [?]."""
