"""A device reached: its port open, its driver made, its identity told."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from devicelink import registry
from devicelink.devices.register import simulated_serial
from devicelink.errors import (
    DeviceBusy,
    DeviceFault,
    DeviceLinkError,
    DriverError,
    LinkError,
    PortUnavailable,
    ProtocolError,
    WrongDevice,
)
from devicelink.link.link import Link
from devicelink.link.port import open_port, port_kind
from devicelink.link.rfc2217 import Rfc2217Port
from devicelink.session.guard import Guard, NoGuard, ProcessGuard
from devicelink.session.lockdown import LOCK_WITHIN_S, lock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from devicelink.driver import Driver, Identity
    from devicelink.link.port import Port
    from devicelink.link.transcript import Transcript
    from devicelink.runtime import Latch, Runtime
    from devicelink.session.lockdown import LockOutcome
    from devicelink.session.ownership import Ownership


@dataclass(frozen=True, slots=True)
class Who:
    """Who was locked, as far as it said so itself."""

    serial: str
    """As it is registered."""
    identity: Identity | None
    unread: str | None = None
    """Why it did not say who it is."""

    @property
    def clause(self) -> str:
        """For people, behind what is said of the lock; nothing where it said who it is."""
        if self.identity is not None:
            return ""
        why = (self.unread or "no answer").rstrip(".")
        return f"; it did not say who it is ({why}): look at its label whether it is {self.serial}"

    def as_data(self) -> dict[str, object]:
        """For an entry about its lock."""
        if self.identity is None:
            return {"identity": "not_read", "identity_why": self.unread}
        return {"identity": "asserted" if self.identity.serial is None else "read"}


@dataclass(slots=True)
class Connection:
    """An open port with its driver; nothing was asked yet."""

    driver: Driver
    port: Port
    link: Link
    simulated: bool
    """Whether the port is of the kind that only simulated lasers hang on (design rule 8)."""

    def who(self, serial: str) -> Who:
        """Who answers, or why nobody says; raises `WrongDevice` as `identify` does."""
        try:
            return Who(serial, self.identify(serial))
        except WrongDevice:
            raise
        except DeviceLinkError as error:
            return Who(serial, None, str(error))

    @property
    def guarded_by(self) -> str:
        """`process`, or `none` on a port that no other process can inherit."""
        return NoGuard.kind if self.port.fileno() is None else ProcessGuard.kind

    def identify(self, serial: str) -> Identity:
        """Who answers; raises `WrongDevice` where the wire names another serial number, or none.

        A simulated laser is registered as `SIM-` and what its wire says.
        """
        identity = self.driver.identify(self.link)
        if identity.serial is None:
            if self.driver.declaration.tells_identity:
                raise WrongDevice(f"The laser on this port does not say that it is {serial}.")
            return identity
        told = simulated_serial(identity.serial) if self.simulated else identity.serial
        if told != serial:
            raise WrongDevice(
                f"The laser on this port says that it is {told}; {serial} is registered here."
            )
        return identity


def connect(
    *,
    driver: str,
    configuration: Mapping[str, str],
    port: str,
    runtime: Runtime,
    transcript: Transcript,
    stop: Latch | None = None,
    simulated: bool | None = None,
) -> Connection:
    """Open the port and make the driver; sends nothing.

    `simulated` is the station's kind, None only where nothing but a question or a lock is sent.
    Raises `DriverError`, `PortUnavailable`, `ConfigError`.
    """
    made = registry.make(driver, configuration)
    opened = open_port(port, made.line, runtime, simulated=simulated)
    link = Link(opened, made.wire, runtime, transcript, stop)
    return Connection(made, opened, link, port_kind(port).only_simulators)


def start_guard(
    connection: Connection,
    own: Ownership,
    *,
    driver: str,
    configuration: Mapping[str, str],
    folder: Path,
    runtime: Runtime,
    alive: Callable[[], None] = lambda: None,
) -> Guard:
    """A guard that watches over the connection's port; raises `GuardGone`, and what `alive` does.

    A port inside this process dies with it, so there is nothing to inherit and nothing to guard.
    """
    port_fd = connection.port.fileno()
    if port_fd is None:
        return NoGuard()
    return ProcessGuard.start(
        driver_target=registry.find(driver).target,
        configuration=configuration,
        port_fd=port_fd,
        lock_fd=own.lock_fd,
        serial=own.serial,
        folder=folder,
        runtime=runtime,
        rfc2217=isinstance(connection.port, Rfc2217Port),
        alive=alive,
    )


def leave_to_guard(
    connection: Connection,
    own: Ownership,
    *,
    driver: str,
    configuration: Mapping[str, str],
    folder: Path,
    runtime: Runtime,
) -> None:
    """A laser that is not confirmed locked goes on being locked by a guard of its own.

    Where none can be started, the outcome of the lock says already that nothing is confirmed.
    """
    with contextlib.suppress(DeviceLinkError):
        start_guard(
            connection,
            own,
            driver=driver,
            configuration=configuration,
            folder=folder,
            runtime=runtime,
        ).take_over()


def lock_whoever(
    connection: Connection,
    serial: str,
    runtime: Runtime,
    *,
    within_s: float = LOCK_WITHIN_S,
    alive: Callable[[], None] = lambda: None,
) -> tuple[LockOutcome, Who | None]:
    """Lock whoever is at the port, then ask who that was; never raises.

    A lock of another laser is no lock of this one, whose port is lost. `alive` as `lock` has it.
    """
    outcome = lock(connection.link, connection.driver, runtime, within_s=within_s, alive=alive)
    alive()
    if not outcome.confirmed:
        return outcome, None
    try:
        return outcome, connection.who(serial)
    except WrongDevice as error:
        return replace(outcome, confirmed=False, port_lost=True, why_not=str(error)), None


def at_the_laser(driver: str) -> str:
    """What a person does at the laser itself, in its driver's words."""
    try:
        return registry.load(driver).declaration.at_the_laser
    except DeviceLinkError as error:
        return f"Press the laser's own red emergency stop and turn its key off. ({error})"


def problem(error: DeviceLinkError) -> tuple[str, str]:
    """The finding's code and sentence for why a device could not be asked."""
    codes: tuple[tuple[type[DeviceLinkError], str], ...] = (
        (DeviceBusy, "device_busy"),
        (PortUnavailable, "port_unavailable"),
        (WrongDevice, "wrong_device"),
        (DriverError, "driver_unusable"),
        (LinkError, "device_not_answering"),
        (ProtocolError, "device_not_answering"),
        (DeviceFault, "device_not_answering"),
    )
    code = next((code for kind, code in codes if isinstance(error, kind)), "driver_unusable")
    return code, str(error)
