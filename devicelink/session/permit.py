"""The verdict: a pure function of recorded facts, and the permit that follows from it.

`judge` lists every finding, never only the first (design rule 6). The facts are recorded whole
with the verdict, so that the same function gives the same answer years later.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from devicelink.errors import Finding, Severity
from devicelink.link.port import PortKind
from devicelink.people.entitlement import judge_entitlement
from devicelink.session.relay_judgement import answers_for_dead_man, judge_relay, judged_later
from devicelink.treatment.checks import judge_meter
from devicelink.treatment.energy import judge_energy
from devicelink.treatment.sessions import HOST_TRIGGER_KINDS, NEED_CLIENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from devicelink.session.facts import Facts, ReadingFacts, SettingsFacts

READING_MAX_AGE_S = 2.0
READ_BACK_MAX_S = 0.7
"""To read settings and configuration back once. In READY that is done again and again, and what the
laser says of its state may never be older than a second."""
_COUNTS = ("unlock", "ready")

DISK_NEEDED_BYTES = 64 * 1024 * 1024
"""Reserved for the longest session (design rule 1)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Permitted or refused, with every finding."""

    findings: tuple[Finding, ...]

    @property
    def permitted(self) -> bool:
        """Whether nothing refuses."""
        return all(finding.severity is not Severity.REFUSE for finding in self.findings)

    def as_json(self) -> dict[str, object]:
        """As programs parse it."""
        return {
            "verdict": "permitted" if self.permitted else "refused",
            "findings": [finding.as_json() for finding in self.findings],
        }

    def summary(self) -> str:
        """What refuses, in one sentence: the first reason, and how many more there are."""
        refusing = [f.sentence for f in self.findings if f.severity is Severity.REFUSE]
        more = f" And {len(refusing) - 1} more." if len(refusing) > 1 else ""
        return f"{refusing[0]}{more}" if refusing else "Nothing refuses."


def judge(facts: Facts) -> Verdict:
    """Every finding, in the order in which a person would mend them."""
    entitlement = judge_entitlement(facts.person)
    found = [*_person(facts), *entitlement.findings]
    for look in _LOOKS:
        found.extend(look(facts))
    return Verdict(tuple(found))


def limits_of(facts: Facts) -> Mapping[str, tuple[Decimal | None, Decimal | None]]:
    """The intersection of all bounds, by setting (design rule 9)."""
    bounds = facts.settings.bounds if facts.settings else ()
    narrowed: dict[str, tuple[Decimal | None, Decimal | None]] = {}
    for bound in bounds:
        lowest, highest = narrowed.get(bound.setting, (None, None))
        lows = [n for n in (lowest, _number(bound.lowest)) if n is not None]
        highs = [n for n in (highest, _number(bound.highest)) if n is not None]
        narrowed[bound.setting] = (max(lows, default=None), min(highs, default=None))
    return narrowed


def same_value(one: str, other: str) -> bool:
    """Whether two settings mean the same; numbers by value, words to the letter."""
    first, second = _number(one), _number(other)
    return first == second if first is not None and second is not None else one == other


def _person(facts: Facts) -> Iterator[Finding]:
    if not facts.signed_in and facts.purpose == "check":
        yield _warn(
            "pin_not_checked",
            "The PIN was not asked for in this check.",
            "It is asked for when the session starts.",
        )
    elif not facts.signed_in:
        yield _refuse("pin_not_verified", "Nobody has signed in.", "Sign in with your PIN.")


def _station(facts: Facts) -> Iterator[Finding]:
    station = facts.station
    if station.clock_suspect:
        yield _refuse(
            "clock_suspect",
            "The station's clock went back or jumped, so no date can be believed.",
            "Set the clock right, then: devicelink station confirm-clock --by ADMINISTRATOR",
        )
    if station.journal_problem:
        yield _refuse(
            "journal_not_writable",
            f"No record can be kept: {station.journal_problem}",
            "Look at the disk (full, read-only, failing) and who may write there; see devicelink "
            "station doctor. Without a record there is no light.",
        )
    if station.kept_folder_problem:
        yield _refuse(
            "kept_folder_missing",
            f"The folder for facts that the journal cannot take is not usable: "
            f"{station.kept_folder_problem}",
            "Make it again, readable and writable for this station's user alone; devicelink "
            "station doctor says how.",
        )
    if station.mirror_problem:
        yield _warn(
            "mirror_missing",
            f"A roll-back of the journal would not be noticed: {station.mirror_problem}",
            "It is written anew as the session begins. Ask who removed or changed it.",
        )
    if station.disk_free_bytes < DISK_NEEDED_BYTES:
        free_mib = station.disk_free_bytes // 1024**2
        yield _refuse(
            "disk_full",
            f"The disk has {free_mib} MiB left; a session may need 64 MiB.",
            "Free some space on the station's disk; never by removing the station's own files.",
        )
    if facts.device.driver not in station.drivers_allowed:
        yield _refuse(
            "driver_not_allowed",
            f"This station does not allow the driver {facts.device.driver}.",
            "Register the laser with a driver that the station allows. Those were named when the "
            "station was made.",
        )
    if not facts.device.port_belongs:
        kind = "simulated" if station.simulated else "real"
        yield _refuse(
            "port_of_other_kind",
            f"This is a {kind} station, and {facts.device.port} is "
            f"{PortKind(facts.device.port_kind).words}.",
            "Simulated lasers belong to simulated stations, real lasers to real ones.",
        )
    if facts.guard == "none":
        tell = _warn if station.simulated else _refuse
        yield tell(
            "no_guard",
            "No guard process can stand by: this laser lives inside the program itself.",
            "Only simulated lasers (sim://) are used so.",
        )


def _device(facts: Facts) -> Iterator[Finding]:
    device = facts.device
    if device.released is not None:
        yield _refuse(
            "device_released",
            f"The laser {device.serial} is {device.released}.",
            f"When it is back: devicelink device return {device.serial} --by ID",
        )
    for code, sentence in device.holds:
        yield _refuse(
            f"held_{code}",
            f"The laser {device.serial} is held: {sentence}",
            f"When its cause is gone: devicelink device acknowledge {device.serial} --by ID",
        )
    if device.problem:
        code, sentence = device.problem
        yield _refuse(code, sentence, _DEVICE_REMEDIES[code].format(serial=device.serial))
    if device.identity == "asserted":
        yield from _needs_acceptance(
            facts,
            "identity_asserted",
            f"The laser cannot tell its serial number; {device.serial} is what its label says.",
        )
    unfinished = not (device.maker and device.model and device.udi)
    engine = facts.driver is not None and not facts.driver.complete_product
    if facts.kind in NEED_CLIENT and engine and unfinished:
        yield _refuse(
            "product_incomplete",
            f"{device.serial} is a laser engine; the complete product it is built into is "
            "not registered.",
            f"Register it with its product, and with its --set and --trigger as before: devicelink "
            f"device add {device.serial} --driver {device.driver} --port PORT --maker MAKER "
            "--model MODEL --udi UDI --by ID",
        )


_DEVICE_REMEDIES = {
    "device_busy": "End the session there, or take its light away: devicelink lock {serial}",
    "port_unavailable": "Check cable and power, then say the command again.",
    "wrong_device": "Check which laser is plugged in, and which is registered: devicelink device "
    "list",
    "device_not_answering": "Check that the laser is on, its cable, and its registered speed.",
    "driver_unusable": "Ask whoever keeps this station to mend the driver.",
    "lock_unconfirmed": "Press its own red emergency stop. With cable and power back: devicelink "
    "lock {serial}. With its power removed: devicelink device attest-off {serial} --by ID",
}


def _reading(facts: Facts) -> Iterator[Finding]:
    reading = facts.reading
    if reading is None:
        device = facts.device
        if device.problem is None and device.port_belongs and device.released is None:
            yield _refuse(
                "device_not_read",
                "The laser was not asked how it is.",
                "Say the command again. If this comes back, ask whoever keeps this station: "
                "devicelink station doctor",
            )
        return
    if facts.purpose in _COUNTS and reading.age_s > READING_MAX_AGE_S:
        yield _refuse(
            "reading_too_old",
            f"What the laser said is {reading.age_s:.1f} s old.",
            "Say the command again. If this comes back, the computer has too much to do: end other "
            "programs on it.",
        )
    if reading.unexpected_emission or reading.can_make_light or reading.output_seen == "yes":
        yield _light_before(reading)
    reading = judged_later(facts, reading)
    if reading.interlock_closed == "no":
        yield _refuse(
            "interlock_open", "The laser's interlock is open.", "Close the door and the connector."
        )
    yield from _not_shown(facts, reading)
    if reading.reset_required:
        yield _refuse(
            "reset_required",
            "The laser waits for its reset: an interlock or emergency stop ended it, or START was "
            "not pressed.",
            "Close door and interlocks, release the emergency stop, then press START or RESET at "
            "the laser.",
        )
    if reading.key_on not in {"yes", "not_reported"}:
        yield _refuse(
            "key_not_on",
            "The laser's key is not ON."
            if reading.key_on == "no"
            else "The laser did not say whether its key is ON.",
            "Turn the key at the laser to ON.",
        )
    for fault in reading.faults:
        yield _refuse(
            f"fault_{fault}",
            f"The laser reports the fault {fault.replace('_', ' ')}.",
            "Mend the cause at the laser, then clear the fault there.",
        )
    if reading.control_pressed == "yes":
        yield _refuse(
            "control_pressed",
            "The switch that makes light is pressed already.",
            "Let go of it (footswitch, button or modulation).",
        )
    if reading.unexplained:
        yield _warn(
            "counter_unexplained",
            f"The laser made {reading.unexplained} "
            f"{'pulse' if reading.unexplained == 1 else 'pulses'} since the last session here that "
            "nobody recorded.",
            "Find out who used it, and write that down: at its own panel, in service, elsewhere.",
        )
    if reading.counter is None:
        yield from _needs_acceptance(
            facts, "counter_not_available", "The laser shows no lifetime counter on its wire."
        )


def _light_before(reading: ReadingFacts) -> Finding:
    """Light, or that it cannot be ruled out: that is not said to be a fact."""
    locked = {
        True: "it was locked, read back",
        False: "it is NOT confirmed locked",
        None: "not locked",
    }[reading.locked]
    lit = reading.unexpected_emission or reading.output_seen == "yes"
    if reading.state == "UNKNOWN" and not lit:
        why = reading.words.get("why_unknown", "it does not say what it does")
        return _refuse(
            "emitting_at_connect",
            f"Whether the laser can make light now is not known: {why}; {locked}.",
            "Look at its panel, and ask whoever is at the laser. Once it shows that it is locked, "
            "say the command again.",
        )
    if reading.state == "FAULT" and not lit:
        return _refuse(
            "emitting_at_connect",
            f"The laser is in FAULT, and may have made light before; {locked}.",
            "Read on its panel why, mend that, and clear it there. Then say the command again.",
        )
    return _refuse(
        "emitting_at_connect",
        f"The laser was emitting, or ready to, before this session; {locked}.",
        "Find out who or what switched it on before you go on.",
    )


def _not_shown(facts: Facts, reading: ReadingFacts) -> Iterator[Finding]:
    """Interlock and key, where the wire does not show them: one acceptance, and then a warning."""
    hidden = []
    if reading.interlock_closed in {"not_reported", "unknown"} and not reading.reset_required:
        hidden.append("its interlock is closed")
    if reading.key_on == "not_reported":
        hidden.append("its key is ON")
    if not hidden:
        return
    sentence = f"The laser does not tell whether {' and '.join(hidden)}."
    yield from _needs_acceptance(facts, "interlock_unknown", sentence)
    accepted_by = facts.device.accepted.get("interlock_unknown")
    if accepted_by not in {None, facts.person.person}:
        yield _warn(
            "interlock_unknown",
            f"{sentence} {accepted_by} accepted that for the clinic.",
            "Look at door, connector and key yourself: no opened interlock will be noticed here."
            if "its interlock is closed" in hidden
            else "Look at the key yourself: that it is turned off will not be noticed here.",
        )


def _wire(facts: Facts) -> Iterator[Finding]:
    driver = facts.driver
    if driver is None:
        return
    blind = "output" in driver.not_shown
    if driver.control_shown == "no" and _trigger_of(facts) != "host":
        yield _warn(
            "control_not_shown",
            "The laser does not tell whether the switch that makes light is pressed.",
            "Let go of it before READY: nothing here would notice that it is held."
            if blind
            else "Let go of it before READY; light at once after READY locks the laser.",
        )
    if blind:
        yield _warn(
            "output_not_shown",
            "The laser does not tell whether light leaves it.",
            "Take READY for light. Look at the laser's own emission lamp.",
        )
    if driver.dead_man is None and not answers_for_dead_man(facts):
        yield _warn(
            "no_dead_man",
            "The laser goes on by itself if station and cable both fail.",
            "Keep the laser's own red emergency stop within reach.",
        )


def _settings(facts: Facts) -> Iterator[Finding]:
    settings = facts.settings
    if settings is None:
        if facts.purpose != "check":
            yield _refuse(
                "settings_missing",
                "There are no settings.",
                "Give a file with them: --settings FILE",
            )
        return
    for problem in settings.problems:
        yield _refuse("settings_unusable", problem, "Correct that in the settings file.")
    yield from _limits(facts, settings)
    if settings.effective is None:
        if facts.purpose in _COUNTS:
            yield _refuse(
                "settings_not_read",
                "The laser's settings were not read back.",
                "Check cable and power, and say the command again. If this comes back, ask whoever "
                "keeps this station.",
            )
        return
    if settings.read_s is not None and settings.read_s > READ_BACK_MAX_S:
        yield _refuse(
            "line_too_slow",
            f"The laser answers too slowly: its settings took {settings.read_s:.2f} s to "
            f"tell, and may take {READ_BACK_MAX_S:g} s. An opened door would be noticed too late.",
            "Say the command again. If this comes back, give the laser a cable of its own to this "
            "computer, with no network and no radio between, and end other programs here.",
        )
    for name, wanted in settings.requested.items():
        read = settings.effective.get(name)
        if read is None or not same_value(wanted, read):
            yield _refuse(
                "settings_not_effective",
                f"{name} was set to {wanted}, but the laser "
                f"{f'says {read}' if read else 'does not tell it'}.",
                "Ask for a value that the laser can take, or look at its panel.",
            )


def _limits(facts: Facts, settings: SettingsFacts) -> Iterator[Finding]:
    for bound in settings.bounds:
        if _unreadable(bound.lowest) or _unreadable(bound.highest):
            yield _refuse(
                "bound_unreadable",
                f"The limits of {bound.setting} from {bound.source} cannot be read.",
                "Ask whoever keeps this station; without its limits nothing is set.",
            )
    for setting, (lowest, highest) in limits_of(facts).items():
        text = settings.requested.get(setting)
        value = _number(text)
        if _unreadable(text):
            yield _refuse(
                "setting_unreadable",
                f"{setting} is {text}, which is no number; its limits cannot be held against it.",
                "Write it as a number like 35 or 35.5.",
            )
        if value is None:
            continue
        if (lowest is not None and value < lowest) or (highest is not None and value > highest):
            sources = ", ".join(b.source for b in settings.bounds if b.setting == setting)
            yield _refuse(
                "setting_out_of_limits",
                f"{setting} is {value}; allowed is {_range(lowest, highest)} ({sources}).",
                "Choose a value within the limits.",
            )


def _trigger(facts: Facts) -> Iterator[Finding]:
    effective = facts.settings.trigger if facts.settings else None
    if effective is not None and effective != facts.device.trigger:
        yield _refuse(
            "trigger_differs",
            f"The laser is registered with the trigger {facts.device.trigger}, and is set to "
            f"{effective}.",
            "Choose the settings that fit, or register the laser with the other --trigger.",
        )
    if _trigger_of(facts) != "host":
        return
    sentence = "With these settings READY itself is light, without a hand or foot on a switch."
    if facts.station.simulated or facts.kind in HOST_TRIGGER_KINDS:
        remedy = "Ask for READY only when everybody wears eyewear and nobody stands in the beam."
        yield _warn("trigger_host", sentence, remedy)
    else:
        yield _refuse("trigger_host", sentence, "Use the laser's modulation input or footswitch.")


def _trigger_of(facts: Facts) -> str:
    """As the settings make it; as it is registered where they do not tell."""
    effective = facts.settings.trigger if facts.settings else None
    return effective or facts.device.trigger


def _client(facts: Facts) -> Iterator[Finding]:
    if facts.kind in NEED_CLIENT and not facts.client_bound and facts.purpose != "check":
        yield _refuse(
            "client_missing",
            f"A session of kind {facts.kind} needs a client reference.",
            "Give it with --client REFERENCE: a number of the clinic's own records, never a name.",
        )


def _energy(facts: Facts) -> Iterator[Finding]:
    """A check's own findings; and before clients, whether the clinic's check still counts."""
    judged_at = facts.station.judged_at
    if facts.kind == "energy_check":
        yield from judge_meter(facts.check, judged_at, counts=facts.purpose in _COUNTS)
    yield from judge_energy(
        facts.energy, kind=facts.kind, device=facts.device.serial, judged_at=judged_at
    )


_LOOKS: tuple[Callable[[Facts], Iterator[Finding]], ...] = (
    _station,
    _device,
    _reading,
    judge_relay,
    _wire,
    _settings,
    _trigger,
    _client,
    _energy,
)


def _range(lowest: Decimal | None, highest: Decimal | None) -> str:
    if lowest is None:
        return f"at most {highest}"
    return f"at least {lowest}" if highest is None else f"{lowest} to {highest}"


def _needs_acceptance(facts: Facts, code: str, sentence: str) -> Iterator[Finding]:
    accepted_by = facts.device.accepted.get(code)
    if accepted_by is None:
        yield _refuse(
            code,
            f"{sentence} The clinic has not accepted that.",
            f"If the clinic accepts it: devicelink device add {facts.device.serial} "
            f"--accept {code} --by ADMINISTRATOR",
        )
    elif accepted_by == facts.person.person:
        yield _refuse(
            f"{code}_self_accepted",
            f"{sentence} Only {facts.person.person} accepted that, for themselves.",
            "Another administrator has to accept it.",
        )


def _refuse(code: str, sentence: str, remedy: str) -> Finding:
    return Finding(code, Severity.REFUSE, sentence, remedy)


def _warn(code: str, sentence: str, remedy: str) -> Finding:
    return Finding(code, Severity.WARN, sentence, remedy)


def _unreadable(text: str | None) -> bool:
    return text is not None and _number(text) is None


def _number(text: str | None) -> Decimal | None:
    try:
        value = Decimal(text) if text is not None else None
    except InvalidOperation:
        return None
    return value if value is not None and value.is_finite() else None
