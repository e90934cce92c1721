"""A certificate explained to a person: who, by whom, believed or not, what it allows, how long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from devicelink.devices.register import devices
from devicelink.errors import CertificateError, Severity
from devicelink.journal import clock
from devicelink.people import roster
from devicelink.people.documents import sha256, whole
from devicelink.people.entitlement import (
    attested_facts,
    certificate_facts,
    gather_entitlement,
    judge_entitlement,
)
from devicelink.people.standing import standing_findings
from devicelink.treatment.sessions import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from devicelink.devices.register import Device
    from devicelink.errors import Finding
    from devicelink.people.entitlement import EntitlementFacts
    from devicelink.people.judgement import CertificateFacts
    from devicelink.station import Station

BELIEVED = "Its signature holds, and its issuer is believed here."
NOT_BELIEVED = "NOT believed here: {}"
GOOD = "Good: the newest status lists that are here do not name it."


PAPER = "On paper, number {}: attested by the clinic, not signed by the maker."


def explain(station: Station, compact: str) -> dict[str, Any]:
    """Everything that a person would ask of a certificate, judged now and with nobody signed in.

    Raises `CertificateError` for a document that is no certificate.
    """
    from devicelink.people.trust import peek_claims

    peek_claims(compact)
    state, name = station.state(), sha256(compact)
    known = whole(state["certificates"]).get(name)
    added_by = str(known["added_by"]) if known else ""
    index = int(str(known["index"])) if known else -1
    withdrawn = known.get("withdrawn") if known else None
    facts = certificate_facts(
        state, compact, sha256=name, index=index, added_by=added_by, withdrawn=withdrawn
    )
    return _explained(station, facts)


def explain_paper(station: Station, technician: str) -> list[dict[str, Any]]:
    """The same of each paper certificate that the clinic attests of a person."""
    found = attested_facts(station.state(), technician)
    return [_explained(station, facts) for facts in found]


def _explained(station: Station, facts: CertificateFacts) -> dict[str, Any]:
    claims, state = facts.claims, station.state()
    if claims is None:
        raise CertificateError(str(facts.problem))
    judged_at = clock.view(state["clock"], station.journal.last(), station.runtime.now()).judged_at
    person = roster.find(state["people"], claims.technician or "")
    standing = standing_findings(
        claims.technician or "",
        person.name if person else claims.subject,
        claims.status,
        facts.statuses,
        max_age=_asked(state, facts, None, KINDS[0], judged_at).max_age,
        judged_at=judged_at,
    )
    belief = NOT_BELIEVED.format(facts.problem) if facts.problem else BELIEVED
    if facts.withdrawn is not None:
        belief = f"NOT counted here any more: the clinic withdrew it ({facts.withdrawn})."
    elif facts.attested is not None:
        belief = PAPER.format(facts.attested.number)
    return {
        **claims.model_dump(mode="json"),
        "technician": claims.technician,
        "name": person.name if person else None,
        "sha256": facts.sha256,
        "imported": {"index": facts.index, "by": facts.added_by} if facts.index >= 0 else None,
        "believed": facts.problem is None and facts.attested is None and facts.withdrawn is None,
        "withdrawn": facts.withdrawn,
        "attested_by_clinic": facts.attested is not None,
        "belief": belief,
        "issuer_scope": facts.issuer.model_dump(mode="json") if facts.issuer else None,
        "in_date": claims.valid_from <= judged_at < claims.valid_until,
        "days_left": max((claims.valid_until - judged_at).days, 0),
        "standing": [finding.as_json() for finding in standing],
        "devices": [
            _on_device(state, facts, device, judged_at)
            for device in devices(state["devices"]).values()
        ],
    }


def _asked(
    state: Mapping[str, Mapping[str, Any]],
    facts: CertificateFacts,
    device: Device | None,
    kind: str,
    judged_at: datetime,
) -> EntitlementFacts:
    person = (facts.claims.technician if facts.claims else None) or ""
    return gather_entitlement(
        state,
        person_id=person,
        driver=device.driver if device else "",
        maker=device.maker if device else None,
        model=device.model if device else None,
        firmware=device.firmware if device else None,
        kind=kind,
        judged_at=judged_at,
        only=facts,
    )


def _on_device(
    state: Mapping[str, Mapping[str, Any]],
    facts: CertificateFacts,
    device: Device,
    judged_at: datetime,
) -> dict[str, Any]:
    """What this certificate alone allows on a device: kinds and limits, or why nothing."""
    allowed: list[str] = []
    limits: dict[str, list[str | None]] = {}
    refusing: list[tuple[Finding, ...]] = []
    for kind in KINDS:
        asked = _asked(state, facts, device, kind, judged_at)
        found = judge_entitlement(asked).findings
        refuses = tuple(one for one in found if one.severity is Severity.REFUSE)
        if refuses:
            refusing.append(refuses)
            continue
        allowed.append(kind)
        limits |= {one.setting: [one.lowest, one.highest] for one, _ in asked.limits()}
    why = () if allowed else min(refusing, key=len)
    return {
        "device": device.serial,
        "maker": device.maker,
        "model": device.model,
        "allows": allowed,
        "limits": limits,
        "why_not": [one.sentence for one in why],
    }


def in_words(told: Mapping[str, Any]) -> str:
    """An explanation as text, a few lines."""
    who = f"{told['name']} ({told['technician']})" if told["name"] else told["subject"]
    imported = told["imported"]
    when = f"{told['days_left']} days left" if told["in_date"] else "NOT in date now"
    standing = [one["sentence"] for one in told["standing"]] or [GOOD]
    brought = f"by {imported['by']}, entry {imported['index']}" if imported else "not imported"
    scope = told["issuer_scope"]
    pinned = (
        f" For makers {', '.join(scope['makers'])}, models {', '.join(scope['models'])}; "
        f"pinned by {scope['added_by']}."
        if scope
        else ""
    )
    lines = [
        f"{who} passed {told['achievement_name']} ({told['achievement']})",
        f"  says      {told['issuer_name']} ({told['issuer']})",
        f"  believed  {told['belief']}{pinned}",
        f"  valid     {told['valid_from'][:10]} to {told['valid_until'][:10]}, {when}",
        *(f"  status    {sentence}" for sentence in standing),
        *(f"  allows    {_device_in_words(one)}" for one in told["devices"]),
        f"  here      {brought}; SHA-256 {told['sha256']}",
    ]
    return "\n".join(lines)


def _device_in_words(told: Mapping[str, Any]) -> str:
    laser = " ".join(word for word in (told["device"], told["maker"], told["model"]) if word)
    if not told["allows"]:
        return f"{laser}: NOTHING. {' '.join(told['why_not'])}"
    limits = [f"{name} {_range(*ends)}" for name, ends in told["limits"].items()]
    return f"{laser}: {'; '.join([', '.join(told['allows']), *limits])}"


def _range(lowest: str | None, highest: str | None) -> str:
    if lowest is None:
        return f"at most {highest}"
    return f"at least {lowest}" if highest is None else f"{lowest} to {highest}"
