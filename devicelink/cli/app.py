"""The tree of commands: the core's own, and those that other distributions add.

Only what a command line names is imported: a technician waits for one command, not for all.
"""

from __future__ import annotations

import importlib
import importlib.metadata
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

GROUP = "devicelink.commands"
OWN = {
    "station": "devicelink.cli.station:app",
    "device": "devicelink.cli.device:app",
    "technician": "devicelink.cli.technician:app",
    "trust": "devicelink.cli.trust:app",
    "certificate": "devicelink.cli.certificate:app",
    "catalogue": "devicelink.cli.catalogue:app",
    "policy": "devicelink.cli.policy:app",
    "session": "devicelink.cli.session:app",
    "lock": "devicelink.cli.lock:lock",
    "journal": "devicelink.cli.journal:app",
    "driver": "devicelink.cli.driver:app",
}


def build(words: Sequence[str]) -> typer.Typer:
    """The command line for these words; whole where they name no command of ours."""
    points = {point.name: point for point in importlib.metadata.entry_points(group=GROUP)}
    targets = {**{name: point.value for name, point in points.items()}, **OWN}
    app = typer.Typer(
        help="Ready a laser only for a person certified for it, and leave evidence.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    app.callback()(_nothing)
    named = words[0] if words else ""
    for name in [named] if named in targets else targets:
        _add(app, name, targets[name])
    return app


def _nothing() -> None:
    """Ready a laser only for a person certified for it, and leave evidence."""


def _add(app: typer.Typer, name: str, target: str) -> None:
    """Import one command; a broken plug-in fails alone, one of our own does not pass in silence."""
    module, _, attribute = target.partition(":")
    try:
        command: typer.Typer | Callable[..., None] = getattr(
            importlib.import_module(module), attribute
        )
    except Exception as error:
        if name in OWN:
            raise
        from devicelink.diagnostics import logger

        logger().warning("plugin_broken", command=target, error=repr(error))
        return
    if isinstance(command, typer.Typer):
        app.add_typer(command, name=name)
    else:
        app.command(name=name)(command)
