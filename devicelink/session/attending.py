"""Staying with a running session: its lease renewed, its person heard, until it has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink.runtime import nanoseconds
from devicelink.session import state as table

if TYPE_CHECKING:
    from collections.abc import Callable

    from devicelink.runtime import Runtime
    from devicelink.session.procedure import Result, Session

RENEW_S = 1.0
LOOK_S = 0.1


def attend(session: Session, runtime: Runtime, hear: Callable[[], None]) -> Result:
    """Run a session beside the caller, who hears its person ten times a second; how it ended.

    Raises what the session raises.
    """
    results: list[Result] = []
    failures: list[BaseException] = []

    def own() -> None:
        try:
            results.append(session.run())
        except BaseException as error:  # noqa: BLE001 - it is raised again in the face's thread
            failures.append(error)

    task = runtime.spawn("owner", own)
    renewed_ns = runtime.mono_ns()
    while not task.join(LOOK_S):
        if runtime.mono_ns() - renewed_ns >= nanoseconds(RENEW_S):
            renewed_ns = runtime.mono_ns()
            session.inbox.post(table.Renewed(renewed_ns))
        hear()
    if failures:
        raise failures[0]
    return results[0]


def hear_line(session: Session, line: str, now_ns: int) -> None:
    """What a person typed; READY has a key of its own, everything else leads away from light."""
    word = line.strip().casefold()
    if not line or word == "q":
        session.stop(table.End("ended", table.EndKind.PERSON, "The technician ended the session."))
    elif word == "r":
        session.inbox.post(table.AskReady(now_ns))
    else:
        session.inbox.post(table.AskStandby(now_ns, "the technician asked for it"))
