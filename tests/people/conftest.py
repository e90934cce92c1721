"""A journal, PINs at the lowest cost, a clock that a test sets, and makers with real keys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from argon2.profiles import CHEAPEST

from devicelink.journal.clock import CLOCK
from devicelink.journal.entry import Draft
from devicelink.journal.keys import new_signer
from devicelink.journal.store import Journal
from devicelink.people import PEOPLE_PROJECTIONS, PinStore, add_person_draft, set_pin, sign_in
from devicelink.people.certificates import (
    Catalogue,
    issue_catalogue,
    issue_certificate,
)
from devicelink.people.entitlement import gather_entitlement
from devicelink.people.pins import PinHasher
from devicelink.people.statuslist import StatusList, empty_bits, issue_status_list
from devicelink.people.trust import (
    confirm_draft,
    import_catalogue,
    import_certificate,
    import_status_list,
    new_issuer,
    trust_draft,
)
from devicelink.runtime import ThreadRuntime

ORIGIN = "simulated/people/00112233445566778899aabbccddeeff"
START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ACHIEVEMENT = "urn:maker:ylr-course"
PIN = "482915"
LIST_URL = "https://maker.example/status/1"


class SetClock(ThreadRuntime):
    """Wall and monotonic time stand still until a test moves both."""

    def __init__(self):
        super().__init__()
        self.passed_s = 0.0

    def now(self):
        """Wall time."""
        return START + timedelta(seconds=self.passed_s)

    def mono_ns(self):
        """Monotonic time, far from its boot."""
        return 10**15 + round(self.passed_s * 1e9)


@dataclass
class Maker:
    """A maker's signing key, and what it signs unless a test says otherwise."""

    file: object
    folder: object

    def certificate(self, technician="t-ines", **changes):
        """A signed certificate."""
        fields = {
            "issuer": self.file.id,
            "issuer_name": self.file.name,
            "technician": technician,
            "achievement": ACHIEVEMENT,
            "achievement_name": "Course for the YLR-SM",
            "credential_id": "urn:devicelink:certificate:1",
            "valid_from": START - timedelta(days=30),
            "valid_until": START + timedelta(days=300),
            **changes,
        }
        return issue_certificate(self.file.key(), **fields)

    def catalogue(self, version=1, **changes):
        """A signed catalogue with one entry."""
        entry = {
            "achievement": ACHIEVEMENT,
            "driver": "ipg",
            "models": ["YLR-SM"],
            "firmware": ["*"],
            "procedures": ["treatment"],
            "ablative": False,
            "operator_class": "any",
            "limits": {"diode_current_percent": {"min": "10", "max": "42.5"}},
        }
        ends = changes.pop("valid_until", START + timedelta(days=365))
        catalogue = Catalogue.model_validate(
            {
                "issuer": self.file.id,
                "version": version,
                "issued_at": START - timedelta(days=60),
                "valid_until": ends,
                "entries": [{**entry, **changes}],
            }
        )
        return issue_catalogue(self.file.key(), catalogue)

    def status_list(self, *indexes, safety=(), bits=None, **changes):
        """A signed status list in which these places are set."""
        fields = {
            "list_url": LIST_URL,
            "issuer": self.file.id,
            "purpose": "revocation",
            "issued_at": START,
            "bits": bits or empty_bits(),
            **changes,
        }
        made = StatusList.model_validate(fields)
        made = made.changed(indexes, to=True, safety=False)
        made = made.changed(safety, to=True, safety=True)
        return issue_status_list(self.file.key(), made, self.file.name)


