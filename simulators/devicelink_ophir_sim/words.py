"""The `$` commands: what each says and does. Failures are one of four kinds.

A handler reads the meter and hands back what the command does as `deed`, so that a planted fault
can acknowledge and do nothing. `[?]` marks our own reading.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devicelink_ophir_sim.inputs import BAUDS
from devicelink_ophir_sim.meter import AUTO, ENERGY, OTHER_MODES, POWER, Meter
from devicelink_ophir_sim.thresholds import THRESHOLDS

if TYPE_CHECKING:
    from devicelink_ophir_sim.inputs import Inputs

_WHOLE = re.compile(r"-?[0-9]{1,9}")
_NM = re.compile(r"[0-9]{1,6}(\.[0-9]{1,3})?")
_KINDS = {"thermopile": "TH", "pyroelectric": "PY", "none": "XX"}
_OF_MODE = {2: POWER, 3: ENERGY}
_MODES = {name: number for number, name in (_OF_MODE | OTHER_MODES).items()}
_UNITS = {POWER: "W", ENERGY: "J", "exposure": "J"}


@dataclass(frozen=True, slots=True)
class Said:
    """Success: the text after `*`; `spaced` where the sources' examples have a space before it."""

    text: str = ""
    deed: Callable[[], None] | None = None
    spaced: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """The text after `?`."""

    text: str


BAD_COMMAND = Failed("BAD COMMAND")
BAD_PARAMETER = Failed("PARAM ERROR")
WRONG_HEAD = Failed("WRONG HEAD")
NOT_SAVED = Failed("FAILED")
OUT_OF_RANGE = Failed("OUT OF RANGE")
SEEN = frozenset({"FAILED", "OUT OF RANGE"})
"""Texts that a source has, whatever other failures say."""

Outcome = Said | Failed
Handler = Callable[[Meter, str], Outcome]


def number(value: float | None, inputs: Inputs) -> str:
    """A reading: four digits and an exponent, or OVER."""
    if value is None:
        return "OVER"
    digits, exponent = f"{value:.3E}".split("E")
    if inputs.exponent == "short":
        return f"{digits}E{int(exponent)}"
    return f"{digits}E{int(exponent):+03d}"


def label(value: float, unit: str) -> str:
    """A full scale of three digits: 30.0mW."""
    for power, prefix in ((3, "k"), (0, ""), (-3, "m"), (-6, "u"), (-9, "n")):
        if value >= 10**power * 0.9995 or prefix == "n":
            scaled = value / 10**power
            decimals = max(0, 3 - len(f"{scaled:.0f}"))
            return f"{scaled:.{decimals}f}{prefix}{unit}"
    raise AssertionError(value)


def _done(deed: Callable[[], None] | None = None) -> Said:
    return Said("", deed)


def _asked(text: str, count: int) -> int | None:
    """A whole number from 1 to `count`, or None."""
    return int(text) if _WHOLE.fullmatch(text) and 1 <= int(text) <= count else None


def _instrument(meter: Meter, _: str) -> Outcome:
    inputs = meter.inputs
    told = (inputs.instrument_id, inputs.instrument_serial, inputs.instrument_name)
    return Said(" ".join(told), spaced=True)


def _head(meter: Meter, _: str) -> Outcome:
    inputs = meter.inputs
    kind = _KINDS[inputs.head] if inputs.head_kind == "as_head" else inputs.head_kind
    told = (kind, inputs.head_serial, inputs.head_name, f"{inputs.capabilities:08X}")
    return Said(" ".join(told), spaced=True)


def _version(meter: Meter, _: str) -> Outcome:
    inputs = meter.inputs
    return Said(inputs.boot_firmware if inputs.boot_mode == "on" else inputs.firmware)


def _with_head(handler: Handler) -> Handler:
    return lambda meter, text: handler(meter, text) if meter.has_head else WRONG_HEAD


def _power(meter: Meter, _: str) -> Outcome:
    """The next reading, which is not made yet: the device lets it wait."""
    if meter.host.mode != POWER:
        return BAD_COMMAND
    return Said(number(meter.power_w(meter.next_reading_ns()), meter.inputs))


def _energy(meter: Meter, _: str) -> Outcome:
    def read() -> None:
        meter.flag = False

    if meter.host.mode != ENERGY:
        return BAD_COMMAND
    return Said(number(meter.last_j, meter.inputs), read)


def _frequency(meter: Meter, _: str) -> Outcome:
    if not meter.inputs.capabilities >> 31 & 1:
        return WRONG_HEAD
    return Said(number(meter.frequency_hz, meter.inputs))


