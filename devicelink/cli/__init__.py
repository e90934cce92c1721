"""The command line: one of the faces, equal in power to any other."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from typing import TYPE_CHECKING

from devicelink.errors import DeviceLinkError, LockUnconfirmed, Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command; every error becomes a sentence and its documented exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    from devicelink.cli.app import build

    try:
        build(words)(words)
    except DeviceLinkError as error:
        _say(error, as_json="--json" in words)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:  # who read the output wants no more of it, as `| head` does
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115  (open until the end)
        sys.exit(1)
    except OSError as error:
        _say_failed("OSError", _refused_by_machine(error), as_json="--json" in words)
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - the last floor: a sentence, never a traceback
        sentence = (
            f"devicelink met an error of its own ({error!r}). If a laser was in use, press its own "
            "red emergency stop, then: devicelink lock DEVICE. Please report the error"
            f"{_trace_kept(error)}."
        )
        _say_failed("internal_error", sentence, as_json="--json" in words)
        sys.exit(1)
    finally:
        common = sys.modules.get("devicelink.cli.common")
        if common is not None:  # else no command ran that could have opened a station
            common.close_stations()


def _trace_kept(error: Exception) -> str:
    """Where the traceback lies, in a file for this user alone; nothing where none can be made."""
    import tempfile
    import traceback

    with contextlib.suppress(OSError):
        fd, path = tempfile.mkstemp(prefix="devicelink-error-", suffix=".txt")
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            traceback.print_exception(error, file=file)
        return f", with the file {path}"
    return ""


def _refused_by_machine(error: OSError) -> str:
    """What the operating system would not do, with which file, and what to look at."""
    what = error.strerror or str(error)
    where = f" ({error.filename})" if error.filename else ""
    return (
        f"The computer refused: {what}{where}. Check that the name is right, that you may read and "
        "write there, and that the disk is not full."
    )


def _say_failed(error: str, sentence: str, *, as_json: bool) -> None:
    """A failure that is none of ours, told as ours are; stdout may be what failed."""
    if as_json:
        with contextlib.suppress(OSError):
            document = {"error": error, "sentence": sentence, "findings": []}
            print(json.dumps(document, ensure_ascii=False), flush=True)
    print(sentence, file=sys.stderr)


def _say(error: DeviceLinkError, *, as_json: bool) -> None:
    findings = error.findings if isinstance(error, Refused) else ()
    if as_json:
        document = {
            "error": type(error).__name__,
            "sentence": str(error),
            "findings": [finding.as_json() for finding in findings],
        }
        print(json.dumps(document, ensure_ascii=False), flush=True)
    mark = "NOT CONFIRMED LOCKED: " if isinstance(error, LockUnconfirmed) else ""
    print(f"{mark}{error}", file=sys.stderr)
    for finding in findings:
        print(f"  - [{finding.severity}] {finding.sentence} {finding.remedy}", file=sys.stderr)
