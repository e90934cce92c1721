"""Asking a relay in a laser's interlock circuit who it is and how it is, by questions alone."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from devicelink.errors import NoReply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devicelink.relay import RelayIdentity, RelayStatus


def probe_relay(
    name: str, configuration: Mapping[str, str], port: str
) -> tuple[dict[str, object], str]:
    """What `driver probe` tells of a relay: a document, and a sentence."""
    from devicelink.cli.asking import asking
    from devicelink.registry import make_relay

    relay = make_relay(name, configuration)
    try:
        with asking(relay, port) as link:
            identity = relay.identify(link)
            status = relay.read_status(link)
    except NoReply as error:
        raise NoReply(f"{error} Check that the relay has power, and its cable.") from None
    document = {**asdict(identity), "bound_ms": identity.bound_ms, **asdict(status)}
    return document, _sentence(identity, status)


def _sentence(identity: RelayIdentity, status: RelayStatus) -> str:
    faults = ", ".join(status.faults).replace("_", " ")
    why = f" ({status.opened_by})" if status.opened_by else ""
    return (
        f"A relay answers: serial number {identity.serial}, firmware {identity.firmware}. Its "
        f"contact is {status.contact.value}{why}. It opens by itself within {identity.bound_ms} ms "
        "after the last heartbeat." + (f" FAULT: {faults}." if faults else "")
    )
