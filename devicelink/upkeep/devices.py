"""Checks of devices and their ports; no port is opened, since opening may raise DTR and RTS."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from devicelink import registry
from devicelink.devices.card import Card, read_card
from devicelink.devices.register import Device, devices
from devicelink.errors import DeviceLinkError
from devicelink.link.port import PortKind, port_kind
from devicelink.session.ownership import is_owned
from devicelink.session.service import ask_service, is_served
from devicelink.upkeep.sight import Unseen, warn, wrong

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devicelink.devices.register import RelayBinding
    from devicelink.errors import Finding
    from devicelink.upkeep.sight import Sight

_PTY_MAKER = "/dev/ptmx"
_AS_BEFORE = "with the same --set, --trigger, --maker, --model and --udi as before."
_STABLE = Path("/dev/serial/by-id")
_UNSTABLE = ("/dev/ttyUSB", "/dev/ttyACM")


def check_devices(sight: Sight) -> Iterator[Finding | str]:
    """Holds, what a dead owner left, drivers that do not load."""
    registered = devices(sight.state["devices"])
    allowed = registry.allowed_drivers(sight.state["station"])
    if not registered:
        yield warn(
            "no_device",
            "No laser is registered here.",
            "devicelink device add SERIAL --driver NAME --port PORT --by ID",
        )
    for serial, device in registered.items():
        found = list(_device(sight, device, allowed))
        yield from found
        if not found:
            yield f"{serial} is registered, and nothing holds it."


def _device(sight: Sight, device: Device, allowed: tuple[str, ...]) -> Iterator[Finding]:
    serial = device.serial
    if device.recovery_due and not is_owned(sight.folder, serial, sight.runtime):
        yield wrong(
            "recovery_due",
            f"The program that last used {serial} died in a session: the laser may not be locked.",
            f"Now: devicelink lock {serial}. If it does not answer: red emergency stop, power off, "
            f"then: devicelink device attest-off {serial} --by ID",
        )
    elif device.lock == "unconfirmed":
        yield wrong(
            "lock_unconfirmed",
            f"{serial} is NOT confirmed locked.",
            f"devicelink lock {serial}. If it does not answer: red emergency stop, power off, "
            f"then: devicelink device attest-off {serial} --by ID",
        )
    for hold in device.holds:
        yield wrong(
            f"held_{hold.code}",
            f"{serial} is held: {hold.sentence}",
            f"When its cause is gone: devicelink device acknowledge {serial} --by ID",
        )
    try:
        if device.driver not in allowed:
            registry.require_allowed(device.driver, sight.state["station"])
        registry.declared(device.driver, device.configuration)
    except DeviceLinkError as error:
        yield wrong(
            "driver_unusable",
            f"{serial} cannot be used: {error}",
            "Install the driver again, or register the laser with another one.",
        )
    if read_card(sight.folder, serial, sight.runtime.disk) is None:
        yield warn(
            "lock_card_missing",
            f"There is no lock card of {serial}: should the journal break, it could not be locked.",
            f"Have it written: devicelink device add {serial} --driver {device.driver} "
            f"--port {device.port} --by ID, {_AS_BEFORE}",
        )


def check_ports(sight: Sight) -> Iterator[Finding | str]:
    """Whether each port is there, of the right kind, ours, and free; by lock cards if need be."""
    known = _known(sight)
    for device in known:
        found = list(_port(sight, device, known))
        yield from found
        if not found and "://" in device.port:
            yield f"The port {device.port} of {device.serial} is in the network: not tried."
        elif not found:
            yield f"The port {device.port} of {device.serial} is there, and ours to use."
        if isinstance(device, Device) and device.relay is not None:
            yield _relay(device.serial, device.relay)


def _relay(serial: str, relay: RelayBinding) -> Finding | str:
    """Whether the relay in its interlock circuit can be asked at all."""
    why = ""
    try:
        registry.make_relay(relay.driver, relay.configuration)
    except DeviceLinkError as error:
        why = str(error)
    if port_kind(relay.port) is PortKind.ABSENT:
        why = f"the port {relay.port} is not there: unplugged, without power, or moved."
    if not why:
        return f"The port {relay.port} of the relay {relay.serial} is there."
    return wrong(
        "relay_unreachable",
        f"The relay {relay.serial} in the interlock circuit of {serial} cannot be asked: {why}",
        f"Check its cable and power. If it is elsewhere for good: devicelink device add {serial} "
        f"--interlock {relay.serial} --interlock-port PATH --by ID",
    )


def _known(sight: Sight) -> list[Device | Card]:
    try:
        return list(devices(sight.state["devices"]).values())
    except Unseen:
        cards = sorted((sight.folder / "locks").glob("*.json"))
        read = (_card(path) for path in cards)
        return [card for card in read if card is not None]


def _card(path: Path) -> Card | None:
    try:
        return Card.model_validate_json(path.read_bytes())
    except (OSError, ValueError):
        return None


def _port(sight: Sight, device: Device | Card, known: list[Device | Card]) -> Iterator[Finding]:
    serial, port = device.serial, device.port
    kind = port_kind(port)
    simulated = sight.simulated()
    if kind is PortKind.ABSENT:
        used = {os.path.realpath(one.port) for one in known}
        others = [p for p in _adapters() if os.path.realpath(p) not in used]
        seen = f" Plugged in and not registered: {', '.join(others)}." if others else ""
        yield wrong(
            "port_absent",
            f"The port {port} of {serial} is not there: unplugged, off, or moved.{seen}",
            "Check cable and power, and plug it in where it was. If it has another path for good, "
            f"register it anew: devicelink device add {serial} --driver {device.driver} --port "
            f"PATH --by ID, {_AS_BEFORE}",
        )
        return
    if simulated is not None and not kind.belongs(simulated=simulated):
        word = "simulated" if simulated else "real"
        yield wrong(
            "port_of_other_kind",
            f"This is a {word} station, and the port {port} of {serial} is {kind.words}.",
            "Simulated lasers belong to simulated stations, real lasers to real ones.",
        )
    if "://" not in port:
        yield from _path(sight, serial, Path(port), kind)


def _path(sight: Sight, serial: str, port: Path, kind: PortKind) -> Iterator[Finding]:
    real = port.resolve()
    about = real.stat()
    if not stat.S_ISCHR(about.st_mode):
        yield wrong(
            "port_is_no_device",
            f"The port {port} of {serial} is a file, no serial port.",
            "Register the laser with its serial port.",
        )
        return
    if not os.access(real, os.R_OK | os.W_OK):
        group = _group(about.st_gid)
        yield wrong(
            "port_forbidden",
            f"This user may not use {real} ({serial}): it belongs to the group {group}.",
            f"sudo usermod -aG {group} {os.environ.get('USER', 'USER')}, then sign out of the "
            "computer and in again.",
        )
    if str(port).startswith(_UNSTABLE):
        yield warn(
            "port_not_stable",
            f"{port} may be another adapter after the next start of the computer ({serial}).",
            f"Register it anew by its name in {_STABLE}, {_AS_BEFORE}",
        )
    if not is_owned(sight.folder, serial, sight.runtime):
        for pid, program in _holders(real, behind_pty=kind is PortKind.PTY):
            yield wrong(
                "port_in_use",
                f"Another program has {real} ({serial}) open: {program} (process {pid}).",
                "End that program; two programs on one laser disturb each other.",
            )


def check_in_use(sight: Sight) -> Iterator[Finding | str]:
    """Which devices a living process owns, and what the station's service says of them."""
    seen = ask_service(sight.folder, sight.runtime)
    if seen is not None:
        yield "The station's service runs."
    elif is_served(sight.folder, sight.runtime):
        yield wrong(
            "service_silent",
            "The station's service is there and does not answer: perhaps nothing is watched.",
            "End it and start it again: devicelink station serve",
        )
    else:
        yield "No service runs: lasers are watched in sessions only (devicelink station serve)."
    for device in _known(sight):
        row = (seen or {}).get(device.serial)
        if row is not None and row.get("alarm"):
            yield wrong(
                "service_alarm",
                str(row.get("sentence")),
                "Look at the laser, its cable and its power; the service says when it is back.",
            )
        elif row is not None:
            yield str(row.get("sentence"))
        elif is_owned(sight.folder, device.serial, sight.runtime):
            yield f"{device.serial} is in use now, by a session or a guard."


def _adapters() -> list[str]:
    return [str(path) for path in sorted(_STABLE.glob("*"))]


def _group(gid: int) -> str:
    import grp

    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def _holders(port: Path, *, behind_pty: bool) -> Iterator[tuple[int, str]]:
    """Processes that have a port open, as far as this user may see them.

    Whoever made a pty holds its other end, `/dev/ptmx`, and is what the port leads to.
    """
    for process in Path("/proc").glob("[0-9]*"):
        files = set(_open_files(process))
        if str(port) in files and not (behind_pty and _PTY_MAKER in files):
            with contextlib.suppress(OSError):
                words = (process / "cmdline").read_bytes().split(b"\0")
                program = b" ".join(words[:4]).decode(errors="replace").strip()
                yield int(process.name), program


def _open_files(process: Path) -> Iterator[str]:
    """Where a process's descriptors lead; those that close meanwhile are passed over."""
    with contextlib.suppress(OSError):
        for fd in (process / "fd").iterdir():
            with contextlib.suppress(OSError):
                yield str(fd.readlink())
