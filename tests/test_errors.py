"""The one tree of errors, and what the process that meets each of them exits with."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import re
import sys
import tempfile

import pytest

import devicelink
import devicelink_ipg
import devicelink_ipg_sim
import devicelink_simulation
from devicelink import errors
from devicelink.cli import main
from devicelink.errors import DeviceLinkError, Finding, Refused, Severity

LINE = re.compile(r"^((?:[│ ]   )*)[├└]── (\w+) *(\d?)")
PLUGIN = """
import typer
from devicelink import errors

def fail(name: str, sentence: str, as_json: bool = typer.Option(False, "--json")) -> None:
    if name == "Refused":
        findings = (
            errors.Finding("key_not_on", errors.Severity.REFUSE, "The key is off.", "Turn it."),
            errors.Finding("no_dead_man", errors.Severity.WARN, "It goes on.", "Watch it."),
        )
        raise errors.Refused(sentence, findings)
    known = {**vars(errors), "KeyboardInterrupt": KeyboardInterrupt, "ValueError": ValueError}
    if name == "OSError":
        raise OSError(28, "No space left on device", sentence)
    if name == "BrokenPipeError":
        raise BrokenPipeError(32, "Broken pipe")
    raise known[name](sentence)
"""


def drawn():
    """The tree in the docstring: name to (parent, exit code where one is drawn)."""
    tree, way = {"DeviceLinkError": (None, None)}, ["DeviceLinkError"]
    for line in (errors.__doc__ or "").splitlines():
        match = LINE.match(line)
        if match:
            depth = len(match[1]) // 4
            way[depth:] = [match[2]]
            tree[match[2]] = (way[depth - 1], int(match[3]) if match[3] else None)
    return tree


TREE = drawn()
LEAVES = [name for name, (_, code) in TREE.items() if code is not None]


def subclasses(kind):
    """A class and all that derive from it."""
    yield kind
    for one in kind.__subclasses__():
        yield from subclasses(one)


@pytest.fixture(scope="module")
def everything():
    """Every module of every package is imported, so that no subclass hides."""
    for package in (devicelink, devicelink_ipg, devicelink_ipg_sim, devicelink_simulation):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)


def test_the_tree_is_drawn_as_it_is():
    """Each class of the module stands in the docstring below its parent, and none else."""
    classes = {
        name: kind
        for name, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, DeviceLinkError)
    }
    assert {name: kind.__base__.__name__ for name, kind in classes.items()} == {
        name: parent or "Exception" for name, (parent, _) in TREE.items()
    }
    assert len(TREE) > 20


@pytest.mark.parametrize("name", LEAVES)
def test_the_exit_codes_are_those_of_the_tree(name):
    """Each class exits with the code that is drawn beside it."""
    assert getattr(errors, name).exit_code == TREE[name][1]


def test_only_drawn_leaves_have_codes():
    """Groups have no code of their own, and every leaf has one."""
    parents = {parent for parent, _ in TREE.values()}
    assert {name for name in TREE if name not in parents} == set(LEAVES)
    assert {TREE[name][1] for name in LEAVES} == {1, 2, 3, 4}


def test_only_what_is_meant_to_outrank_does():
    """Exit 3 is the unconfirmed lock alone, and 4 the broken journal alone."""
    assert [name for name in LEAVES if TREE[name][1] == 3] == ["LockUnconfirmed"]
    assert [name for name in LEAVES if TREE[name][1] == 4] == ["JournalBroken"]


def test_errors_of_other_modules_keep_their_parents_code(everything):
    """A narrower error elsewhere derives from this tree and exits as its drawn parent does."""
    ours = ("devicelink.", "devicelink_")
    found = [kind for kind in subclasses(DeviceLinkError) if kind.__module__.startswith(ours)]
    for kind in found:
        drawn_parent = next(one for one in kind.__mro__ if one.__name__ in TREE)
        assert drawn_parent.__module__ == "devicelink.errors"
        assert kind.exit_code == drawn_parent.exit_code, kind


def test_no_error_of_ours_is_outside_the_tree(everything):
    """Every public exception of our packages is a `DeviceLinkError`; the world's stay inside it."""
    modules = [one for name, one in sys.modules.items() if name.startswith("devicelink")]
    for module in [one for one in modules if ".world" not in one.__name__]:
        for name, kind in inspect.getmembers(module, inspect.isclass):
            ours = kind.__module__ == module.__name__ and issubclass(kind, Exception)
            if ours and not name.startswith("_"):
                assert issubclass(kind, DeviceLinkError), f"{module.__name__}.{name}"


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Runs a command that fails as asked, offered by a distribution of its own."""
    info = tmp_path / "failing-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: failing\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[devicelink.commands]\nfail = failing_plugin:fail\n")
    (tmp_path / "failing_plugin.py").write_text(PLUGIN)
    monkeypatch.syspath_prepend(str(tmp_path))

    def call(*words):
        with pytest.raises(SystemExit) as ended:
            main(["fail", *words])
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    yield call
    sys.modules.pop("failing_plugin", None)


@pytest.mark.parametrize("name", LEAVES)
def test_each_error_ends_by_its_code_and_one_sentence(run, name):
    """The process exits with the drawn code; the sentence is on stderr, stdout stays empty."""
    code, out, err = run(name, "The thing is so. Do this.")
    assert code == TREE[name][1]
    assert out == ""
    first, *rest = err.splitlines()
    mark = "NOT CONFIRMED LOCKED: " if name == "LockUnconfirmed" else ""
    assert first == f"{mark}The thing is so. Do this."
    if name != "Refused":
        assert rest == []


@pytest.mark.parametrize("name", LEAVES)
def test_with_json_each_error_is_one_document(run, name):
    """With `--json` stdout is exactly one document naming error, sentence and findings."""
    code, out, err = run(name, "Grüße: das ist so.", "--json")
    assert code == TREE[name][1]
    document = json.loads(out)
    assert (document["error"], document["sentence"]) == (name, "Grüße: das ist so.")
    assert bool(document["findings"]) is (name == "Refused")
    assert "Grüße: das ist so." in err


def test_a_refusal_lists_every_finding(run):
    """Each finding is a line of its own on stderr, and an object with four fields in JSON."""
    _, out, err = run("Refused", "No.", "--json")
    assert err.splitlines()[1:] == [
        "  - [refuse] The key is off. Turn it.",
        "  - [warn] It goes on. Watch it.",
    ]
    refuse, warn = json.loads(out)["findings"]
    assert refuse == {
        "code": "key_not_on",
        "severity": "refuse",
        "sentence": "The key is off.",
        "remedy": "Turn it.",
    }
    assert warn["severity"] == "warn"


def test_a_mistake_of_our_own_is_a_sentence(run, tmp_path, monkeypatch):
    """What nobody foresaw is exit 1 and one sentence; the traceback lies in a private file."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    code, out, err = run("ValueError", "something odd")
    assert code == 1
    assert out == ""
    (line,) = err.splitlines()
    assert "ValueError('something odd')" in line
    assert "red emergency stop" in line
    (kept,) = tmp_path.glob("devicelink-error-*")
    assert line.endswith(f"Please report the error, with the file {kept}.")
    assert kept.stat().st_mode & 0o777 == 0o600
    assert "Traceback (most recent call last)" in kept.read_text()


