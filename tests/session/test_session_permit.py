"""The verdict is a pure function of its facts: each cause has its code, and all are told at once.

`CAUSES` breaks one thing of good facts at a time; a code that the judges can yield and that has no
cause here fails a test.
"""

from __future__ import annotations

import ast
import inspect
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from pydantic import ValidationError

from devicelink.devices.register import ACCEPTABLE
from devicelink.errors import Severity
from devicelink.people import judgement, standing
from devicelink.people.judgement import (
    CatalogueFacts,
    CertificateFacts,
    EntitlementFacts,
    IssuerFacts,
)
from devicelink.session import permit
from devicelink.session.facts import Facts
from devicelink.session.permit import judge, limits_of, same_value

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
ALWAYS = {"control_not_shown", "no_dead_man", "no_status_list"}
"""Warnings that this wire and this certificate have however good all else is."""
ISSUER = "https://maker.example/issuer"
ACHIEVEMENT = "https://maker.example/resurfacing"

CLAIMS = {
    "id": "urn:c:1",
    "issuer": ISSUER,
    "issuer_name": "Maker",
    "subject": "urn:devicelink:technician:t-ines",
    "achievement": ACHIEVEMENT,
    "achievement_name": "Resurfacing",
    "valid_from": NOW - 100 * DAY,
    "valid_until": NOW + 100 * DAY,
}
ENTRY = {
    "achievement": ACHIEVEMENT,
    "driver": "ipg",
    "models": ("SimuLase-1",),
    "procedures": ("treatment", "service"),
    "ablative": False,
    "operator_class": "any",
    "limits": {"diode_current_percent": {"max": "60"}},
}
SIGNER = IssuerFacts(name="Maker", added_by="t-ada", makers=("Maker",), models=("SimuLase-1",))


def good(purpose="unlock"):
    """Facts to which nobody could object, as plain tables that a test may change."""
    certificate = CertificateFacts(
        index=5,
        sha256="a" * 64,
        added_by="t-ada",
        problem=None,
        claims=CLAIMS,
        issuer_known=True,
        issuer=SIGNER,
    )
    catalogue = CatalogueFacts(
        index=6,
        sha256="b" * 64,
        added_by="t-ada",
        problem=None,
        issuer=ISSUER,
        signer=SIGNER,
        version=1,
        valid_until=NOW + 200 * DAY,
        entries=(ENTRY,),
    )
    person = EntitlementFacts(
        person="t-ines",
        name="Ines Okafor",
        roles=("technician",),
        operator_class="other",
        driver="ipg",
        maker="Maker",
        model="SimuLase-1",
        firmware="1.0.103",
        kind="treatment",
        judged_at=NOW,
        certificates=(certificate,),
        catalogues=(catalogue,),
    )
    return {
        "purpose": purpose,
        "kind": "treatment",
        "client_bound": True,
        "signed_in": True,
        "guard": "process",
        "person": person.model_dump(),
        "station": {
            "origin": f"clinic/{'0' * 32}",
            "simulated": False,
            "drivers_allowed": ("ipg",),
            "clock_suspect": False,
            "clock_state": "synced",
            "judged_at": NOW,
            "journal_problem": None,
            "disk_free_bytes": 10**9,
            "kept_folder_problem": None,
            "mirror_problem": None,
        },
        "device": {
            "serial": "0917",
            "driver": "ipg",
            "driver_from": "devicelink 0.1.0",
            "port": "/dev/ttyUSB0",
            "port_kind": "device",
            "port_belongs": True,
            "identity": "asserted",
            "trigger": "hardware",
            "accepted": dict.fromkeys(ACCEPTABLE, "t-ada"),
            "holds": (),
            "maker": "Maker",
            "model": "SimuLase-1",
            "udi": "UDI-1",
            "firmware": "1.0.103",
            "problem": None,
        },
        "driver": {
            "complete_product": False,
            "not_shown": ("identity", "counter", "control"),
            "control_shown": "no",
            "dead_man": None,
            "evidence_locked": "device_state",
            "lock_bound_s": 0.05,
        },
        "reading": {
            "state": "STANDBY",
            "can_make_light": False,
            "interlock_closed": "yes",
            "key_on": "yes",
            "faults": (),
            "reset_required": False,
            "unexpected_emission": False,
            "output_seen": "no",
            "control_pressed": "not_reported",
            "counter": None,
            "words": {"STA": "0"},
            "age_s": 0.01,
            "locked": None,
        },
        "settings": {
            "requested": {"diode_current_percent": "35.0", "trigger": "modulation"},
            "problems": (),
            "bounds": (
                {
                    "setting": "diode_current_percent",
                    "lowest": "10.0",
                    "highest": "100",
                    "source": "the laser itself",
                },
                {
                    "setting": "diode_current_percent",
                    "lowest": None,
                    "highest": "60",
                    "source": "the catalogue of Maker, version 1",
                },
            ),
            "effective": {"diode_current_percent": "35.0", "trigger": "modulation"},
            "settings_id": "c" * 64,
            "trigger": "hardware",
        },
    }


