"""The tree of commands: the core's own, and those that other distributions add."""

from __future__ import annotations

import importlib.metadata

import structlog
import typer

from devicelink.cli import (
    catalogue,
    certificate,
    device,
    driver,
    journal,
    lock,
    session,
    station,
    technician,
    trust,
)


def build() -> typer.Typer:
    """The whole command line."""
    app = typer.Typer(
        help="Ready a laser only for a person certified for it, and leave evidence.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    app.add_typer(station.app, name="station")
    app.add_typer(device.app, name="device")
    app.add_typer(session.app, name="session")
    app.command("lock")(lock.lock)
    app.add_typer(journal.app, name="journal")
    app.add_typer(driver.app, name="driver")
    app.add_typer(technician.app, name="technician")
    app.add_typer(trust.app, name="trust")
    app.add_typer(certificate.app, name="certificate")
    app.add_typer(catalogue.app, name="catalogue")
    for point in sorted(importlib.metadata.entry_points(group="devicelink.commands")):
        try:
            command = point.load()
        except Exception as error:  # noqa: BLE001 - a broken plug-in fails alone
            structlog.get_logger().warning("plugin_broken", command=point.value, error=repr(error))
            continue
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=point.name)
        else:
            app.command(name=point.name)(command)
    return app
