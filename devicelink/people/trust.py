"""Who is believed: issuers' keys pinned with their scope, and the documents that they signed."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from devicelink.errors import CertificateError, ConfigError, Refused
from devicelink.journal.entry import Draft
from devicelink.journal.projection import Projection
from devicelink.people.certificates import (
    REVOCATION,
    Catalogue,
    Claims,
    read_catalogue,
    read_claims,
)
from devicelink.people.claims import PlainText
from devicelink.people.documents import document_drafts, fold_document, fold_withdrawn
from devicelink.people.jose import Opened, Trust, check, open_signed, peek, read
from devicelink.people.keys import ED25519, new_key, private_key, public_jwk, without_private
from devicelink.people.roster import ADMINISTRATOR, second_needed
from devicelink.people.standing import AHEAD_AT_MOST
from devicelink.people.statuslist import StatusList, list_key, peek_status_list

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from devicelink.journal.entry import Entry
    from devicelink.people.keys import Key
    from devicelink.runtime import Runtime

    States = Mapping[str, Mapping[str, object]]

_OTHERS = 0o077


class IssuerFile(BaseModel):
    """An issuer's own key file: private where it has `d`, public for others to pin."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: PlainText
    name: PlainText
    jwk: dict[str, str]

    def key(self) -> Key:
        """The key; raises `CertificateError`."""
        return private_key(self.jwk)

    def public(self) -> IssuerFile:
        """Without the private part."""
        return self.model_copy(update={"jwk": without_private(self.jwk)})


def new_issuer(
    path: Path, *, issuer_id: str, name: str, runtime: Runtime, algorithm: str = ED25519
) -> IssuerFile:
    """Make an issuer's key, outside any station's folder, and its public file beside it.

    Raises `ConfigError`: inside a station, where a file is already, or for an unknown algorithm.
    """
    where = path.resolve()
    _refuse_in_station(where)
    key = new_key(algorithm, runtime)
    made = IssuerFile(id=issuer_id, name=name, jwk=_words(key.as_dict(private=True)))
    try:
        fd = os.open(where, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            file.write(made.model_dump_json())
            file.flush()
            os.fsync(file.fileno())
        public = where.with_name(where.name + ".pub")
        public.write_text(made.public().model_dump_json(), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"The key file {path} cannot be made: {error.strerror}.") from None
    return made


def _refuse_in_station(where: Path) -> None:
    for folder in where.parents:
        if (folder / "station.toml").exists() or (folder / "journal.db").exists():
            raise ConfigError(f"{folder} is a station: an issuer's key never lies in one.")


def read_issuer_file(path: Path) -> IssuerFile:
    """Read a key file; raises `ConfigError`, for a private one also where it must not lie."""
    found = _read_issuer_file(path)
    if "d" in found.jwk:
        _refuse_in_station(path.resolve())
        if path.stat().st_mode & _OTHERS:
            raise ConfigError(f"{path} may be read by others: chmod 600 it, or make a new key.")
    return found


def _read_issuer_file(path: Path) -> IssuerFile:
    try:
        return IssuerFile.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"The key file {path} cannot be read: {error.strerror}.") from None
    except (ValidationError, UnicodeDecodeError):
        raise ConfigError(f"{path} is no issuer's key file. Is it the right file?") from None


