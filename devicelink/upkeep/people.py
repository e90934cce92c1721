"""Checks of people: administrators, and what makers certify of technicians."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink.devices.register import devices
from devicelink.errors import Severity
from devicelink.journal import clock
from devicelink.people.entitlement import gather_entitlement, judge_entitlement
from devicelink.people.roster import ADMINISTRATOR, TECHNICIAN, find_state
from devicelink.upkeep.sight import warn, wrong

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devicelink.devices.register import Device
    from devicelink.errors import Finding
    from devicelink.people.roster import PersonState
    from devicelink.upkeep.sight import Sight


def check_administrators(sight: Sight) -> Iterator[Finding | str]:
    """Two are wanted, one is needed; only who has a PIN counts."""
    able = [one.name for one in _people(sight) if ADMINISTRATOR in one.roles and one.pin_set]
    if not able:
        yield wrong(
            "no_administrator",
            "No administrator with a PIN is registered: nobody can mend anything here.",
            "Put a backup back in which there is one, or make a new station.",
        )
    elif len(able) == 1:
        yield warn(
            "one_administrator",
            f"{able[0]} is the only administrator: when they are away, no hold can be lifted, and "
            "one person's word is enough for trust and roles.",
            "Make another: devicelink technician add ID --name NAME --role administrator --by ID",
        )
    else:
        yield f"Administrators: {', '.join(able)}."


def check_certificates(sight: Sight) -> Iterator[Finding | str]:
    """What runs out, is too old or is missing, per technician and laser; for treatments."""
    technicians = [one for one in _people(sight) if TECHNICIAN in one.roles]
    registered = list(devices(sight.state["devices"]).values())
    seen: dict[str, Finding] = {}
    for device in registered:
        able = 0
        for person in technicians:
            found = _findings(sight, person, device)
            seen |= {finding.sentence: finding for finding in found}
            able += all(finding.severity is Severity.WARN for finding in found)
        if not able:
            yield wrong(
                "nobody_certified",
                f"Nobody here is certified to treat with {device.serial} now.",
                f"See why: devicelink session check {device.serial} --technician ID",
            )
    for finding in seen.values():  # one person without a certificate is no fault of the station
        yield warn(finding.code, finding.sentence, finding.remedy)
    if registered and technicians and not seen:
        yield "Certificates, catalogues and status lists are good, and not about to run out."


def _findings(sight: Sight, person: PersonState, device: Device) -> tuple[Finding, ...]:
    last, now = sight.journal.last(), sight.runtime.now()
    facts = gather_entitlement(
        sight.state,
        person_id=person.id,
        driver=device.driver,
        maker=device.maker,
        model=device.model,
        firmware=device.firmware,
        kind="treatment",
        judged_at=clock.view(sight.state[clock.CLOCK.name], last, now).judged_at,
    )
    return judge_entitlement(facts).findings


def _people(sight: Sight) -> list[PersonState]:
    states = sight.state["people"]
    return [state for one in states if (state := find_state(states, one)) is not None]