def changed(*changes, purpose="unlock"):
    """Good facts with dotted names set to other values; a number names a place in a list."""
    facts = good(purpose)
    for path, value in changes:
        *way, last = [int(part) if part.isdigit() else part for part in path.split(".")]
        place = facts
        for part in way:
            if isinstance(place[part], tuple):
                place[part] = list(place[part])
            place = place[part]
        place[last] = value
    return Facts.model_validate(facts)


def codes(facts, severity=None):
    """The codes found, of one severity or of both."""
    return {f.code for f in judge(facts).findings if severity in {None, f.severity}}


def accepting(*those):
    """Findings that an administrator accepted for the clinic."""
    return dict.fromkeys(those, "t-ada")


CERTIFICATE = "person.certificates.0"
CATALOGUE = "person.catalogues.0"
STATUS = {"list_url": "https://maker.example/status", "index": "7"}
SUSPENSION = {**STATUS, "purpose": "suspension"}


def listed(place=STATUS, **changes):
    """The certificate names this place, and the list that is here says this of it."""
    known = {
        "place": place,
        "entry": 9,
        "sha256": "d" * 64,
        "added_by": "t-ada",
        "issuer_added_by": "t-ada",
        "is_set": False,
        "issued_at": NOW - DAY,
        **changes,
    }
    return [(f"{CERTIFICATE}.claims.status", (place,)), (f"{CERTIFICATE}.statuses", (known,))]