def read_document(path: Path) -> str:
    """A signed document's text; raises `ConfigError`."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigError(f"The file {path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is no signed document. Is it the right file?") from None


def trust_draft(
    issuer: IssuerFile,
    *,
    makers: Sequence[str],
    models: Sequence[str],
    by: str,
    people: States,
) -> Draft:
    """The entry that pins an issuer's key, for these makers and models; `*` means any.

    It waits for a second administrator (`confirm_draft`), where `people` has one. Raises
    `ConfigError`.
    """
    if not makers or not models:
        raise ConfigError("Say for which --maker and --model the issuer is believed ('*': any).")
    public = issuer.public()
    data: dict[str, object] = {
        "issuer": issuer.id,
        "name": issuer.name,
        "jwk": public_jwk(public.jwk),
        "thumbprint": public.key().thumbprint(),
        "makers": list(makers),
        "models": list(models),
    }
    if second_needed(people, by):
        data["needs_confirmation"] = True
    return Draft("trust.added", data, actor=by, role=ADMINISTRATOR)


def confirm_draft(trust: States, thumbprint: str, *, by: str) -> Draft:
    """The entry by which a second administrator confirms an issuer that waits for it.

    Raises `ConfigError` where none waits, `Refused` for who added it.
    """
    waiting = pending(trust).get(thumbprint)
    if waiting is None:
        raise ConfigError(
            f"No issuer with the thumbprint {thumbprint!r:.60} waits for a second administrator. "
            "See: devicelink trust list"
        )
    if by == waiting["added_by"]:
        raise Refused(f"{by} added this issuer; a second administrator has to confirm it.")
    data = {"thumbprint": thumbprint, "confirms": waiting["index"]}
    return Draft("trust.confirmed", data, actor=by, role=ADMINISTRATOR)


def in_force(trust: States) -> dict[str, Mapping[str, object]]:
    """The issuers that are believed, by thumbprint."""
    return {thumbprint: known for thumbprint, known in trust.items() if "jwk" in known}


def pending(trust: States) -> dict[str, Mapping[str, object]]:
    """What waits for a second administrator, by thumbprint; another scope may be in force."""
    waiting = ((thumbprint, known.get("pending")) for thumbprint, known in trust.items())
    return {thumbprint: one for thumbprint, one in waiting if isinstance(one, dict)}


def import_certificate(compact: str, trust: States, people: States, *, by: str) -> list[Draft]:
    """Check a certificate's signature and subject; the entries that bring it in.

    Raises `CertificateError`.
    """
    claims, _ = believed_claims(compact, trust)
    if claims.technician is None or claims.technician not in people:
        raise CertificateError(
            f"The certificate is for {claims.subject}; no such technician is registered here."
        )
    told = {"technician": claims.technician}
    return document_drafts("certificate.imported", compact, told, by=by)


def import_catalogue(compact: str, trust: States, catalogues: States, *, by: str) -> list[Draft]:
    """Check a catalogue; the entries that bring it in.

    Raises `CertificateError`, also for an older version than the known.
    """
    catalogue, _ = believed_catalogue(compact, trust)
    known = catalogues.get(catalogue.issuer, {})
    if "jws" in known and catalogue.version <= int(str(known["version"])):
        raise CertificateError(
            f"Version {catalogue.version} of the catalogue is not newer than the known version "
            f"{known['version']}."
        )
    told = {"issuer": catalogue.issuer, "version": catalogue.version}
    return document_drafts("catalogue.imported", compact, told, by=by)


def import_status_list(
    compact: str, trust: States, status_lists: States, *, by: str, now: datetime
) -> list[Draft]:
    """Check a status list; the entries that bring it in.

    Raises `CertificateError`: not believed, dated in the future, not newer than the one that is
    known of the same issuer, URL and purpose, or taking back a revocation, which is for ever.
    """
    made, _ = believed_status_list(compact, trust)
    if made.issued_at > now + AHEAD_AT_MOST:
        raise CertificateError(
            f"The status list is dated in the future ({made.issued_at:%Y-%m-%d %H:%M} UTC). Look "
            "at the station's clock, or ask the maker."
        )
    known = status_lists.get(made.key, {})
    if "jws" in known:
        earlier = peek_status_list(str(known["jws"]))
        if made.issued_at <= earlier.issued_at:
            raise CertificateError(
                f"The status list of {made.issued_at:%Y-%m-%d %H:%M:%S} UTC is not newer than the "
                f"known one of {earlier.issued_at:%Y-%m-%d %H:%M:%S} UTC."
            )
        if made.purpose == REVOCATION and made.takes_back(earlier):
            raise CertificateError(
                "The status list takes back a revocation, and a revocation is for ever. The list "
                "that is known stays in force; ask the maker."
            )
    told = {
        "issuer": made.issuer,
        "list_url": made.list_url,
        "purpose": made.purpose,
        "issued_at": made.issued_at.isoformat(),
        "safety": len(made.safety),
    }
    return document_drafts("status_list.imported", compact, told, by=by)


def pinned_keys(trust: States) -> dict[str, dict[str, str]]:
    """Thumbprint to public JWK."""
    return {thumbprint: _words(known["jwk"]) for thumbprint, known in in_force(trust).items()}


def believed_claims(compact: str, trust: States) -> tuple[Claims, Mapping[str, object]]:
    """A certificate's claims, and the trust in the very key that signed it.

    Raises `CertificateError`.
    """
    opened = _open(compact, trust)
    claims = read_claims(dict(opened.header), opened.payload)
    issuer = trust[opened.thumbprint]
    require_issuer(claims.issuer, issuer["issuer"])
    return claims, issuer


def believed_catalogue(compact: str, trust: States) -> tuple[Catalogue, Mapping[str, object]]:
    """A catalogue, and the trust in the very key that signed it; raises `CertificateError`."""
    opened = _open(compact, trust)
    catalogue = read_catalogue(dict(opened.header), opened.payload)
    issuer = trust[opened.thumbprint]
    require_issuer(catalogue.issuer, issuer["issuer"])
    return catalogue, issuer


def believed_status_list(compact: str, trust: States) -> tuple[StatusList, Mapping[str, object]]:
    """A status list, and the trust in the very key that signed it; raises `CertificateError`."""
    opened = _open(compact, trust)
    made = peek_status_list(compact)
    issuer = trust[opened.thumbprint]
    require_issuer(made.issuer, issuer["issuer"])
    return made, issuer


def _open(compact: str, trust: States) -> Opened:
    """A document that a believed key signed; one whose issuer only waits is told so."""
    believed = pinned_keys(trust)
    withdrawn = withdrawn_issuer(compact, trust)
    if withdrawn is not None:
        raise CertificateError(
            f"The clinic withdrew its issuer {withdrawn['name']} (entry {withdrawn['index']}, by "
            f"{withdrawn['by']})."
        )
    waiting = {one: _words(known["jwk"]) for one, known in pending(trust).items()}
    new = [jwk for one, jwk in waiting.items() if one not in believed]
    if check(read(compact), new)[0] is not Trust.ISSUER_UNKNOWN:
        raise CertificateError(
            "The document's issuer waits for a second administrator's word: devicelink trust "
            "confirm THUMBPRINT --by ID (devicelink trust list shows it)."
        )
    return open_signed(compact, believed)


def withdrawn_issuer(compact: str, trust: States) -> Mapping[str, object] | None:
    """What is known of the withdrawn issuer that signed a document; None for any other."""
    for known in trust.values():
        told = known.get("withdrawn")
        if not isinstance(told, dict) or "jwk" in known:
            continue
        try:
            found, _ = check(read(compact), [_words(told["jwk"])])
        except CertificateError:
            return None
        if found is Trust.VALID:
            return told
    return None


@lru_cache(32)
def peek_claims(compact: str) -> Claims:
    """What a certificate claims, not believed; raises `CertificateError`."""
    return read_claims(*peek(compact))


def names_pinned_key(compact: str, trust: States) -> bool:
    """Whether a document names a key that is pinned here, whatever its signature."""
    try:
        found, _ = check(read(compact), pinned_keys(trust).values())
    except CertificateError:
        return False
    return found is not Trust.ISSUER_UNKNOWN


def require_issuer(claimed: str, known: object) -> None:
    """Raises `CertificateError` where a document names another issuer than its key's."""
    if claimed != known:
        raise CertificateError(f"The document names the issuer {claimed}, but another one signed.")


