"""PINs: argon2id hashes in `secrets/pins.json`, each believed only if an entry names it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from argon2.profiles import RFC_9106_LOW_MEMORY

from devicelink.errors import ConfigError, JournalUnwritable, Refused
from devicelink.journal.entry import Draft
from devicelink.people.roster import ADMINISTRATOR, PEOPLE, STATION, find, find_state
from devicelink.runtime import held

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from argon2 import Parameters

    from devicelink.journal.projection import States
    from devicelink.journal.store import Journal
    from devicelink.people.roster import PersonState
    from devicelink.runtime import Runtime

SHORTEST, LONGEST = 6, 12
FILE = "pins.json"
_LOCK_FILE = "pins.lock"

_PIN = re.compile(rf"[0-9]{{{SHORTEST},{LONGEST}}}", re.ASCII)
_RUN = "0123456789" * 2 + "9876543210" * 2


def check_pin(pin: str) -> str:
    """A PIN that may be set: 6 to 12 digits, neither one digit repeated nor a plain run.

    Raises `ConfigError`, whose sentence never holds the PIN.
    """
    if not _PIN.fullmatch(pin):
        raise ConfigError(f"A PIN is {SHORTEST} to {LONGEST} digits, and nothing else.")
    if len(set(pin)) == 1 or pin in _RUN:
        raise ConfigError(
            "This PIN is one of the first that anybody would try. Choose one without a pattern."
        )
    return pin


class PinHasher:
    """Hashes and compares PINs at the cost of one argon2 profile.

    A station uses RFC 9106's low-memory profile (64 MiB, about a tenth of a second); only a test
    or a simulated world hands in a cheaper one.
    """

    def __init__(self, profile: Parameters = RFC_9106_LOW_MEMORY) -> None:
        self._profile = profile
        self._hasher = PasswordHasher.from_parameters(profile)
        self._nobody = self._encoded(bytes(profile.salt_len), bytes(profile.hash_len))

    def hash(self, pin: str, runtime: Runtime) -> str:
        """The PIN's hash in argon2's own text form, salted from the runtime."""
        return self._hasher.hash(pin, salt=runtime.random_bytes(self._profile.salt_len))

    def matches(self, encoded: str | None, pin: str) -> bool:
        """Whether the PIN is the hashed one; without a hash the same work is done for nothing."""
        try:
            self._hasher.verify(encoded or self._nobody, pin)
        except (Argon2Error, InvalidHashError):
            return False
        return encoded is not None

    def _encoded(self, salt: bytes, digest: bytes) -> str:
        """A hash that no PIN has, at this profile's cost."""
        cost = self._profile
        salt_text, digest_text = (
            base64.b64encode(part).rstrip(b"=").decode() for part in (salt, digest)
        )
        return (
            f"$argon2id$v={cost.version}$m={cost.memory_cost},t={cost.time_cost},"
            f"p={cost.parallelism}${salt_text}${digest_text}"
        )


@contextmanager
def one_at_a_time(folder: Path, runtime: Runtime) -> Iterator[None]:
    """Held by one process at a time; raises `JournalUnwritable` on a disk that takes nothing."""
    try:
        with held(runtime, folder / _LOCK_FILE):
            yield
    except OSError as error:
        raise JournalUnwritable(f"Signing in cannot be recorded: {error.strerror}.") from None


class PinStore:
    """The hashes in one folder, readable by their owner alone.

    The file is no authority: `pin.set` holds the SHA-256 of the hash that counts. So a new hash
    may lie here before its entry is made, and whoever edits the file gains nothing.
    """

    def __init__(self, folder: Path, runtime: Runtime, hasher: PinHasher | None = None) -> None:
        self._path = folder / FILE
        self._runtime = runtime
        self.hasher = hasher or PinHasher()

    def add(self, person_id: str, pin: str, keep: str | None) -> str:
        """Put a person's new hash on the disk beside the one named `keep`; the new one's name.

        Raises `ConfigError` for a PIN that may not be, or where the file cannot be written.
        """
        encoded = self.hasher.hash(check_pin(pin), self._runtime)
        with one_at_a_time(self._path.parent, self._runtime):
            known = self._read()
            kept = [one for one in known.get(person_id, []) if name_of(one) == keep]
            self._write({**known, person_id: [*kept, encoded]})
        return name_of(encoded)

    def matches(self, person_id: str | None, named: str | None, pin: str) -> bool:
        """Whether this is the person's PIN by the hash so named; the same work for nobody."""
        hashes = self._read().get(person_id or "", [])
        encoded = next((one for one in hashes if name_of(one) == named), None)
        return self.hasher.matches(encoded, pin)

    def _read(self) -> dict[str, list[str]]:
        try:
            found = json.loads(self._runtime.disk.read(self._path))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise ConfigError(f"The PINs in {self._path} cannot be read: {error}.") from None
        if not isinstance(found, dict) or not all(_are_texts(one) for one in found.values()):
            raise ConfigError(f"{self._path} does not hold PINs; restore it, or set new ones.")
        return found

    def _write(self, hashes: dict[str, list[str]]) -> None:
        try:
            self._runtime.disk.replace(self._path, json.dumps(hashes).encode())
        except OSError as error:
            raise ConfigError(f"The PINs cannot be written to {self._path}: {error}.") from None


def set_pin(journal: Journal, pins: PinStore, person_id: str, pin: str, *, by: str) -> None:
    """Set a person's PIN; `by` is the person, an administrator, or the station for its first one.

    The new hash counts from the entry `pin.set` on, which names it. Raises `ConfigError` for an
    unknown person or a PIN that may not be, `Refused` where `by` may not do this.
    """
    people = journal.checked((PEOPLE,))[PEOPLE.name]
    person = find_state(people, person_id)
    if person is None:
        raise ConfigError(f"{person_id!r:.40} is not registered here.")
    role = _role_to_set(people, person, by)
    name = pins.add(person.id, pin, keep=person.pin_name)
    journal.append(Draft("pin.set", {"person": person.id, "pin_name": name}, actor=by, role=role))


def _role_to_set(people: States, person: PersonState, by: str) -> str:
    """In which role somebody sets a PIN; the station itself only where nobody has one yet."""
    if by == STATION:
        if any(state["pin_set"] for state in people.values()):
            raise Refused("The station itself sets a PIN only for its first administrator.")
        return STATION
    if by == person.id and person.roles:
        return person.roles[0]
    setter = find(people, by)
    if setter is None or ADMINISTRATOR not in setter.roles:
        raise Refused(f"{by} may set their own PIN only; ask an administrator.")
    return ADMINISTRATOR


def name_of(encoded: str) -> str:
    """The SHA-256, hex, by which an entry names a hash without giving it away."""
    return hashlib.sha256(encoded.encode()).hexdigest()


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)