PAPER = {
    "technician": "t-ines",
    "number": "4711",
    "issuer_name": "Maker",
    "photo_sha256": "e" * 64,
    "valid_from": NOW - DAY,
    "valid_until": NOW + 100 * DAY,
    "maker": "Maker",
    "allows": ENTRY,
}
BOTH = {"allowed": True, "decided_by": "t-ada", "confirmed_by": "t-doc"}
PAPER_CAUSES = {
    "attested_not_allowed": [(f"{CERTIFICATE}.attested", PAPER)],
    "attested_self_allowed": [
        (f"{CERTIFICATE}.attested", PAPER),
        ("person.attestation_policy", {**BOTH, "confirmed_by": "t-ines"}),
    ],
}
LISTED_CAUSES = {
    "certificate_revoked": listed(is_set=True),
    "certificate_suspended": listed(SUSPENSION, is_set=True),
    "status_list_not_believed": listed(problem="The signature does not hold."),
    "status_list_too_old": listed(issued_at=NOW - 30 * DAY),
    "status_list_self_added": listed(added_by="t-ines"),
}
CAUSES = {
    "certificate_withdrawn": [(f"{CERTIFICATE}.withdrawn", "by t-ada, entry 99")],
    "device_released": [("device.released", "released to a service engineer by t-ada")],
    "pin_not_verified": [("signed_in", False)],
    "clock_suspect": [("station.clock_suspect", True)],
    "journal_not_writable": [("station.journal_problem", "the disk is read-only")],
    "disk_full": [("station.disk_free_bytes", 64 * 1024**2 - 1)],
    "driver_not_allowed": [("station.drivers_allowed", ("uc2000",))],
    "port_of_other_kind": [("device.port_belongs", False), ("device.port_kind", "pty")],
    "no_guard": [("guard", "none")],
    "held_lock_unconfirmed": [("device.holds", (("lock_unconfirmed", "It was not locked."),))],
    "device_busy": [("device.problem", ("device_busy", "It is in use.")), ("reading", None)],
    "port_unavailable": [("device.problem", ("port_unavailable", "It is gone."))],
    "wrong_device": [("device.problem", ("wrong_device", "Another laser answers."))],
    "device_not_answering": [("device.problem", ("device_not_answering", "It is silent."))],
    "driver_unusable": [("device.problem", ("driver_unusable", "No.")), ("driver", None)],
    "lock_unconfirmed": [("device.problem", ("lock_unconfirmed", "It is not locked."))],
    "identity_asserted": [
        ("device.accepted", accepting("interlock_unknown", "counter_not_available")),
    ],
    "product_incomplete": [("device.udi", None)],
    "emitting_at_connect": [("reading.can_make_light", True)],
    "interlock_open": [("reading.interlock_closed", "no")],
    "interlock_unknown": [
        ("reading.interlock_closed", "not_reported"),
        ("device.accepted", accepting("identity_asserted", "counter_not_available")),
    ],
    "reset_required": [("reading.reset_required", True), ("reading.interlock_closed", "unknown")],
    "key_not_on": [("reading.key_on", "no")],
    "fault_over_temperature": [("reading.faults", ("over_temperature",))],
    "control_pressed": [("reading.control_pressed", "yes")],
    "counter_not_available": [
        ("device.accepted", accepting("identity_asserted", "interlock_unknown")),
    ],
    "identity_asserted_self_accepted": [("device.accepted.identity_asserted", "t-ines")],
    "interlock_unknown_self_accepted": [
        ("reading.interlock_closed", "unknown"),
        ("device.accepted.interlock_unknown", "t-ines"),
    ],
    "counter_not_available_self_accepted": [
        ("device.accepted.counter_not_available", "t-ines"),
    ],
    "device_not_read": [("reading", None)],
    "reading_too_old": [("reading.age_s", 2.001)],
    "bound_unreadable": [("settings.bounds.1.highest", "much")],
    "settings_not_read": [("settings.effective", None), ("settings.trigger", None)],
    "line_too_slow": [("settings.read_s", 0.701)],
    "kept_folder_missing": [("station.kept_folder_problem", "it is not there")],
    "settings_missing": [("settings", None)],
    "settings_unusable": [("settings.problems", ("The setting trigger is missing.",))],
    "setting_unreadable": [
        ("settings.requested.diode_current_percent", "nan"),
        ("settings.effective.diode_current_percent", "nan"),
    ],
    "setting_out_of_limits": [
        ("settings.requested.diode_current_percent", "60.1"),
        ("settings.effective.diode_current_percent", "60.1"),
    ],
    "settings_not_effective": [("settings.effective.diode_current_percent", "34.9")],
    "trigger_differs": [("device.trigger", "host")],
    "trigger_host": [("device.trigger", "host"), ("settings.trigger", "host")],
    "client_missing": [("client_bound", False)],
    "person_unknown": [("person.name", None)],
    "role_missing": [("person.roles", ("administrator",))],
    "certificate_missing": [("person.certificates", ())],
    "catalogue_missing": [("person.catalogues", ())],
    "catalogue_not_covering": [
        ("person.firmware", "9"),
        (f"{CATALOGUE}.entries.0.firmware", ("1",)),
    ],
    "operator_class": [(f"{CATALOGUE}.entries.0.operator_class", "physician")],
    "certificate_signature": [(f"{CERTIFICATE}.problem", "The signature does not hold.")],
    "certificate_issuer_unknown": [
        (f"{CERTIFICATE}.problem", "Nobody here believes its issuer."),
        (f"{CERTIFICATE}.issuer_known", False),
        (f"{CERTIFICATE}.issuer", None),
    ],
    "certificate_wrong_subject": [
        (f"{CERTIFICATE}.claims.subject", "urn:devicelink:technician:t-tom"),
    ],
    "certificate_expired": [(f"{CERTIFICATE}.claims.valid_until", NOW)],
    "certificate_not_yet_valid": [
        (f"{CERTIFICATE}.claims.valid_from", NOW + timedelta(seconds=1)),
    ],
    "certificate_scope": [(f"{CERTIFICATE}.issuer.models", ("SimuLase-2",))],
    "certificate_self_added": [(f"{CERTIFICATE}.added_by", "t-ines")],
    "status_list_missing": [(f"{CERTIFICATE}.claims.status", (STATUS,))],
    "catalogue_not_believed": [(f"{CATALOGUE}.problem", "The signature does not hold.")],
    "catalogue_expired": [(f"{CATALOGUE}.valid_until", NOW)],
    "catalogue_self_added": [(f"{CATALOGUE}.signer.added_by", "t-ines")],
    **LISTED_CAUSES,
    **PAPER_CAUSES,
}
WARNING_CAUSES = {
    "counter_unexplained": [("reading.unexplained", 1)],
    "output_not_shown": [("driver.not_shown", ("identity", "control", "counter", "output"))],
    "attested_by_clinic": [
        (f"{CERTIFICATE}.attested", PAPER),
        ("person.attestation_policy", BOTH),
    ],
    "status_list_old": listed(issued_at=NOW - 16 * DAY),
    **{
        f"{what}_ends_in_{days}": [(path, NOW + days * DAY)]
        for what, path in (
            ("certificate", f"{CERTIFICATE}.claims.valid_until"),
            ("catalogue", f"{CATALOGUE}.valid_until"),
        )
        for days in (1, 7, 30)
    },
}
WARNINGS = {
    *("pin_not_checked", "other_certificates", "mirror_missing"),
    *WARNING_CAUSES,
    *ALWAYS,
}