def _words(jwk: Any) -> dict[str, str]:
    return {str(name): str(value) for name, value in dict(jwk).items()}


def _fold_trust(old: dict[str, object] | None, entry: Entry) -> dict[str, object]:
    """What is believed, and beside it what waits for somebody else's confirmation."""
    known = old or {}
    if entry.type == "trust.added":
        added = {**entry.data, "index": entry.index, "added_by": entry.actor}
        return {**known, "pending": added} if "needs_confirmation" in entry.data else added
    if entry.type == "trust.withdrawn":
        return _withdrawn(known, entry)
    waiting = known.get("pending")
    if not isinstance(waiting, dict) or waiting["index"] != entry.data.get("confirms"):
        return known
    if entry.actor == waiting["added_by"] or entry.role != ADMINISTRATOR:
        return known
    return {**waiting, "confirmed_by": entry.actor}


def _withdrawn(known: dict[str, object], entry: Entry) -> dict[str, object]:
    """Nothing is left that is believed or waits; the key stays known as one that was withdrawn."""
    before = known if "jwk" in known else known.get("pending")
    if not isinstance(before, dict) or entry.role != ADMINISTRATOR:
        return known
    told = {name: before[name] for name in ("jwk", "name", "issuer")}
    told |= {"by": entry.actor, "index": entry.index, "safety": entry.data.get("safety") is True}
    return {"withdrawn": told}


def _fold_certificate(old: dict[str, object] | None, entry: Entry) -> dict[str, object]:
    if entry.type == "certificate.withdrawn":
        return fold_withdrawn(old, entry)
    return fold_document(old, entry)


TRUST = Projection(
    name="trust",
    types=frozenset({"trust.added", "trust.confirmed", "trust.withdrawn"}),
    key=lambda entry: str(entry.data["thumbprint"]),
    reduce=_fold_trust,
)
CERTIFICATES = Projection(
    name="certificates",
    types=frozenset({"certificate.imported", "certificate.withdrawn"}),
    key=lambda entry: str(entry.data["sha256"]) if "sha256" in entry.data else None,
    reduce=_fold_certificate,
)
CATALOGUES = Projection(
    name="catalogues",
    types=frozenset({"catalogue.imported"}),
    key=lambda entry: str(entry.data["issuer"]),
    reduce=fold_document,
)
STATUS_LISTS = Projection(
    name="status_lists",
    types=frozenset({"status_list.imported"}),
    key=lambda entry: list_key(
        *(str(entry.data.get(name)) for name in ("issuer", "purpose", "list_url"))
    ),
    reduce=fold_document,
)
