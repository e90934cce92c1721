"""A signing key as a file: Go's text form, readable by its owner alone."""

from __future__ import annotations

import base64
import binascii
import os
from hashlib import sha256
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from devicelink.errors import ConfigError
from devicelink.journal.note import ED25519, Signer

if TYPE_CHECKING:
    from pathlib import Path

    from devicelink.runtime import Disk, Runtime

_SEED_BYTES = 32
_PREFIX = "PRIVATE+KEY+"
_PARTS = 3
_OTHERS = 0o077
_KEY_ID_DIGITS = 16
_PERMITS = b"devicelink permits 1"


def new_signer(name: str, runtime: Runtime) -> Signer:
    """A fresh key."""
    return Signer(name, Ed25519PrivateKey.from_private_bytes(runtime.random_bytes(_SEED_BYTES)))


def permit_key(signer: Signer) -> Ed25519PrivateKey:
    """The station's key for permits that lasers check, made from its own by HKDF (RFC 5869).

    Another key, so that no signature of the one can be taken for one of the other.
    """
    derive = HKDF(SHA256(), _SEED_BYTES, salt=None, info=_PERMITS)
    return Ed25519PrivateKey.from_private_bytes(derive.derive(signer.key.private_bytes_raw()))


def key_id(public_key: bytes) -> str:
    """By which lasers name a key for permits: the beginning of its SHA-256, hex."""
    return sha256(public_key).hexdigest()[:_KEY_ID_DIGITS]


def key_text(signer: Signer) -> str:
    """`PRIVATE+KEY+<name>+<key id in hex>+<base64 of type byte and seed>`."""
    seed = base64.b64encode(ED25519 + signer.key.private_bytes_raw()).decode()
    return f"{_PREFIX}{signer.name}+{signer.verifier.key_id.hex()}+{seed}"


def read_key_text(text: str) -> Signer:
    """Read a key's text; raises `ConfigError`, whose sentence never holds the key."""
    parts = text.strip().removeprefix(_PREFIX).split("+", _PARTS - 1)
    if not text.startswith(_PREFIX) or len(parts) != _PARTS:
        raise ConfigError("A signing key is written PRIVATE+KEY+<name>+<8 hex digits>+<base64>.")
    name, told_id, encoded = parts
    try:
        data = base64.b64decode(encoded.encode(), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        data = b""
    if data[:1] != ED25519 or len(data) != 1 + _SEED_BYTES:
        raise ConfigError(f"The signing key of {name!r} is not an Ed25519 seed of 32 bytes.")
    signer = Signer(name, Ed25519PrivateKey.from_private_bytes(data[1:]))
    if signer.verifier.key_id.hex() != told_id:
        raise ConfigError(f"The signing key of {name!r} does not have the id {told_id!r}.")
    return signer


def save_key(path: Path, signer: Signer, disk: Disk) -> None:
    """Write a key durably as a new file, mode 0600; raises `ConfigError` if that cannot be done."""
    try:
        disk.create(path, key_text(signer).encode() + b"\n")
    except FileExistsError:
        raise ConfigError(f"{path} already holds a key; it is never written over.") from None
    except OSError as error:
        raise ConfigError(f"The key cannot be written to {path}: {error.strerror}.") from error


def load_key(path: Path) -> Signer:
    """Read a key's file; raises `ConfigError`, also where others than its owner may read it."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read().decode()
    except OSError as error:
        raise ConfigError(f"The key {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError:
        raise ConfigError(f"{path} does not hold a signing key.") from None
    if mode & _OTHERS:
        raise ConfigError(f"{path} may be read by others: chmod 600 it, and think about who did.")
    return read_key_text(text)
