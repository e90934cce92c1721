"""The tree of commands: the core's own, and those that other distributions add.

Only what a command line names is imported: a technician waits for one command, not for all.
"""

from __future__ import annotations

import importlib
import importlib.metadata
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

GROUP = "devicelink.commands"
"""An entry point `NAME` adds a command, `NAME.OTHER` one below our own group `NAME`."""
OWN = {
    "station": ("devicelink.cli.station:app", "Make a station and see how it stands."),
    "device": ("devicelink.cli.device:app", "The register of lasers."),
    "meter": ("devicelink.cli.meters:app", "The register of meters, for checks of energy."),
    "technician": ("devicelink.cli.technician:app", "People and their PINs."),
    "trust": ("devicelink.cli.trust:app", "Whose certificates are believed."),
    "certificate": ("devicelink.cli.certificate:app", "Certificates of technicians."),
    "catalogue": ("devicelink.cli.catalogue:app", "What a maker's certificates allow."),
    "policy": ("devicelink.cli.policy:app", "What the clinic decides for itself."),
    "session": ("devicelink.cli.session:app", "Sessions: check, run, list, show."),
    "lock": (
        "devicelink.cli.lock:lock",
        "Take light away and read back. Exit 3: the laser is NOT confirmed locked.",
    ),
    "journal": ("devicelink.cli.journal:app", "Check the evidence, and hand it to others."),
    "driver": ("devicelink.cli.driver:app", "Installed drivers."),
}
"""Where a command is, and the sentence that the list of commands says of it."""
_LISTED: tuple[list[str], ...] = ([], ["--help"])
"""Words that show the list of commands and run none of them."""


def build(words: list[str]) -> typer.Typer:
    """The command line for these words; whole where they name no command of ours.

    Where the list of commands is all that is asked for, our own stand in it by their sentences.
    """
    points = {point.name: point for point in importlib.metadata.entry_points(group=GROUP)}
    others = {name: point.value for name, point in points.items()}
    targets = {name: target for name, target in others.items() if "." not in name}
    targets |= {name: target for name, (target, _) in OWN.items()}
    app = typer.Typer(
        help="Ready a laser only for a person certified for it, and leave evidence.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    app.callback()(_nothing)
    named = words[0] if words else ""
    for name in [named] if named in targets else targets:
        if name in OWN and words in _LISTED:
            app.command(name, help=OWN[name][1])(_nothing)
        else:
            _add(app, name, targets[name])
    _add_below(app, {name: target for name, target in others.items() if "." in name}, words)
    return app


def _add_below(app: typer.Typer, targets: Mapping[str, str], words: list[str]) -> None:
    """Hang `GROUP.COMMAND` below a group that is there, unless another of its commands is named."""
    groups = {group.name: group.typer_instance for group in app.registered_groups}
    named = words[1] if len(words) > 1 and not words[1].startswith("-") else None
    for full_name, target in targets.items():
        name, _, below = full_name.partition(".")
        group = groups.get(name)
        if group is None or below in {command.name for command in group.registered_commands}:
            continue
        if named in {None, below}:
            _add(group, below, target)


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