def test_good_facts_are_permitted():
    """Where nothing is wrong the verdict permits, and says only what is always said."""
    verdict = judge(changed())
    assert verdict.permitted
    assert codes(changed()) == ALWAYS
    assert verdict.summary() == "Nothing refuses."


def test_a_mirror_that_cannot_be_read_is_said_and_refuses_nothing():
    """Without a mirror a roll-back would not be noticed: a warning each time, no refusal."""
    facts = changed(("station.mirror_problem", "There is no mirror."))
    assert judge(facts).permitted
    assert codes(facts, "warn") == {*ALWAYS, "mirror_missing"}


@pytest.mark.parametrize("code", CAUSES)
def test_each_cause_has_its_code_and_no_other(code):
    """One thing broken is refused by its own code alone, with a sentence and a remedy."""
    verdict = judge(changed(*CAUSES[code]))
    assert not verdict.permitted
    said = {"attested_by_clinic"} if code in PAPER_CAUSES else set()
    (found,) = [f for f in verdict.findings if f.code not in ALWAYS | said]
    assert (found.code, found.severity) == (code, Severity.REFUSE)
    for text in (found.sentence, found.remedy):
        assert len(text) > 2
        assert text[0].isupper() or text.startswith(("0917", "t-ines", "diode_current"))
    assert verdict.summary() == found.sentence


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            [("reading.interlock_closed", "not_reported")],
            "The laser does not tell whether its interlock is closed.",
        ),
        (
            [("reading.key_on", "not_reported")],
            "The laser does not tell whether its key is ON.",
        ),
        (
            [("reading.interlock_closed", "unknown"), ("reading.key_on", "not_reported")],
            "The laser does not tell whether its interlock is closed and its key is ON.",
        ),
    ],
)
def test_interlock_and_key_that_are_not_shown_need_one_acceptance(changes, sentence):
    """They refuse until the clinic has accepted it; from then on they are a warning."""
    accepted = judge(changed(*changes))
    assert accepted.permitted
    (warned,) = [f for f in accepted.findings if f.code not in ALWAYS]
    assert (warned.code, warned.severity) == ("interlock_unknown", Severity.WARN)
    assert warned.sentence == f"{sentence} t-ada accepted that for the clinic."
    without = ("device.accepted", accepting("identity_asserted", "counter_not_available"))
    refused = judge(changed(*changes, without))
    (found,) = [f for f in refused.findings if f.code not in ALWAYS]
    assert (found.code, found.severity) == ("interlock_unknown", Severity.REFUSE)
    assert found.sentence.startswith(sentence)
    assert "--accept interlock_unknown" in found.remedy


def test_what_a_wire_shows_is_never_accepted_away():
    """An open interlock, a key that is not ON and a missing START refuse, whatever was accepted."""
    for code, change in (
        ("interlock_open", ("reading.interlock_closed", "no")),
        ("key_not_on", ("reading.key_on", "no")),
        ("key_not_on", ("reading.key_on", "unknown")),
        ("reset_required", ("reading.reset_required", True)),
    ):
        facts = changed(("device.accepted", accepting(*ACCEPTABLE)), change)
        assert codes(facts, Severity.REFUSE) == {code}


