"""Issuers' keys, catalogues' versions, and the bounds of documents."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta

import pytest

from devicelink.errors import CertificateError, ConfigError
from devicelink.people.certificates import Catalogue, issue_catalogue, read_catalogue
from devicelink.people.entitlement import judge_entitlement
from devicelink.people.jose import peek, sign
from devicelink.people.trust import new_issuer, read_issuer_file, trust_draft

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def test_people_issuer_key_is_private_and_its_public_file_is_not(maker):
    """The key file is for its owner alone; the file beside it holds no private part."""
    private, public = maker.folder / "maker.key", maker.folder / "maker.key.pub"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert "d" not in read_issuer_file(public).jwk
    assert read_issuer_file(public).jwk["x"] == read_issuer_file(private).jwk["x"]


@pytest.mark.parametrize("mark", ["station.toml", "journal.db"])
def test_people_issuer_key_never_lies_in_a_station(tmp_path, runtime, maker, mark):
    """A key is neither made nor used in a station's folder, below it, or through a link."""
    station = tmp_path / "clinic"
    (station / "deep").mkdir(parents=True)
    (station / mark).touch()
    link = tmp_path / "link"
    link.symlink_to(station / "deep")
    for folder in (station, station / "deep", link):
        with pytest.raises(ConfigError, match="is a station"):
            new_issuer(folder / "a.key", issuer_id="urn:a", name="A", runtime=runtime)
        moved = folder / "moved.key"
        moved.write_text((maker.folder / "maker.key").read_text())
        moved.chmod(0o600)
        with pytest.raises(ConfigError, match="is a station"):
            read_issuer_file(moved)
        moved.unlink()
    assert not list(station.rglob("*.key*"))


def test_people_issuer_key_that_others_may_read_is_not_used(maker):
    """A private key open to others is refused until somebody has thought about it."""
    path = maker.folder / "maker.key"
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="read by others"):
        read_issuer_file(path)


def test_people_issuer_key_is_never_written_over(maker, runtime):
    """Making a key where one lies changes nothing."""
    path = maker.folder / "maker.key"
    before = path.read_bytes()
    with pytest.raises(ConfigError):
        new_issuer(path, issuer_id="urn:a", name="A", runtime=runtime)
    assert path.read_bytes() == before


def test_people_trust_needs_a_scope(maker):
    """An issuer is believed for named makers and models, never for everything by omission."""
    for makers, models in (([], ["*"]), (["*"], [])):
        with pytest.raises(ConfigError, match="--maker and --model"):
            trust_draft(maker.file, makers=makers, models=models, by="t-adm", people={})


def test_people_trust_entry_holds_no_private_key(clinic, maker):
    """Pinning from the private file leaves only the public part in the journal."""
    entry = clinic.trust(maker)
    assert set(entry.data["jwk"]) == {"kty", "crv", "x"}
    assert maker.file.jwk["d"].encode() not in entry.raw


def test_people_older_catalogue_is_refused(clinic, maker):
    """An older version, and the same one again, do not supersede; a newer one does."""
    clinic.trust(maker)
    clinic.take_catalogue(maker.catalogue(2))
    for version in (1, 2):
        with pytest.raises(CertificateError, match="not newer"):
            clinic.take_catalogue(maker.catalogue(version))
    clinic.take_catalogue(maker.catalogue(3))


def test_people_long_certificates_and_catalogues_are_taken_in_parts(clinic, maker):
    """A certificate with pictures, and a long catalogue, count from their last part on."""
    clinic.add("t-ines", "technician")
    clinic.trust(maker)
    claims = {**peek(maker.certificate())[1], "image": "A" * 90_000}
    last = clinic.take(sign(claims, maker.file.key(), "vc+jwt"))
    assert (last.data["part"], last.data["parts"]) == (4, 4)
    assert clinic.facts().certificates[0].index == last.index
    entry = read_catalogue(*peek(maker.catalogue())).entries[0].model_dump()
    catalogue = Catalogue.model_validate(
        {
            "issuer": "urn:maker",
            "version": 1,
            "issued_at": START,
            "valid_until": START + timedelta(days=1),
            "entries": [entry] + [{**entry, "achievement": f"urn:{n}"} for n in range(199)],
        }
    )
    made = issue_catalogue(maker.file.key(), catalogue)
    assert len(made) > 40_000
    last = clinic.take_catalogue(made)
    assert last.data["parts"] > 1
    refused = [f for f in judge_entitlement(clinic.facts()).findings if f.severity == "refuse"]
    assert not refused


def test_people_document_beyond_all_bounds_is_refused(clinic, maker):
    """More than 400,000 bytes are not read, and the sentence says so."""
    clinic.add("t-ines", "technician")
    clinic.trust(maker)
    with pytest.raises(CertificateError, match="at most 400000"):
        clinic.take(maker.certificate() + "A" * 400_000)


@pytest.mark.parametrize(
    "changes",
    [
        {"models": []},
        {"firmware": []},
        {"procedures": []},
        {"operator_class": "nurse"},
        {"limits": {"diode_current_percent": {}}},
        {"limits": {"diode_current_percent": {"min": "5", "max": "4"}}},
        {"limits": {"diode_current_percent": {"max": "NaN"}}},
        {"limits": {"diode_current_percent": {"max": "much"}}},
        {"valid_until": None},
        {"colour": "red"},
    ],
)
def test_people_catalogue_with_a_mistake_cannot_be_made(maker, changes):
    """Empty lists, limits that bound nothing and unknown words are refused when it is made."""
    with pytest.raises(ValueError, match="validation error"):
        maker.catalogue(**changes)