def _mode(meter: Meter, text: str) -> Outcome:
    """`$MM`: what this simulator does not measure is refused [?]."""
    if text == "0":
        return Said(str(_MODES[meter.host.mode]))
    asked = _asked(text, 5)
    if asked is None:
        return BAD_PARAMETER
    if asked in OTHER_MODES:
        return WRONG_HEAD
    return _force(_OF_MODE[asked])(meter, "")


def _force(mode: str) -> Handler:
    """`$FP`, `$FE`."""

    def handle(meter: Meter, _: str) -> Outcome:
        if not meter.inputs.capabilities >> (0 if mode == POWER else 1) & 1:
            return WRONG_HEAD
        same = meter.host.mode == mode
        return _done(None if same else lambda: meter.change(mode=mode, range_index=0))

    return handle


def _ranges(meter: Meter, _: str) -> Outcome:
    unit = "W" if meter.host.mode == POWER else "J"
    auto = ["AUTO"] if meter.auto_listed else []
    told = [*auto, *(label(scale, unit) for scale in meter.scales)]
    return Said(f"{meter.host.range_index} {' '.join(told)}", spaced=True)


def _choose_range(meter: Meter, text: str) -> Outcome:
    if not _WHOLE.fullmatch(text):
        return BAD_PARAMETER
    index = int(text)
    lowest = AUTO if meter.auto_listed else 0
    if not lowest <= index < len(meter.scales):
        return BAD_PARAMETER
    return _done(lambda: meter.change(range_index=index))


def _wavelengths(meter: Meter, _: str) -> Outcome:
    host, inputs = meter.host, meter.inputs
    told = " ".join(host.entries)
    if meter.discrete:
        return Said(f"DISCRETE {host.current + 1} {told}")
    limits = f"{inputs.wavelength_low_nm:g} {inputs.wavelength_high_nm:g}"
    return Said(f"CONTINUOUS {limits} {host.current + 1} {told}")


def _choose_entry(meter: Meter, text: str) -> Outcome:
    """`$WI`; an entry that is NONE cannot be chosen [?]."""
    asked = _asked(text, len(meter.host.entries))
    if asked is None or meter.host.entries[asked - 1] == "NONE":
        return BAD_PARAMETER
    return _done(lambda: meter.change(current=asked - 1))


def _set_wavelength(meter: Meter, text: str) -> Outcome:
    return WRONG_HEAD if meter.discrete else _define(meter, meter.host.current, text)


def _define_entry(meter: Meter, text: str) -> Outcome:
    place, _, nm = text.partition(" ")
    asked = _asked(place, len(meter.host.entries))
    if meter.discrete:
        return WRONG_HEAD
    return BAD_PARAMETER if asked is None else _define(meter, asked - 1, nm.strip())


def _define(meter: Meter, place: int, nm: str) -> Outcome:
    inputs = meter.inputs
    if not _NM.fullmatch(nm):
        return BAD_PARAMETER
    if not inputs.wavelength_low_nm <= float(nm) <= inputs.wavelength_high_nm:
        return BAD_PARAMETER
    return _done(lambda: meter.change(entries=_with(meter.host.entries, place, nm)))


def _erase_entry(meter: Meter, text: str) -> Outcome:
    """`$WE`; the current entry cannot be erased [?]."""
    asked = _asked(text, len(meter.host.entries))
    if meter.discrete:
        return WRONG_HEAD
    if asked is None or asked - 1 == meter.host.current:
        return BAD_PARAMETER
    return _done(lambda: meter.change(entries=_with(meter.host.entries, asked - 1, "NONE")))


def _choose_name(meter: Meter, text: str) -> Outcome:
    if not meter.discrete:
        return WRONG_HEAD
    if text not in meter.host.entries:
        return BAD_PARAMETER
    return _done(lambda: meter.change(current=meter.host.entries.index(text)))


def _with(entries: tuple[str, ...], place: int, entry: str) -> tuple[str, ...]:
    return (*entries[:place], entry, *entries[place + 1 :])


def _optic(knob: str, field: str) -> Handler:
    """`$FQ`, `$DQ`: 1 is OUT, 2 is IN; without an argument a query."""

    def handle(meter: Meter, text: str) -> Outcome:
        if getattr(meter.inputs, knob) == "none":
            absent = Said("1 N/A", spaced=True)
            return absent if meter.inputs.absent_optic == "not_applicable" else WRONG_HEAD
        if not text:
            return Said(f"{getattr(meter.host, field) + 1} OUT IN")
        asked = _asked(text, 2)
        if asked is None:
            return BAD_PARAMETER
        return _done(lambda: meter.change(**{field: asked == 2}))  # noqa: PLR2004  (2 is IN)

    return handle