@dataclass
class Clinic:
    """A station as far as people are concerned."""

    folder: object
    journal: Journal
    pins: PinStore
    runtime: SetClock

    def state(self):
        """Everything about people, from checked entries."""
        return self.journal.checked((CLOCK, *PEOPLE_PROJECTIONS))

    def sign_in(self, person_id, pin=PIN):
        """Sign somebody in."""
        return sign_in(self.journal, self.pins, self.folder, person_id, pin, self.runtime)

    def add(self, person_id, *roles, by="t-adm", **more):
        """Add a person."""
        name = person_id.removeprefix("t-").capitalize()
        told = {"people": {}, **more}
        return self.journal.append(add_person_draft(person_id, name, roles=roles, by=by, **told))

    def set_pin(self, person_id, pin=PIN, by="t-adm"):
        """Set a person's PIN."""
        set_pin(self.journal, self.pins, person_id, pin, by=by)

    def confirm(self, maker, by):
        """Confirm a maker's key that another administrator pinned."""
        thumbprint = maker.file.key().thumbprint()
        return self.journal.append(confirm_draft(self.state()["trust"], thumbprint, by=by))

    def trust(self, maker, by="t-adm", makers=("*",), models=("*",)):
        """Pin a maker's key."""
        people = self.state()["people"]
        draft = trust_draft(maker.file, makers=makers, models=models, by=by, people=people)
        return self.journal.append(draft)

    def take(self, compact, by="t-adm"):
        """Import a certificate."""
        state = self.state()
        drafts = import_certificate(compact, state["trust"], state["people"], by=by)
        return self.journal.append_all(drafts)[-1]

    def take_catalogue(self, compact, by="t-adm"):
        """Import a catalogue."""
        state = self.state()
        drafts = import_catalogue(compact, state["trust"], state["catalogues"], by=by)
        return self.journal.append_all(drafts)[-1]

    def take_list(self, compact, by="t-adm"):
        """Import a status list."""
        state = self.state()
        known = state["status_lists"]
        now = self.runtime.now()
        drafts = import_status_list(compact, state["trust"], known, by=by, now=now)
        return self.journal.append_all(drafts)[-1]

    def facts(self, person_id="t-ines", **changes):
        """What a verdict on the YLR-SM gets to know of a person."""
        asked = {
            "driver": "ipg",
            "maker": "IPG",
            "model": "YLR-SM",
            "firmware": "1.2",
            "kind": "treatment",
            "judged_at": self.runtime.now(),
            **changes,
        }
        return gather_entitlement(self.state(), person_id=person_id, **asked)


@pytest.fixture
def runtime():
    """The clocks stand at nine in the morning."""
    return SetClock()


@pytest.fixture
def clinic(tmp_path, runtime):
    """Its first administrator is t-adm, with the PIN 482915."""
    folder = tmp_path / "station"
    folder.mkdir()
    journal = Journal.create(
        folder,
        origin=ORIGIN,
        signer=new_signer(ORIGIN, runtime),
        runtime=runtime,
        projections=(CLOCK, *PEOPLE_PROJECTIONS),
        genesis=Draft("genesis", {}),
    )
    made = Clinic(folder, journal, PinStore(folder, runtime, PinHasher(CHEAPEST)), runtime)
    made.add("t-adm", "administrator", by="station")
    made.set_pin("t-adm", by="station")
    yield made
    journal.close()


@pytest.fixture
def make_maker(tmp_path, runtime):
    """Makes a maker with a fresh key."""

    def make(name="maker", issuer=None, algorithm="Ed25519"):
        folder = tmp_path / "makers"
        folder.mkdir(exist_ok=True)
        made = new_issuer(
            folder / f"{name}.key",
            issuer_id=issuer or f"urn:{name}",
            name=f"{name.capitalize()} Ltd",
            runtime=runtime,
            algorithm=algorithm,
        )
        return Maker(made, folder)

    return make


@pytest.fixture
def maker(make_maker):
    """One maker."""
    return make_maker()


@pytest.fixture
def certified(clinic, maker):
    """A clinic where t-ines is certified for the YLR-SM, and all is well."""
    clinic.add("t-ines", "technician")
    clinic.trust(maker)
    clinic.take(maker.certificate())
    clinic.take_catalogue(maker.catalogue())
    return clinic
