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


def test_what_is_not_said_again_stays_as_it_was(clinic):
    """A laser at another port keeps its maker, model, identifier, dialect and what makes light."""
    words = ("--maker", "M", "--model", "L1", "--udi", "SIM-2", "--set", "dialect=ylr-sm")
    add(clinic, "X2", "ipg", *words, "--trigger", "host")
    before = clinic.opened().device("SIM-X2")
    elsewhere = clinic.props / "elsewhere"
    here("device", "add", "X2", "--port", elsewhere, *clinic.by)
    after = clinic.opened().device("SIM-X2")
    assert after.port == str(elsewhere)
    assert after.model_copy(update={"port": before.port}) == before
    here("device", "add", "X2", "--trigger", "hardware", "--model", "L2", *clinic.by)
    assert clinic.opened().device("SIM-X2").trigger == "hardware"
    assert clinic.opened().device("SIM-X2").model == "L2"


def test_another_driver_takes_nothing_of_the_old_ones_configuration(clinic):
    """Its keys are another driver's; the product stays the same."""
    add(clinic, "X3", "ipg", "--maker", "M", "--set", "dialect=ylr-sm")
    add(clinic, "X3", "bigsky", "--set", "serial=062")
    found = clinic.opened().device("SIM-X3")
    assert (found.maker, found.configuration) == ("M", {"serial": "062"})


@pytest.mark.parametrize("words", [("--port", "p"), ("--driver", "ipg"), ("--model", "L1")])
def test_a_laser_that_nobody_registered_needs_driver_and_port(clinic, capsys, words):
    """With a sentence that says so."""
    here("device", "add", "X4", *words, *clinic.by, code=2)
    assert "A new device needs --driver NAME and --port PORT." in capsys.readouterr().err
