"""Registering a laser says what its wire lacks; without a terminal, where the PIN comes from."""

from __future__ import annotations

import io

import pytest

from tests.clinic import here


def add(clinic, serial, driver, *more):
    """Register one more laser, that nobody serves."""
    port = clinic.props / serial
    here("device", "add", serial, "--driver", driver, "--port", port, *more, *clinic.by)


@pytest.mark.parametrize(
    ("driver", "more", "told"),
    [
        ("uc2000", (), "its serial number, its interlock, its key, a lifetime counter: sessions"),
        ("bigsky", ("--set", "serial=062"), "does not show its key, a lifetime counter: sessions"),
        (
            "uc2000",
            ("--accept", "identity_asserted", "--accept", "interlock_unknown"),
            "does not show a lifetime counter: sessions",
        ),
    ],
)
def test_what_its_wire_lacks_is_said_with_the_command_that_accepts_it(
    clinic, capsys, driver, more, told
):
    """Not first by a refused session; what is accepted already is not asked for."""
    add(clinic, "X1", driver, *more)
    said = capsys.readouterr().out
    assert told in said
    command = said.rpartition("devicelink ")[2].removesuffix(" --by ID\n").split()
    here(*command, *clinic.by)
    capsys.readouterr()
    add(clinic, "X1", driver, *more, *command[command.index("--accept") :])
    assert capsys.readouterr().out == f"SIM-X1 is registered on {clinic.props / 'X1'}.\n"


def test_without_a_terminal_a_simulated_station_takes_the_pin_from_a_file(
    clinic, capsys, monkeypatch
):
    """The sentence names the option."""
    monkeypatch.setattr("sys.stdin", io.StringIO())
    here("device", "hold", "SIM-0917", "--reason", "odd", *clinic.by[:4], code=2)
    assert "no terminal to ask at. Give it by --pin-file FILE." in capsys.readouterr().err