@pytest.mark.parametrize("code", WARNING_CAUSES)
def test_each_warning_has_its_code_and_refuses_nothing(code):
    """What is about to end is said by its own code alone, and the verdict still permits."""
    verdict = judge(changed(*WARNING_CAUSES[code]))
    assert verdict.permitted
    (found,) = [f for f in verdict.findings if f.code not in ALWAYS]
    assert (found.code, found.severity) == (code, Severity.WARN)


def codes_in(module):
    """The codes that a module's source can give to a finding; f-strings by their beginning."""
    makers = {"_refuse", "_warn", "tell", "Finding", "_needs_acceptance"}
    for call in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
            place = 1 if call.func.id == "_needs_acceptance" else 0
            if call.func.id in makers and len(call.args) > place:
                given = call.args[place]
                for part in ast.walk(given):
                    if isinstance(part, ast.Constant) and isinstance(part.value, str):
                        yield part.value


def test_no_code_is_without_its_cause():
    """Every code in the source of the judges has a cause here: a new one asks for its test."""
    known = {*CAUSES, *WARNINGS}
    found = [*codes_in(permit), *codes_in(judgement), *codes_in(standing)]
    for code in {*found, *permit._DEVICE_REMEDIES}:
        fits = code.endswith("_") and any(one.startswith(code) for one in known)
        fits = fits or (code.startswith("_") and any(code in one for one in known))
        assert code in known or fits, f"no test causes {code}"


def merged():
    """As many things wrong at once as can be."""
    alone = {"person_unknown", "certificate_missing", "catalogue_missing", "settings_missing"}
    alone |= {"device_not_read", "settings_not_read", "bound_unreadable", "setting_unreadable"}
    alone |= {"certificate_issuer_unknown", *LISTED_CAUSES, *PAPER_CAUSES}
    alone |= {code for code in permit._DEVICE_REMEDIES if code != "wrong_device"}
    alone |= {code for code in CAUSES if code.endswith("_self_accepted")}
    alone |= {"operator_class", "reset_required", "trigger_host", "interlock_open"}
    alone |= {"identity_asserted", "counter_not_available", "interlock_unknown"}
    together = {code: made for code, made in CAUSES.items() if code not in alone}
    facts = changed(*(change for made in together.values() for change in made))
    return facts, set(together)


def test_everything_wrong_is_told_at_once():
    """No finding hides another: many causes together give all their codes."""
    facts, wrong = merged()
    assert len(wrong) > 25
    assert wrong <= codes(facts, "refuse")
    refusing = [f for f in judge(facts).findings if f.severity is Severity.REFUSE]
    assert judge(facts).summary() == f"{refusing[0].sentence} And {len(refusing) - 1} more."


def test_a_line_quick_enough_is_not_slow():
    """At the limit nothing is said; what was recorded before has no time of it."""
    for read_s in (0.7, None):
        assert "line_too_slow" not in codes(changed(("settings.read_s", read_s)))


def test_several_faults_and_holds_are_each_told():
    """Two faults and two holds are four findings."""
    facts = changed(
        ("reading.faults", ("over_temperature", "back_reflection")),
        ("device.holds", (("fault", "It had a fault."), ("lock_unconfirmed", "It was lit."))),
    )
    wanted = {"fault_over_temperature", "fault_back_reflection", "held_fault"}
    assert codes(facts, "refuse") == wanted | {"held_lock_unconfirmed"}


@pytest.mark.parametrize("code", [*CAUSES, "everything", "nothing"])
def test_a_verdict_is_replayed_from_its_recorded_facts(code):
    """Facts written as JSON, stored and read back give the same verdict to the letter."""
    if code == "everything":
        facts, _ = merged()
    else:
        facts = changed(*CAUSES.get(code, []))
    recorded = json.dumps(json.loads(facts.model_dump_json()), sort_keys=True)
    again = Facts.model_validate_json(recorded)
    assert again == facts
    assert judge(again).as_json() == judge(facts).as_json()


