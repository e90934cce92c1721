"""The clinic in which every story of the world plays: made once by the real code, then copied.

Ada is its administrator. Ines and Noa are certified for every laser, Eva too, but not for long; Tom
is not.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from argon2.profiles import CHEAPEST

from devicelink.devices.card import write_card
from devicelink.devices.register import ACCEPTABLE, find
from devicelink.journal.database import FILE_NAME
from devicelink.journal.entry import Draft
from devicelink.journal.keys import new_signer
from devicelink.journal.mirror import MIRROR_FILE
from devicelink.journal.store import Journal
from devicelink.people import PinStore, add_person_draft, set_pin
from devicelink.people.certificates import Catalogue, issue_catalogue, issue_certificate
from devicelink.people.pins import PinHasher
from devicelink.people.trust import import_catalogue, import_certificate, new_issuer, trust_draft
from devicelink.runtime import ThreadRuntime
from devicelink.session.context import PROJECTIONS
from devicelink_simulation.world.dice import dice
from devicelink_simulation.world.disk import SimDisk, Snapshot
from devicelink_simulation.world.lasers import LASERS, port_of
from devicelink_simulation.world.machine import BEGINNING

if TYPE_CHECKING:
    from datetime import datetime

    from devicelink.journal.note import Signer
    from devicelink_simulation.world.wires.contract import Make

STATION = Path("/world/station")
KEPT = Path("/world/kept")
ORIGIN = "simulated/world/" + 32 * "0"
PIN = "274951"
EVA_UNTIL_S = 30
"""Seconds after the story's beginning at which Eva's certificate runs out."""

ADA, INES, NOA, EVA, TOM = "t-ada", "t-ines", "t-noa", "t-eva", "t-tom"
_ACHIEVEMENT = "urn:maker:resurfacing"
CERTIFIED = frozenset({INES, NOA, EVA})
_MAKER = "Maker"
_EARLIER = timedelta(days=1)

CHEAP = PinHasher(CHEAPEST)


class BeforeTheStory(ThreadRuntime):
    """The day before, on a real disk: its clock stands, its randomness is seeded."""

    def __init__(self) -> None:
        super().__init__()
        self._dice = dice(0, "clinic")

    @property
    def boot_id(self) -> str:
        """An earlier boot."""
        return "boot-0"

    def mono_ns(self) -> int:
        """It stands."""
        return 1_000_000_000

    def now(self) -> datetime:
        """It stands."""
        return BEGINNING - _EARLIER

    def clock_state(self) -> str:
        """As in the world."""
        return "unknown"

    def random_bytes(self, count: int) -> bytes:
        """The same each time."""
        return self._dice.randbytes(count)


@dataclass(frozen=True)
class Template:
    """What every story begins with."""

    files: Snapshot
    signer: Signer
    entries: int
    permit_key: str
    """The station's public key for permits, as somebody puts it into consoles; hex."""


def make_template() -> Template:
    """Make the clinic on a real disk and take its files."""
    runtime = BeforeTheStory()
    signer = new_signer(ORIGIN, runtime)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "secrets").mkdir()
        genesis = {
            "name": "world",
            "simulated": True,
            "drivers_allowed": sorted({make.driver for make in LASERS.values()}),
            "kept_folder": str(KEPT),
        }
        with Journal.create(
            folder,
            origin=ORIGIN,
            signer=signer,
            runtime=runtime,
            projections=PROJECTIONS,
            genesis=Draft("genesis", genesis),
        ) as journal:
            _people(journal, PinStore(folder / "secrets", runtime, CHEAP))
            _papers(journal, folder, runtime)
            for serial, make in LASERS.items():
                _device(journal, serial, make)
            registered = journal.checked(PROJECTIONS)["devices"]
            for serial in LASERS:
                write_card(folder, find(registered, serial), runtime.disk)
            entries, checkpoint = journal.size, journal.checkpoint()
            permit_key = journal.permit_key().public_key().public_bytes_raw().hex()
        disk = SimDisk()
        copied = {FILE_NAME, "pins.json", *(f"{serial}.json" for serial in LASERS)}
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.name in copied:
                disk.put(STATION / path.relative_to(folder), path.read_bytes())
        for made in ("guard", "locks", "secrets", "transcripts"):
            disk.make_folder(str(STATION / made))
        disk.put(KEPT / MIRROR_FILE, checkpoint.encode())
        return Template(disk.snapshot(), signer, entries, permit_key)