def test_a_mistake_of_our_own_on_a_full_disk_is_a_sentence_all_the_same(run, monkeypatch):
    """Where no file can be made for the traceback, the sentence names none."""
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    code, _, err = run("ValueError", "something odd")
    assert code == 1
    assert err.endswith("Please report the error.\n")
    assert len(err.splitlines()) == 1


def test_with_json_what_the_computer_refuses_is_one_document_too(run):
    """With `--json` a failure that is none of ours is a document with a sentence, exit 1."""
    code, out, _ = run("OSError", "/tmp/there", "--json")
    document = json.loads(out)
    assert (code, document["error"], document["findings"]) == (1, "OSError", [])
    assert "that the disk is not full" in document["sentence"]


def test_what_the_computer_refuses_is_a_sentence(run):
    """A full disk names file and remedy, asks for no report, and shows no traceback."""
    code, out, err = run("OSError", "/tmp/there")
    assert (code, out) == (1, "")
    assert "No space left on device (/tmp/there)" in err
    assert "Traceback" not in err
    assert len(err.splitlines()) == 1


def test_a_reader_that_went_away_is_no_error_of_ours(run, monkeypatch):
    """Behind `| head` nothing is said, and nothing asks for a report."""
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    code, _, err = run("BrokenPipeError", "x")
    assert code == 1
    assert err == ""


def test_an_interrupt_is_not_an_error(run):
    """Ctrl-C outside a session ends with 130 and without a traceback."""
    code, _, err = run("KeyboardInterrupt", "x")
    assert code == 130
    assert "Traceback" not in err


def test_an_unknown_command_is_wrong_usage(capsys):
    """A word that is no command is exit 2, said on stderr."""
    with pytest.raises(SystemExit) as ended:
        main(["no-such-command"])
    said = capsys.readouterr()
    assert ended.value.code == 2
    assert said.out == ""
    assert "no-such-command" in said.err


def test_a_finding_is_what_programs_parse():
    """Four fields, the severity as a word."""
    finding = Finding("a", Severity.WARN, "B.", "C.")
    assert finding.as_json() == {
        "code": "a",
        "severity": "warn",
        "sentence": "B.",
        "remedy": "C.",
    }
    assert Refused("No.").findings == ()
