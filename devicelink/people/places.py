"""Which places of its status lists an issuer gave away already: beside its key, never twice.

A place that is used again revokes two certificates at once, or brings in one that is revoked.
"""

from __future__ import annotations

import fcntl
import json
import os
from typing import TYPE_CHECKING

from devicelink.errors import ConfigError
from devicelink.people.statuslist import FEWEST_BITS

if TYPE_CHECKING:
    from pathlib import Path


def take_place(key: Path, url: str, index: int | None, credential_id: str) -> int:
    """Give a place of the list at `url` to one certificate, durably; the next one where None.

    Raises `ConfigError` for a place that is given away, or is not in a list, or where the file
    beside the key cannot be read or written.
    """
    path = key.with_name(key.name + ".places")
    try:
        with path.open("a+", encoding="utf-8") as file:
            path.chmod(0o600)
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            taken = _taken(file.read(), url)
            chosen = max(taken, default=-1) + 1 if index is None else index
            if not 0 <= chosen < FEWEST_BITS:
                raise ConfigError(f"--status-index counts from 0 to {FEWEST_BITS - 1}.")
            if chosen in taken:
                raise ConfigError(
                    f"Place {chosen} of {url} is given away already ({path}). Without "
                    "--status-index the next free place is taken."
                )
            told = {"list_url": url, "index": chosen, "certificate": credential_id}
            file.write(json.dumps(told) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise ConfigError(f"The file {path} cannot be written: {error.strerror}.") from None
    except (ValueError, KeyError, TypeError):
        raise ConfigError(
            f"{path} is damaged; restore it before a certificate is issued."
        ) from None
    return chosen


def _taken(text: str, url: str) -> set[int]:
    rows = [json.loads(line) for line in text.splitlines()]
    return {int(row["index"]) for row in rows if row["list_url"] == url}