def _people(journal: Journal, pins: PinStore) -> None:
    for person, name, role, by in (
        (ADA, "Ada Berg", "administrator", "station"),
        (INES, "Ines Okafor", "technician", ADA),
        (NOA, "Noa Weiss", "technician", ADA),
        (EVA, "Eva Lund", "technician", ADA),
        (TOM, "Tom Lind", "technician", ADA),
    ):
        journal.append(add_person_draft(person, name, roles=(role,), by=by, people={}))
        set_pin(journal, pins, person, PIN, by=by)


def _papers(journal: Journal, folder: Path, runtime: BeforeTheStory) -> None:
    issuer = new_issuer(
        folder.parent / f"{folder.name}.key", issuer_id="urn:maker", name="Maker", runtime=runtime
    )
    for left in folder.parent.glob(f"{folder.name}.key*"):
        left.unlink()
    people = journal.checked(PROJECTIONS)["people"]
    makes = list(dict.fromkeys(LASERS.values()))
    models = [make.model for make in makes]
    trusted = trust_draft(issuer, makers=[_MAKER], models=models, by=ADA, people=people)
    journal.append(trusted)
    catalogue = Catalogue.model_validate(
        {
            "issuer": issuer.id,
            "version": 1,
            "issued_at": BEGINNING - timedelta(days=60),
            "valid_until": BEGINNING + timedelta(days=3650),
            "entries": [
                {
                    "achievement": _ACHIEVEMENT,
                    "driver": make.driver,
                    "models": [make.model],
                    "firmware": ["*"],
                    "procedures": ["treatment", "test_spot", "energy_check", "service", "training"],
                    "ablative": False,
                    "operator_class": "any",
                    "limits": {name: {"max": most} for name, most in make.limits.items()},
                }
                for make in makes
            ],
        }
    )
    state = journal.checked(PROJECTIONS)
    signed = issue_catalogue(issuer.key(), catalogue)
    journal.append_all(import_catalogue(signed, state["trust"], state["catalogues"], by=ADA))
    for person, until in (
        (INES, BEGINNING + timedelta(days=300)),
        (NOA, BEGINNING + timedelta(days=300)),
        (EVA, BEGINNING + timedelta(seconds=EVA_UNTIL_S)),
    ):
        signed = issue_certificate(
            issuer.key(),
            issuer=issuer.id,
            issuer_name=issuer.name,
            technician=person,
            achievement=_ACHIEVEMENT,
            achievement_name="Resurfacing",
            credential_id=f"urn:certificate:{person}",
            valid_from=BEGINNING - timedelta(days=30),
            valid_until=until,
        )
        journal.append_all(import_certificate(signed, state["trust"], state["people"], by=ADA))


def _device(journal: Journal, serial: str, make: Make) -> None:
    data: dict[str, object] = {
        "driver": make.driver,
        "port": port_of(serial),
        "configuration": dict(make.configuration),
        "trigger": make.trigger,
        "identity": make.identity,
        "maker": _MAKER,
        "model": make.model,
        "udi": "SIM-1",
    }

    def draft(kind: str, told: dict[str, object]) -> Draft:
        return Draft(kind, told, actor=ADA, role="administrator", device=serial)

    journal.append(draft("device.registered", data))
    for code in make.accepted:
        journal.append(draft("device.accepted", {"code": code, "sentence": ACCEPTABLE[code]}))
