"""From settings as people write them to what a console is asked to change, and why it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink.errors import DeviceFault, ProtocolError
from devicelink_olcp.parameters import BY_NUMBER, BY_SETTING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devicelink.driver import Settings
    from devicelink_olcp.parameters import Block, Caps


def wanted(settings: Settings) -> dict[int, int]:
    """By parameter number; raises `ProtocolError` (ours) for what the wire cannot say."""
    unknown = [name for name in settings if name not in BY_SETTING]
    if unknown:
        raise ProtocolError(f"The driver olcp knows no setting {unknown[0]!r}; nothing was set.")
    known = [BY_SETTING[name] for name in settings]
    return {each.number: each.asked(settings[each.setting]) for each in sorted(known)}


def changes(asked: Mapping[int, int], caps: Caps, force: Block) -> dict[int, int]:
    """What has to be proposed: what is not in force already.

    Raises `DeviceFault` where the console has no such setting, or does not let it be changed.
    """
    differ = {n: value for n, value in asked.items() if force.values.get(n) != value}
    for number in differ:
        if number not in force.values and number not in caps.ranges:
            parameter = BY_NUMBER[number]
            if not force.handpiece_serial:
                raise DeviceFault(
                    f"The laser has no {parameter.name} now, and tells no handpiece: connect one, "
                    "then begin anew. Nothing was set."
                )
            raise DeviceFault(
                f"This laser has no {parameter.name}, or not with the handpiece and tip that are "
                f"in place: take {parameter.setting} out of the settings. Nothing was set."
            )
    if differ and not caps.host_settings:
        dial = ", ".join(_beside(n, value, force) for n, value in differ.items())
        raise DeviceFault(
            f"This laser's settings are made at its panel alone. Set there: {dial}. "
            "Then begin anew."
        )
    fixed = [n for n in differ if not caps.can_change(n)]
    if fixed:
        parameter = BY_NUMBER[fixed[0]]
        raise DeviceFault(
            f"This laser does not let its {parameter.name} be changed from here: "
            f"{_beside(fixed[0], differ[fixed[0]], force)}. Ask for what it is, or take "
            f"{parameter.setting} out of the settings. Nothing was set."
        )
    return differ


def require_as_asked(proposed: Block, asked: Mapping[int, int], force: Block) -> None:
    """Raises `DeviceFault` where the proposal is anything else than what is in force and asked."""
    expected = {**force.values, **asked}
    for number, value in expected.items():
        would_be = proposed.values.get(number)
        if would_be == value:
            continue
        became = "nothing" if would_be is None else _said(number, would_be)
        if number in asked:
            raise DeviceFault(
                f"The laser would make {became} of the {_name(number)} {_said(number, value)}. "
                "Choose a value that it has. Nothing was set."
            )
        raise DeviceFault(
            f"The laser would also make its {_name(number)} {became}; it is "
            f"{_said(number, value)}. Ask for both in the settings. Nothing was set."
        )
    added = [number for number in proposed.values if number not in expected]
    if added:
        raise DeviceFault(
            f"The laser would also make its {_name(added[0])} "
            f"{_said(added[0], proposed.values[added[0]])}. Ask for that too in the settings. "
            "Nothing was set."
        )


def _name(number: int) -> str:
    return BY_NUMBER[number].name if number in BY_NUMBER else f"parameter {number}"


def _said(number: int, value: int) -> str:
    return BY_NUMBER[number].said(value) if number in BY_NUMBER else str(value)


def _beside(number: int, value: int, force: Block) -> str:
    """What is asked for, and what it is now."""
    now = force.values.get(number)
    told = "it tells none" if now is None else f"it says {_said(number, now)}"
    return f"{_name(number)} {_said(number, value)} ({told})"
