"""`sim list`, `sim describe`, and what wrong usage of `sim serve` says."""

from __future__ import annotations

import json
import socket

import pytest

from devicelink.errors import ConfigError
from devicelink_ipg_sim import SIMULATOR
from devicelink_simulation.commands import app


def test_list(sim):
    """The simulators with title, distribution and version, for people and for programs."""
    code, output, _ = sim("list")
    assert code == 0
    assert "\nipg " in f"\n{output}"
    code, output, _ = sim("list", "--json")
    (ipg,) = [each for each in json.loads(output)["simulators"] if each["name"] == "ipg"]
    assert (code, ipg["distribution"], ipg["problem"]) == (0, "devicelink", None)


def test_list_goes_on_where_one_is_broken(sim, tmp_path):
    """A simulator that does not load is named with its problem; the others are listed."""
    info = tmp_path / "strange-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: strange\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[devicelink.simulators]\nbroken = no_such:THING\n")
    code, output, _ = sim("list", PYTHONPATH=str(tmp_path))
    assert code == 0
    assert "cannot be used: no_such:THING does not load" in output
    assert "\nipg " in f"\n{output}"


def test_describe_tells_everything(sim):
    """Each settable with type, default and meaning, each set-up, each fault, and the language."""
    code, output, _ = sim("describe", "ipg", "--json")
    told = json.loads(output)
    assert code == 0
    assert [each["name"] for each in told["settables"]] == [
        each.name for each in SIMULATOR.settables
    ]
    assert all(each["meaning"] and each["type"] for each in told["settables"])
    key = told["settables"][1]
    assert (key["name"], key["choices"], key["default"]) == ("key", ["on", "rem"], "on")
    assert told["settables"][0]["choices"] == ["ylr-sm", "yar", "ylr-qcw"]
    assert told["presets"]["dialect"]["yar"]["max_power_w"] == "10.5"
    assert {each["name"] for each in told["setups"]} == set(SIMULATOR.setups)
    assert {each["name"] for each in told["faults"]} == {
        *("delay", "drop", "garbage", "duplicate", "corrupt", "truncate", "split"),
        *("lost_command", "mangled_command", "silence", "unplug"),
        *("refused_off", "stuck_ack", "reboot", "frozen_status"),
    }
    code, text, _ = sim("describe", "ipg")
    assert code == 0
    names = [*(each.name for each in SIMULATOR.settables), *SIMULATOR.setups, "stuck_ack"]
    assert all(name in text for name in names)
    assert "drop@cmd=STA,count=2" in text
    assert "With dialect=yar the defaults are: max_power_w=10.5" in text


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["describe", "ibg"], "There is no simulator 'ibg'. Known: bigsky, interlock, ipg"),
        (["serve", "ibg", "--pty"], "There is no simulator 'ibg'."),
        (["serve", "ipg"], "Say where to serve: --pty, or --tcp HOST:PORT, or --rfc2217 "),
        (["serve", "ipg", "--pty", "--tcp", "127.0.0.1:0"], "Say where to serve"),
        (["serve", "ipg", "--tcp", "0.0.0.0:0"], "A simulator serves this machine only"),
        (["serve", "ipg", "--tcp", "example.org:80"], "A simulator serves this machine only"),
        (["serve", "ipg", "--tcp", "127.0.0.1"], "--tcp must be written as HOST:PORT"),
        (["serve", "ipg", "--tcp", "127.0.0.1:99999"], "--tcp must be written as HOST:PORT"),
        (["serve", "ipg", "--tcp", "127.0.0.1:0", "--link", "x"], "--link goes with --pty only."),
        (["serve", "ipg", "--rfc2217", "0.0.0.0:0"], "A simulator serves this machine only"),
        (["serve", "ipg", "--rfc2217", "x"], "--rfc2217 must be written as HOST:PORT"),
        (["serve", "ipg", "--pty", "--rfc2217", "127.0.0.1:0"], "Say where to serve"),
        (["serve", "ipg", "--rfc2217", "127.0.0.1:0", "--link", "x"], "--link goes with --pty"),
        (["serve", "ipg", "--pty", "--link", "/"], "exists and is no link"),
        (["serve", "ipg", "--pty", "--link", "/no/where"], "The link /no/where cannot be made"),
        (["serve", "ipg", "--pty", "--set", "key"], "--set must be written as KEY=VALUE"),
        (
            ["serve", "ipg", "--pty", "--set", "dialect=ylr"],
            "dialect must be one of ylr-sm, yar, ylr-qcw",
        ),
        (["serve", "ipg", "--pty", "--set", "reserved_bits=4"], "reserved_bits=4 names bits"),
        (["serve", "ipg", "--pty", "--at", "key=rem"], "--at must be written as SECONDS:KEY=VALUE"),
        (["serve", "ipg", "--pty", "--fault", "nix"], "There is no fault 'nix'."),
        (["serve", "ipg", "--pty", "--setup", "nix"], "has no set-up 'nix'"),
        (["serve", "ipg", "--pty", "--truth", "/"], "The truth file / cannot be written"),
    ],
)
def test_wrong_usage(arguments, sentence, capsys):
    """Wrong usage ends by an error of exit code 2 with a sentence; nothing is on the output."""
    with pytest.raises(ConfigError) as refused:
        app(arguments, standalone_mode=False)
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)
    assert refused.value.exit_code == 2
    assert capsys.readouterr().out == ""


def test_wrong_usage_in_its_own_process(sim):
    """One sentence on the diagnostics, exit 2, and nothing on the output."""
    code, output, said = sim("serve", "ipg", "--pty", "--set", "key=off")
    assert (code, output) == (2, "")
    assert said.splitlines()[-1] == "key must be one of on, rem, not 'off'."


def test_a_port_that_is_taken(sim):
    """A TCP port in use is named with the reason."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        code, _, said = sim("serve", "ipg", "--tcp", address)
    assert code == 2
    assert f"{address} cannot be served: " in said.splitlines()[-1]
