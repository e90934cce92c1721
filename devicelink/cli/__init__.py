"""The command line: one of the faces, equal in power to any other."""

from __future__ import annotations

import json
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
    except Exception as error:  # noqa: BLE001 - the last floor: a sentence, never a traceback
        from devicelink.diagnostics import logger

        logger().error("internal_error", exc_info=True)
        print(f"devicelink met an error of its own ({error!r}). Please report it.", file=sys.stderr)
        sys.exit(1)
    finally:
        common = sys.modules.get("devicelink.cli.common")
        if common is not None:  # else no command ran that could have opened a station
            common.close_stations()


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
