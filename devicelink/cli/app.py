"""The tree of commands: the core's own, and those that other distributions add."""

from __future__ import annotations

import importlib.metadata

import typer

from devicelink.cli import catalogue, certificate, technician, trust


def build() -> typer.Typer:
    """The whole command line."""
    app = typer.Typer(
        help="Ready a laser only for a person certified for it, and leave evidence.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    app.add_typer(technician.app, name="technician")
    app.add_typer(trust.app, name="trust")
    app.add_typer(certificate.app, name="certificate")
    app.add_typer(catalogue.app, name="catalogue")
    for point in sorted(importlib.metadata.entry_points(group="devicelink.commands")):
        command = point.load()
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=point.name)
        else:
            app.command(name=point.name)(command)
    return app
