"""Signed notes (C2SP) with Ed25519, and the checkpoint that is written as one.

A note is a text, an empty line, and signature lines `— <name> <base64(key id, signature)>`. The
text's bytes are what is signed, its last newline included, the empty line not.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from devicelink.errors import ConfigError, JournalBroken
from devicelink.journal.tree import HASH_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence

ED25519 = b"\x01"
KEY_ID_BYTES = 4
_KEY_BYTES = 32
_MOST_SIGNATURES = 100
_DASH = "\N{EM DASH} "
_NOT_IN_NOTES = re.compile("[\\x00-\\x09\\x0b-\\x1f\\ud800-\\udfff]")
_SIZE = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)
_NAME = re.compile(r"[^\s\x00-\x1f+]+")
_VKEY_PARTS = 3
_BODY_LINES = 3


def key_id(name: str, kind: bytes, public: bytes) -> bytes:
    """Four bytes that tell keys of one name apart; `kind` is the algorithm's type byte."""
    return hashlib.sha256(name.encode() + b"\n" + kind + public).digest()[:KEY_ID_BYTES]


@dataclass(frozen=True, slots=True)
class Verifier:
    """A key that is believed, by its name."""

    name: str
    public: bytes
    key_id: bytes = field(init=False)

    def __post_init__(self) -> None:
        _check_name(self.name)
        object.__setattr__(self, "key_id", key_id(self.name, ED25519, self.public))

    @classmethod
    def from_vkey(cls, text: str) -> Verifier:
        """Read `<name>+<key id in hex>+<base64 key>`; raises `ConfigError`."""
        parts = text.strip().split("+", _VKEY_PARTS - 1)
        if len(parts) != _VKEY_PARTS:
            raise ConfigError("A verifier key is written <name>+<8 hex digits>+<base64>.")
        name, told_id, encoded = parts
        key = decode(encoded)
        if key is None or len(key) != 1 + _KEY_BYTES or key[:1] != ED25519:
            raise ConfigError(f"The verifier key of {name!r} is not an Ed25519 key of 32 bytes.")
        verifier = cls(name, key[1:])
        if verifier.key_id.hex() != told_id:
            raise ConfigError(f"The verifier key of {name!r} does not have the id {told_id!r}.")
        return verifier

    @property
    def vkey(self) -> str:
        """The key as text."""
        return f"{self.name}+{self.key_id.hex()}+{encode(ED25519 + self.public)}"

    def verify(self, text: str, signature: bytes) -> bool:
        """Whether `signature` (64 bytes) is this key's over the text."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text.encode())
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key and its name."""

    name: str
    key: Ed25519PrivateKey = field(repr=False)
    verifier: Verifier = field(init=False, repr=False)
    """The public side."""

    def __post_init__(self) -> None:
        public = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        object.__setattr__(self, "verifier", Verifier(self.name, public))

    @property
    def vkey(self) -> str:
        """The public side as text."""
        return self.verifier.vkey

    def sign(self, text: str) -> str:
        """One signature line over the text, its newline included."""
        signature = self.key.sign(text.encode())
        return f"{_DASH}{self.name} {encode(self.verifier.key_id + signature)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A note taken apart: its text, and (name, key id, signature) of each line."""

    text: str
    signatures: tuple[tuple[str, bytes, bytes], ...]

    @classmethod
    def parse(cls, note: str) -> Note:
        """Take a note apart without judging signatures; raises `JournalBroken`."""
        if _NOT_IN_NOTES.search(note):
            raise JournalBroken("A signed note holds control characters or is not Unicode text.")
        text, found, lines = note.rpartition("\n\n")
        if not found or not lines.endswith("\n"):
            raise JournalBroken("A signed note needs its text, an empty line and signature lines.")
        rows = lines[:-1].split("\n")
        if len(rows) > _MOST_SIGNATURES:
            raise JournalBroken(f"A signed note has more than {_MOST_SIGNATURES} signatures.")
        return cls(text + "\n", tuple(_signature_line(row) for row in rows))


def sign_note(text: str, *signers: Signer) -> str:
    """The text as a note; it has to end in a newline and hold no other control character."""
    note = text + "\n" + "".join(signer.sign(text) for signer in signers)
    if Note.parse(note).text != text:
        raise JournalBroken("A text that does not end in a newline cannot be signed as a note.")
    return note


def open_note(note: str, verifiers: Sequence[Verifier]) -> str:
    """The text of a note that at least one of the keys has signed.

    Signatures by other keys are passed over. Raises `JournalBroken` when a signature of a known
    key does not hold, and when there is none.
    """
    parsed = Note.parse(note)
    known = {(verifier.name, verifier.key_id): verifier for verifier in verifiers}
    good = False
    for name, told_id, signature in parsed.signatures:
        verifier = known.get((name, told_id))
        if verifier is None:
            continue
        if not verifier.verify(parsed.text, signature):
            raise JournalBroken(f"The signature of {name} does not belong to what it stands under.")
        good = True
    if not good:
        names = ", ".join(verifier.vkey for verifier in verifiers)
        raise JournalBroken(f"The note is not signed by the key {names}.")
    return parsed.text


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is signed of a journal: its origin, its size and its root (32 bytes)."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @property
    def body(self) -> str:
        """The text that is signed."""
        lines = (self.origin, str(self.size), encode(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines)

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read a checkpoint's text (not the whole note); raises `JournalBroken`."""
        lines = text.split("\n")
        if len(lines) < _BODY_LINES + 1 or lines.pop() != "":
            raise JournalBroken("A checkpoint needs the lines origin, size and root.")
        origin, size, encoded, *extensions = lines
        root = decode(encoded)
        if not _is_name(origin):
            raise JournalBroken(f"A checkpoint cannot have the origin {origin!r}.")
        if not _SIZE.fullmatch(size):
            raise JournalBroken(f"A checkpoint cannot have the size {size!r}.")
        if root is None or len(root) != HASH_BYTES:
            raise JournalBroken("A checkpoint's root is not the base64 of 32 bytes.")
        if "" in extensions:
            raise JournalBroken("A checkpoint has an empty line in its text.")
        return cls(origin, int(size), root, tuple(extensions))

    @classmethod
    def open(cls, note: str, verifier: Verifier) -> Checkpoint:
        """Read a signed checkpoint of the log whose key this is; raises `JournalBroken`."""
        checkpoint = cls.parse(open_note(note, [verifier]))
        if checkpoint.origin != verifier.name:
            raise JournalBroken(
                f"The checkpoint is of {checkpoint.origin}, the key of {verifier.name}."
            )
        return checkpoint


def _check_name(name: str) -> None:
    if not _is_name(name):
        raise ConfigError(f"{name!r} cannot name a key: no spaces, no plus sign, not empty.")


def _is_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


def _signature_line(line: str) -> tuple[str, bytes, bytes]:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    blob = decode(encoded)
    if not line.startswith(_DASH) or not space or not _is_name(name):
        raise JournalBroken(f"A signature line of a note is not written as one: {line!r:.80}.")
    if blob is None or len(blob) <= KEY_ID_BYTES:
        raise JournalBroken(f"The signature of {name} is not the base64 of a key id and more.")
    return name, blob[:KEY_ID_BYTES], blob[KEY_ID_BYTES:]


def encode(data: bytes) -> str:
    """Padded base64."""
    return base64.b64encode(data).decode()


def decode(text: str) -> bytes | None:
    """Canonical padded base64, else None."""
    try:
        data = base64.b64decode(text.encode(), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return None
    return data if encode(data) == text else None
