"""The list of commands, which is shown without importing them."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest
import typer

from devicelink.cli.app import OWN, build


@pytest.mark.parametrize("name", OWN)
def test_each_sentence_in_the_list_is_the_commands_own(name):
    """What the list says of a command is what the command says of itself."""
    target, sentence = OWN[name]
    module, _, attribute = target.partition(":")
    command = getattr(importlib.import_module(module), attribute)
    if isinstance(command, typer.Typer):
        assert command.info.help == sentence
    else:
        assert command.__doc__.splitlines()[0] == sentence


def test_the_list_imports_no_command_of_ours():
    """A person who asks what there is waits for Typer, not for the journal or for pydantic."""
    code = (
        "import sys; from devicelink.cli.app import build; build(['--help']);"
        "print([m for m in sys.modules if m.startswith('devicelink.cli.') or m == 'pydantic'])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "['devicelink.cli.app']"


@pytest.mark.parametrize("words", [["--", "lock"], ["--json", "lock"], ["nonsense"], ["--version"]])
def test_nothing_but_the_list_gets_stand_ins(words):
    """A command that is reached in another way is the real one: nothing is done in its place."""
    groups = {group.name for group in build(words).registered_groups}
    assert {"session", "journal", "device"} <= groups
