"""`station doctor`: what is wrong with a station, and how to mend it. It only looks.

Nothing is sent, opened as a port, recorded or changed. Each check stands alone: one that fails is
itself a finding, and hides no other.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from devicelink.errors import DeviceLinkError, Finding, JournalBroken, Severity
from devicelink.upkeep import devices, evidence, folder, people
from devicelink.upkeep.sight import Sight, Unseen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from devicelink.runtime import Runtime
    from devicelink.upkeep.backup import Progress

WRONG, BROKEN = 1, 4

CHECKS: tuple[tuple[str, Callable[[Sight], Iterable[Finding | str]]], ...] = (
    ("programs", folder.check_programs),
    ("folder", folder.check_folder),
    ("station file", folder.check_station_file),
    ("secrets", folder.check_secrets),
    ("disk", folder.check_disk),
    ("journal", evidence.check_journal),
    ("key", evidence.check_key),
    ("mirror", evidence.check_mirror),
    ("kept facts", evidence.check_kept),
    ("clock", evidence.check_clock),
    ("people", people.check_administrators),
    ("certificates", people.check_certificates),
    ("devices", devices.check_devices),
    ("ports", devices.check_ports),
    ("service", devices.check_in_use),
)
"""Each yields findings, and plain sentences for what is fine."""


@dataclass(slots=True)
class Health:
    """What was found."""

    simulated: bool | None = None
    """None where nothing could tell."""
    evidence_broken: bool = False
    findings: list[Finding] = field(default_factory=list)
    fine: list[str] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)

    @property
    def wrong(self) -> list[Finding]:
        """The findings that are more than a warning."""
        return [one for one in self.findings if one.severity is Severity.REFUSE]

    @property
    def exit_code(self) -> int:
        """0 nothing is wrong, 1 something is, 4 the evidence is broken."""
        return BROKEN if self.evidence_broken else WRONG if self.wrong else 0

    def as_json(self) -> dict[str, object]:
        """The document that programs parse."""
        return {
            "ok": self.exit_code == 0,
            "simulated": self.simulated,
            "evidence_broken": self.evidence_broken,
            "findings": [finding.as_json() for finding in self.findings],
            "fine": self.fine,
            "not_checked": self.not_checked,
        }

    def text(self) -> str:
        """For people: what the station is, then what is wrong, what to watch, what is fine."""
        kinds = {
            True: "SIMULATED: no real laser may be connected to this station.",
            False: "A real station.",
            None: "Whether this station is simulated or real cannot be told.",
        }
        lines = [kinds[self.simulated]]
        for finding in sorted(self.findings, key=lambda one: one.severity.value):
            mark = "✗" if finding.severity is Severity.REFUSE else "!"
            lines += [
                f"  {mark} [{finding.code}] {finding.sentence}",
                f"      → {finding.remedy}",
            ]
        lines += [f"  ✓ {sentence}" for sentence in self.fine]
        lines += [f"  - not checked: {sentence}" for sentence in self.not_checked]
        to_watch = len(self.findings) - len(self.wrong)
        lines.append(
            f"{len(self.wrong)} wrong, {to_watch} to watch. Nothing was sent, opened or changed."
        )
        return "\n".join(lines)


def examine(place: Path, runtime: Runtime, *, deep: bool, progress: Progress) -> Health:
    """Look at the station in a folder; `deep` verifies the whole journal, tables and tiles, too.

    Never raises: what a check stumbles over is a finding.
    """
    sight = Sight(place, runtime)
    health = Health()
    is_there = os.path.isdir(place)  # noqa: PTH112 - a folder that may not be looked at is none
    checks = list(CHECKS if is_there else CHECKS[:2])
    if not is_there:
        health.not_checked.append("all else, since there is no folder")
    elif deep:
        checks.append(("whole journal", lambda seen: evidence.check_whole(seen, progress)))
    else:
        health.not_checked.append("tables, tiles and times of the journal; add --deep")
    for done, (name, check) in enumerate(checks):
        progress(f"Looking at: {name}", done, len(checks))
        _look(health, name, check, sight)
    health.simulated = sight.simulated()
    sight.close()
    return health


def _look(
    health: Health, name: str, check: Callable[[Sight], Iterable[Finding | str]], sight: Sight
) -> None:
    try:
        for said in check(sight):
            if isinstance(said, Finding):
                health.findings.append(said)
            else:
                health.fine.append(said)
    except Unseen:
        health.not_checked.append(f"{name}: the journal, which tells it, cannot be read")
    except JournalBroken as error:
        health.evidence_broken = True
        health.findings.append(
            Finding("evidence_broken", Severity.REFUSE, f"The evidence is broken: {error}", _REMEDY)
        )
    except DeviceLinkError as error:
        code = f"{name.replace(' ', '_')}_unusable"
        health.findings.append(Finding(code, Severity.REFUSE, str(error), _ASK))
    except Exception as error:  # noqa: BLE001 - one check that fails hides no other
        code = f"{name.replace(' ', '_')}_check_failed"
        sentence = f"Looking at {name} failed: {error!r}."
        health.findings.append(Finding(code, Severity.REFUSE, sentence, _ASK))


_REMEDY = (
    "Change nothing. Keep the folder and its mirror as they are, see `devicelink journal verify`, "
    "and put a backup into a new folder: devicelink station restore. To lock a laser: devicelink "
    "lock DEVICE"
)
_ASK = "Do what it says; if that does not help, tell whoever keeps this station."