def test_judging_changes_nothing_and_repeats_itself():
    """The same facts give the same verdict however often, and are left as they were."""
    facts, _ = merged()
    before = facts.model_dump_json()
    assert judge(facts) == judge(facts)
    assert facts.model_dump_json() == before
    with pytest.raises(ValidationError):
        facts.signed_in = True


def test_unknown_facts_are_not_facts():
    """Recorded facts with an unknown or a missing field are refused, not silently judged."""
    recorded = json.loads(changed().model_dump_json())
    with pytest.raises(ValidationError):
        Facts.model_validate({**recorded, "override": True})
    del recorded["guard"]
    with pytest.raises(ValidationError):
        Facts.model_validate(recorded)


def test_the_verdict_is_printed_as_programs_parse_it():
    """`permitted` or `refused`, and each finding with its four fields."""
    assert judge(changed()).as_json()["verdict"] == "permitted"
    document = judge(changed(("reading.key_on", "no"))).as_json()
    assert document["verdict"] == "refused"
    assert {tuple(finding) for finding in document["findings"]} == {
        ("code", "severity", "sentence", "remedy")
    }


def test_a_check_without_a_pin_only_warns():
    """In a check the PIN may be missing; settings and client are not asked for either."""
    facts = changed(
        ("signed_in", False), ("settings", None), ("client_bound", False), purpose="check"
    )
    assert judge(facts).permitted
    assert codes(facts, "warn") == {*ALWAYS, "pin_not_checked"}


@pytest.mark.parametrize("purpose", ["early", "unlock", "ready"])
def test_only_a_check_goes_without_a_pin(purpose):
    """Whatever leads to light needs somebody signed in."""
    facts = changed(("signed_in", False), purpose=purpose)
    assert codes(facts, "refuse") == {"pin_not_verified"}


@pytest.mark.parametrize("purpose", ["unlock", "ready"])
@pytest.mark.parametrize("missing", ["reading", "settings"])
def test_what_is_not_known_permits_no_light(purpose, missing):
    """Without a reading, or without settings, the verdicts that count refuse."""
    assert not judge(changed((missing, None), purpose=purpose)).permitted


def test_acceptance_answers_what_a_wire_lacks_and_nothing_else():
    """The clinic's acceptance answers three findings; no other refusal knows the word."""
    answered = {"identity_asserted", "interlock_unknown", "counter_not_available"}
    assert set(ACCEPTABLE) == answered
    every = dict.fromkeys([*CAUSES, *ACCEPTABLE], "t-ada")
    for code, changes in CAUSES.items():
        others = [one for one in changes if not one[0].startswith("device.accepted")]
        verdict = judge(changed(*others, ("device.accepted", every)))
        assert verdict.permitted is (others != changes), code


def test_an_open_interlock_cannot_be_accepted():
    """Acceptance speaks for a wire that is silent, never for one that says open."""
    facts = changed(("reading.interlock_closed", "no"))
    assert codes(facts, "refuse") == {"interlock_open"}


@pytest.mark.parametrize("seen", [("unexpected_emission", True), ("output_seen", "yes")])
@pytest.mark.parametrize(
    ("locked", "said"), [(True, "it was locked"), (False, "NOT confirmed locked")]
)
def test_a_laser_found_lit_is_said_with_how_it_is_now(seen, locked, said):
    """Emission before the session refuses, and the sentence does not claim an unproved lock."""
    facts = changed((f"reading.{seen[0]}", seen[1]), ("reading.locked", locked))
    (found,) = [f for f in judge(facts).findings if f.code == "emitting_at_connect"]
    assert said in found.sentence


def test_a_laser_of_which_nothing_is_known_is_not_said_to_have_been_lit():
    """One in service, say: that it may make light refuses, and is told as what it is."""
    facts = changed(
        ("reading.state", "UNKNOWN"),
        ("reading.can_make_light", True),
        ("reading.locked", False),
        ("reading.words", {"why_unknown": "somebody services the laser"}),
    )
    (found,) = [f for f in judge(facts).findings if f.code == "emitting_at_connect"]
    assert "somebody services the laser; it is NOT confirmed locked" in found.sentence
    assert "was emitting" not in found.sentence


