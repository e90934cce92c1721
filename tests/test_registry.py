"""Drivers of other distributions, as packaging metadata tells of them; none is imported to list."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from devicelink import registry
from devicelink.errors import ConfigError, DriverNotAllowed, DriverUnknown, DriverUnusable
from tests.clinic import here

MODULE = """
class Declared:
    name = {name!r}
    configuration_keys = {{"speed": "baud", "dialect": "words"}}

class Factory:
    declaration = Declared()
    def __init__(self, configuration):
        self.configuration = configuration
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Installs a distribution with drivers: `install(name, version, {driver: (module, text)})`."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def put(distribution, version, drivers):
        info = tmp_path / f"{distribution}-{version}.dist-info"
        info.mkdir()
        metadata = f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
        (info / "METADATA").write_text(metadata)
        lines = [f"{driver} = {module}:Factory" for driver, (module, _) in drivers.items()]
        (info / "entry_points.txt").write_text("\n".join(["[devicelink.drivers]", *lines, ""]))
        for module, text in drivers.values():
            (tmp_path / f"{module}.py").write_text(text)

    yield put
    for path in tmp_path.glob("*.py"):
        sys.modules.pop(path.stem, None)


def good(name):
    """A module that offers a driver of this name."""
    return MODULE.format(name=name)


def test_listing_imports_nothing(install):
    """A driver that raises at import is listed like any other, with distribution and version."""
    install("acme-lasers", "3.1", {"acme": ("acme_broken", "raise RuntimeError('at import')")})
    found = {str(claim) for claim in registry.installed()}
    assert "acme (acme-lasers 3.1)" in found
    assert any(line.startswith("ipg (devicelink ") for line in found)
    assert "acme_broken" not in sys.modules


def test_listing_in_a_fresh_process_imports_no_driver():
    """Not even our own driver is imported by listing."""
    code = (
        "import sys; from devicelink import registry; "
        "names = [claim.name for claim in registry.installed()]; "
        "print('ipg' in names, 'devicelink_ipg' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True False\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("raise RuntimeError('at import')", "RuntimeError('at import')"),
        ("import no_such_module_at_all", "No module named"),
        ("def (", "SyntaxError"),
        ("x = 1", "has no attribute 'Factory'"),
        ("class Factory: pass", "declaration"),
        ("raise SystemError", "SystemError"),
    ],
)
def test_a_broken_driver_fails_alone(install, text, why):
    """A driver that does not load is named with distribution, version and cause."""
    install("acme-lasers", "3.1", {"acme": ("acme_one", text)})
    with pytest.raises(DriverUnusable) as raised:
        registry.load("acme")
    assert "acme (acme-lasers 3.1)" in str(raised.value)
    assert why in str(raised.value)
    assert registry.load("ipg").declaration.name == "ipg"


def test_a_broken_driver_leaves_the_list_whole(install, capsys):
    """`driver list` tells its problem and the others' declarations; the command succeeds."""
    install("acme-lasers", "3.1", {"acme": ("acme_two", "raise RuntimeError('at import')")})
    here("driver", "list", "--json")
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert "at import" in rows["acme"]["problem"]
    assert (rows["acme"]["distribution"], rows["acme"]["version"]) == ("acme-lasers", "3.1")
    assert rows["ipg"]["problem"] is None
    assert rows["ipg"]["declaration"]["lock_bytes"] == b"?\rEMOFF\rSDC 0\r".hex()


def test_a_driver_under_a_false_name(install):
    """A driver that calls itself something else than its entry point is not used."""
    install("acme-lasers", "3.1", {"acme": ("acme_three", good("other"))})
    with pytest.raises(DriverUnusable, match="calls itself 'other'"):
        registry.load("acme")


def test_two_claims_to_one_name(install):
    """Where two distributions claim a name neither is used, and both are named."""
    install("acme-lasers", "3.1", {"acme": ("acme_four", good("acme"))})
    install("bolt-lasers", "0.9", {"acme": ("bolt_four", good("acme"))})
    with pytest.raises(DriverUnusable) as raised:
        registry.find("acme")
    assert "acme-lasers 3.1 and bolt-lasers 0.9" in str(raised.value)
    for ask in (registry.load, lambda name: registry.make(name, {})):
        with pytest.raises(DriverUnusable):
            ask("acme")
    assert not {"acme_four", "bolt_four"} & set(sys.modules)


def test_nobody_takes_the_name_of_our_own_driver(install):
    """A second claim to `ipg` stops it being used, rather than being used in its place."""
    install("acme-lasers", "3.1", {"ipg": ("acme_five", good("ipg"))})
    with pytest.raises(DriverUnusable, match=r"acme-lasers 3\.1 and devicelink"):
        registry.load("ipg")


def test_an_unknown_name_lists_the_installed(install):
    """A name that nobody offers is told with those that are there."""
    install("acme-lasers", "3.1", {"acme": ("acme_six", good("acme"))})
    with pytest.raises(DriverUnknown, match=r"no driver 'none'\. Installed: acme, .*ipg"):
        registry.load("none")


def test_a_driver_is_made_with_its_configuration(install):
    """Known keys reach the driver as they were written."""
    install("acme-lasers", "3.1", {"acme": ("acme_seven", good("acme"))})
    assert registry.make("acme", {"speed": "9600"}).configuration == {"speed": "9600"}
    assert registry.make("acme", {}).configuration == {}


def test_an_unknown_configuration_key(install):
    """Keys that a driver does not know are named, with those that it knows."""
    install("acme-lasers", "3.1", {"acme": ("acme_eight", good("acme"))})
    with pytest.raises(ConfigError) as raised:
        registry.make("acme", {"speed": "1", "sped": "2", "a": "3"})
    assert "knows no a, sped. It knows: dialect, speed." in str(raised.value)


def test_only_allowed_drivers_are_allowed():
    """What the station's configuration names is allowed, and nothing by default."""
    state = {"station": {"drivers_allowed": ["ipg", "uc2000"]}}
    registry.require_allowed("ipg", state)
    assert registry.allowed_drivers(state) == ("ipg", "uc2000")
    with pytest.raises(DriverNotAllowed, match=r"'nkt'\. Allowed: ipg, uc2000.*--allow-driver nkt"):
        registry.require_allowed("nkt", state)
    for empty in ({}, {"station": {}}, {"station": {"drivers_allowed": []}}):
        with pytest.raises(DriverNotAllowed, match="Allowed: none"):
            registry.require_allowed("ipg", empty)