def _listed(field: str, names: tuple[str, ...], *, spaced: bool, ask: str) -> Handler:
    """An index of a list: `ask` queries, another number sets."""

    def handle(meter: Meter, text: str) -> Outcome:
        now = getattr(meter.host, field)
        if text == ask:
            return Said(f"{now} {' '.join(names)}", spaced=spaced)
        asked = _asked(text, len(names))
        if asked is None:
            return BAD_PARAMETER
        told = f"{asked} {' '.join(names)}" if field == "mains" else ""
        return Said(told, lambda: meter.change(**{field: asked}), spaced)

    return handle


def _save(meter: Meter, text: str) -> Outcome:
    if text not in {"", "S"}:
        return BAD_PARAMETER
    if meter.inputs.save == "fails":
        return NOT_SAVED
    return Said("SAVED", meter.save) if meter.changed else Said("UNCHANGED")


def _save_zero(meter: Meter, _: str) -> Outcome:
    return _done(meter.save) if meter.zeroing == "COMPLETED" else NOT_SAVED


def _stream(meter: Meter, text: str) -> Outcome:
    if text not in {"0", "1"}:
        return BAD_PARAMETER
    if text == "1" and meter.inputs.interface == "rs232" and not meter.duplex:
        return BAD_COMMAND
    return _done(lambda: meter.stream(on=text == "1"))


def _duplex(meter: Meter, _: str) -> Outcome:
    def on() -> None:
        meter.duplex = True

    return _done(on)


_EVERYWHERE: dict[str, Handler] = {
    "HP": lambda _, __: _done(),
    "VE": _version,
    "RE": lambda meter, _: _done(lambda: meter.restart(meter.inputs.restart_s)),
    "II": _instrument,
    "HI": _head,
    "HT": lambda meter, _: Said(meter.inputs.head.upper(), spaced=True),
    "SI": _with_head(lambda meter, _: Said(_UNITS.get(meter.host.mode, "X"), spaced=True)),
    "SP": _with_head(_power),
    "SE": _with_head(_energy),
    "EF": _with_head(lambda meter, _: Said(str(int(meter.new_energy)))),
    "ER": _with_head(lambda meter, _: Said(str(int(meter.ready)))),
    "SF": _with_head(_frequency),
    "FP": _with_head(_force(POWER)),
    "FE": _with_head(_force(ENERGY)),
    "MM": _with_head(_mode),
    "AR": _with_head(_ranges),
    "RN": _with_head(lambda meter, _: Said(str(meter.host.range_index))),
    "WN": _with_head(_choose_range),
    "SX": _with_head(lambda meter, _: Said(number(meter.scale, meter.inputs))),
    "AW": _with_head(_wavelengths),
    "WI": _with_head(_choose_entry),
    "WL": _with_head(_set_wavelength),
    "WD": _with_head(_define_entry),
    "WE": _with_head(_erase_entry),
    "WW": _with_head(_choose_name),
    "DQ": _with_head(_optic("diffuser", "diffuser_in")),
    "FQ": _with_head(_optic("filter", "filter_in")),
    "MA": _listed("mains", ("50Hz", "60Hz"), spaced=True, ask=""),
    "BR": _listed("baud", BAUDS, spaced=False, ask="0"),
    "BC": lambda meter, _: Said(str(int(meter.inputs.battery == "ok"))),
    "ZE": _with_head(lambda meter, _: _done(meter.zero)),
    "ZQ": lambda meter, _: Said(f"ZEROING {meter.zeroing}"),
    "ZS": _with_head(_save_zero),
    "ZA": lambda meter, _: _done(meter.stop_zeroing),
    "IC": _save,
    "HC": lambda meter, text: _save(meter, text) if text == "S" else BAD_PARAMETER,
    "CS": _with_head(_stream),
    "DU": _duplex,
}
_EA1 = {
    **_EVERYWHERE,
    "ET": _listed("threshold", ("LOW", "MEDIUM", "HIGH")[: len(THRESHOLDS)], spaced=False, ask=""),
}
_NOVA = {word: handler for word, handler in _EVERYWHERE.items() if word not in {"MM", "WI"}}

WORDS: dict[str, dict[str, Handler]] = {
    "ea1": _EA1,
    "nova": _NOVA,
    "nova2": _EVERYWHERE,
    "vega": _EVERYWHERE,
}
"""By instrument. That the EA-1 knows `$MM`, and newer ones `$FP` and `$FE`, is our reading [?]."""
MODE_WORDS = {"both": (), "mm": ("FP", "FE"), "force": ("MM",)}
"""Which words of setting the mode an instrument does not know."""
BOOT_WORDS = ("HP", "VE", "RE")
WHILE_ZEROING = ("ZQ", "HP", "ZA")