def test_a_laser_in_fault_is_not_said_to_have_been_lit():
    """Unless it says so as well: then that is the graver word."""
    fault = (("reading.state", "FAULT"), ("reading.can_make_light", True))
    (found,) = [f for f in judge(changed(*fault)).findings if f.code == "emitting_at_connect"]
    assert "is in FAULT" in found.sentence
    facts = changed(*fault, ("reading.unexpected_emission", True))
    (found,) = [f for f in judge(facts).findings if f.code == "emitting_at_connect"]
    assert "was emitting" in found.sentence


def test_limits_are_the_intersection_of_all_bounds():
    """The highest of the lows and the lowest of the highs count, whatever their order."""
    bounds = [
        {"setting": "x", "lowest": "1", "highest": "9.5", "source": "a"},
        {"setting": "x", "lowest": "2.50", "highest": None, "source": "b"},
        {"setting": "x", "lowest": None, "highest": "9.25", "source": "c"},
        {"setting": "y", "lowest": None, "highest": "3", "source": "a"},
    ]
    wanted = {"x": (Decimal("2.50"), Decimal("9.25")), "y": (None, Decimal(3))}
    for order in (bounds, bounds[::-1]):
        assert limits_of(changed(("settings.bounds", order))) == wanted


@pytest.mark.parametrize(
    ("value", "permitted"),
    [("10", True), ("9.999", False), ("60", True), ("60.0", True), ("60.001", False), ("0", False)],
)
def test_a_value_has_to_lie_within_every_bound(value, permitted):
    """Bounds themselves are allowed, the next value beyond is not; no rounding is done."""
    facts = changed(
        ("settings.requested.diode_current_percent", value),
        ("settings.effective.diode_current_percent", value),
    )
    assert judge(facts).permitted is permitted


def test_a_limit_names_its_sources():
    """A value out of limits is told with what is allowed and who says so."""
    facts = changed(*CAUSES["setting_out_of_limits"])
    (found,) = [f for f in judge(facts).findings if f.code == "setting_out_of_limits"]
    assert "60.1" in found.sentence
    assert "10.0 to 60" in found.sentence
    assert "the laser itself, the catalogue of Maker, version 1" in found.sentence


def test_bounds_that_exclude_each_other_allow_nothing():
    """Where laser and catalogue have no value in common every value is out of limits."""
    for value in ("5", "10", "50", "60"):
        facts = changed(
            ("settings.bounds.1.highest", "5"),
            ("settings.requested.diode_current_percent", value),
            ("settings.effective.diode_current_percent", value),
        )
        assert codes(facts, "refuse") == {"setting_out_of_limits"}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("35", "35.0", True),
        ("35.00", "3.5e1", True),
        ("35", "35.1", False),
        ("modulation", "modulation", True),
        ("modulation", "emission", False),
        ("nan", "nan", True),
        ("nan", "35", False),
    ],
)
def test_numbers_are_compared_by_value_and_words_to_the_letter(one, other, same):
    """What was asked for and what was read back mean the same or do not."""
    assert same_value(one, other) is same


@pytest.mark.parametrize(
    ("kind", "simulated", "permitted"),
    [
        ("treatment", False, False),
        ("treatment", True, True),
        ("service", False, True),
    ],
)
def test_the_host_as_trigger_is_for_service_or_simulation(kind, simulated, permitted):
    """On a real station light without a hand or foot is for service and energy checks only."""
    facts = changed(
        *CAUSES["trigger_host"],
        *(("kind", kind), ("person.kind", kind), ("station.simulated", simulated)),
    )
    assert judge(facts).permitted is permitted


def test_without_a_guard_only_a_simulated_station_goes_on():
    """On a simulated station the missing guard is said, on a real one it refuses."""
    facts = changed(("guard", "none"), ("station.simulated", True))
    assert judge(facts).permitted
    assert "no_guard" in codes(facts, "warn")


def test_two_certificates_of_which_none_passes_are_told():
    """The closest one is judged, and that there are others is said as a warning."""
    facts = good()
    first = facts["person"]["certificates"][0]
    second = {**first, "index": 9, "problem": "The signature does not hold."}
    spoiled = {**first, "added_by": "t-ines"}
    facts["person"]["certificates"] = (spoiled, second)
    found = codes(Facts.model_validate(facts))
    assert "other_certificates" in found
    assert not judge(Facts.model_validate(facts)).permitted
