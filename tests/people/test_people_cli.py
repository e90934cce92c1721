"""People, trust and certificates by the command line, on a simulated station."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from devicelink.cli import main
from devicelink.people.statuslist import peek_status_list

ENTRIES = """
[[entries]]
achievement = "urn:maker:course"
driver = "ipg"
models = ["YLR-SM"]
procedures = ["treatment"]
ablative = false
operator_class = "any"
limits.diode_current_percent = { min = 10, max = 42.5 }
"""


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Runs one command; gives its exit code, its JSON document, and what it said."""
    monkeypatch.setenv("DEVICELINK_DATA", str(tmp_path / "station"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pin").write_text("482915\n")
    (tmp_path / "ines.pin").write_text("739164\n")
    (tmp_path / "entries.toml").write_text(ENTRIES)

    def run(*words):
        with pytest.raises(SystemExit) as ended:
            main([*words, "--json"])
        said = capsys.readouterr()
        return ended.value.code or 0, json.loads(said.out or "null"), said.err

    return run


ADMIN = ("--by", "t-adm", "--pin-file", "pin")


@pytest.fixture
def station(run):
    """A station with t-ines, a maker's key beside it, and the maker's documents in files."""
    maker = ("--key", "maker.key", "--valid-until", "2099-12-31")
    for words in (
        ("station", "init", "--simulated", *ADMIN),
        ("technician", "add", "t-ines", "--name", "Ines", *ADMIN),
        ("technician", "pin", "t-ines", "--new-pin-file", "ines.pin", *ADMIN),
        ("trust", "new-issuer", "maker.key", "--id", "urn:maker", "--name", "Maker Ltd"),
        ("catalogue", "issue", "entries.toml", "--version", "1", "--output", "c.jws", *maker),
        (
            *("certificate", "issue", "--technician", "t-ines", "--output", "t.jws"),
            *("--achievement", "urn:maker:course", *maker),
        ),
    ):
        code, _, said = run(*words)
        assert code == 0, said
    return run


def test_people_cli_whole_way(station):
    """Pin the maker, import what it signed, and read it all back."""
    trust = ("trust", "add", "maker.key.pub", "--maker", "IPG", "--model", "YLR-SM", *ADMIN)
    assert station(*trust)[0] == 0
    assert station("certificate", "import", "t.jws", *ADMIN)[0] == 0
    assert station("trust", "catalogue", "c.jws", *ADMIN)[1]["version"] == 1
    _, people, _ = station("technician", "list")
    assert [(one["id"], one["pin_set"]) for one in people] == [("t-adm", True), ("t-ines", True)]
    _, shown, _ = station("certificate", "show", "t-ines")
    assert shown[0]["technician"] == "t-ines"
    assert "believed here" in shown[0]["belief"]
    _, issuers, _ = station("trust", "list")
    assert issuers[0]["issuer"] == "urn:maker"


def test_people_cli_a_new_scope_takes_the_place_of_the_old_one(station, capsys):
    """And says so, with both, to people and to machines."""
    first = ("--maker", "IPG", "--model", "YLR-SM", "--model", "YAR")
    code, told, _ = station("trust", "add", "maker.key.pub", *first, *ADMIN)
    assert (code, told["replaces"]) == (0, None)
    again = ("--maker", "IPG", "--model", "YAR")
    code, told, _ = station("trust", "add", "maker.key.pub", *again, *ADMIN)
    assert (code, told["replaces"]) == (0, {"makers": ["IPG"], "models": ["YLR-SM", "YAR"]})
    with pytest.raises(SystemExit):
        main(["trust", "add", "maker.key.pub", *first, *ADMIN])
    said = capsys.readouterr().out
    assert "the place of makers IPG, models YAR; now it is makers IPG, models YLR-SM, YAR." in said


@pytest.mark.parametrize("word", ["confirm", "withdraw"])
def test_people_cli_a_thumbprint_may_begin_with_a_hyphen(station, word):
    """One in 64 does; it is looked for, not taken for an option. A real option stays one."""
    why = ("--reason", "Gone.") if word == "withdraw" else ()
    _, _, said = station("trust", word, "-6EnxzgzEBCDvf9zIi7y4B", *why, *ADMIN)
    assert "-6EnxzgzEBCDvf9zIi7y4B" in said
    assert "No such option" not in said
    code, _, said = station("trust", word, "--thumb", *why, *ADMIN)
    assert code == 2


def test_people_cli_foreign_certificate_is_refused(station):
    """A certificate whose issuer nobody pinned is refused with exit code 1 and a sentence."""
    code, document, said = station("certificate", "import", "t.jws", *ADMIN)
    assert (code, document["error"]) == (1, "CertificateError")
    assert "devicelink trust add" in said


def test_people_cli_technicians_do_not_administer(station):
    """A technician's PIN opens no administrator's command."""
    ines = ("--by", "t-ines", "--pin-file", "ines.pin")
    code, document, _ = station("technician", "add", "t-max", "--name", "Max", *ines)
    assert (code, document["error"]) == (1, "Refused")


def test_people_cli_wrong_pin_is_refused(station):
    """A wrong PIN ends with exit code 1, and says no more than that it did not work."""
    wrong = ("--by", "t-adm", "--pin-file", "ines.pin")
    code, document, _ = station("technician", "add", "t-max", "--name", "Max", *wrong)
    assert (code, document["error"]) == (1, "SignInFailed")


def test_people_cli_issuer_key_in_the_station_is_refused(station, tmp_path):
    """The station's own folder is no place for a maker's key."""
    key = str(tmp_path / "station" / "secrets" / "maker.key")
    code, _, said = station("trust", "new-issuer", key, "--id", "urn:m", "--name", "M")
    assert code == 2
    assert "is a station" in said


URL = "https://maker.example/status/1"


def test_people_cli_revocation_all_the_way(station):
    """A maker issues with a place, makes a list, revokes; the clinic imports both lists."""
    trust = ("trust", "add", "maker.key.pub", "--maker", "IPG", "--model", "YLR-SM", *ADMIN)
    issue = ("certificate", "issue", "--key", "maker.key", "--technician", "t-ines")
    revoke = ("certificate", "revoke", "list.jws", "--key", "maker.key")
    for words in (
        trust,
        (
            *(*issue, "--achievement", "urn:maker:course", "--valid-until", "2099-12-31"),
            *("--status-list", URL, "--status-index", "7", "--output", "listed.jws"),
        ),
        ("certificate", "import", "listed.jws", *ADMIN),
        (*revoke, "--url", URL),
        ("trust", "status-list", "list.jws", *ADMIN),
    ):
        code, document, said = station(*words)
        assert code == 0, said
    assert (document["purpose"], document["list_url"]) == ("revocation", URL)
    assert station("trust", "status-list", "list.jws", *ADMIN)[0] == 1
    _, revised, _ = station(*revoke, "--index", "7", "--index", "8", "--safety")
    assert revised["changed"] == [7, 8]
    assert revised["issued_at"] > document["issued_at"]
    assert station("trust", "status-list", "list.jws", *ADMIN)[0] == 0
    again = peek_status_list((Path("list.jws")).read_text().strip())
    assert [again.is_safety(one) for one in ("6", "7", "8")] == [False, True, True]


def test_people_cli_lists_are_not_mixed_up(station):
    """A list's file keeps its purpose and its maker; a revocation is never lifted."""
    revoke = ("certificate", "revoke", "list.jws", "--key", "maker.key")
    code, _, said = station(*revoke, "--index", "1")
    assert (code, "needs --url" in said) == (2, True)
    assert station(*revoke, "--url", URL, "--suspend", "--index", "1")[0] == 0
    before = Path("list.jws").read_text()
    for wrong in (
        ("--index", "1"),
        ("--url", URL + "0", "--suspend"),
        ("--lift", "--index", "1"),
        ("--suspend", "--safety"),
        ("--suspend", "--index", "131072"),
        ("--suspend", "--index", "-1"),
    ):
        assert station(*revoke, *wrong)[0] == 2
        assert Path("list.jws").read_text() == before
    assert station("trust", "new-issuer", "b.key", "--id", "urn:b", "--name", "B")[0] == 0
    foreign = ("certificate", "revoke", "list.jws", "--key", "b.key", "--suspend")
    assert station(*foreign)[0] == 1
    assert Path("list.jws").read_text() == before
    assert station(*revoke, "--suspend", "--lift", "--index", "1")[0] == 0
    assert peek_status_list(Path("list.jws").read_text().strip()).is_set("1") is False


def test_people_cli_policy_is_an_administrators(station):
    """The age of lists has a default, is decided by an administrator, and shown with who did."""
    name = "status_list_max_age_days"
    assert station("policy", "list")[1][0] == {"name": name, "value": 30, "default": 30, "by": None}
    ines = ("--by", "t-ines", "--pin-file", "ines.pin")
    assert station("policy", "set", name, "14", *ines)[0] == 1
    assert station("policy", "set", name, "0", *ADMIN)[0] == 2
    assert station("policy", "set", name, "14", *ADMIN)[0] == 0
    assert station("policy", "list")[1][0] | {"default": 0} == {
        "name": name,
        "value": 14,
        "default": 0,
        "by": "t-adm",
    }


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_people_cli_issuers_of_every_algorithm(station, algorithm):
    """`trust new-issuer --algorithm` makes a key whose certificates are believed."""
    name = ("--id", "urn:m2", "--name", "M2", "--algorithm", algorithm)
    assert station("trust", "new-issuer", "m2.key", *name)[1]["algorithm"] == algorithm
    for words in (
        ("trust", "add", "m2.key.pub", "--maker", "M", "--model", "X", *ADMIN),
        (
            *("certificate", "issue", "--key", "m2.key", "--technician", "t-ines", "--output"),
            *("t2.jws", "--achievement", "urn:a", "--valid-until", "2099-12-31"),
        ),
        ("certificate", "import", "t2.jws", *ADMIN),
    ):
        code, _, said = station(*words)
        assert code == 0, said
    assert station("trust", "new-issuer", "m3.key", *name[:-1], "HS256")[0] == 2


BEA = ("--by", "t-bea", "--pin-file", "ines.pin")


def test_people_cli_two_persons(station):
    """The first second administrator holds at once; from then on issuers and roles wait."""
    administrator = ("--role", "administrator")
    added = station("technician", "add", "t-bea", "--name", "Bea", *administrator, *ADMIN)
    assert added[1]["in_force"] is True
    assert station("technician", "pin", "t-bea", "--new-pin-file", "ines.pin", *ADMIN)[0] == 0
    scope = ("--maker", "IPG", "--model", "YLR-SM")
    code, added, _ = station("trust", "add", "maker.key.pub", *scope, *ADMIN)
    assert (code, added["in_force"]) == (0, False)
    assert [row["in_force"] for row in station("trust", "list")[1]] == [False]
    code, document, _ = station("certificate", "import", "t.jws", *ADMIN)
    assert (code, "second administrator" in document["sentence"]) == (1, True)
    assert station("trust", "confirm", added["thumbprint"], *ADMIN)[0] == 1
    assert station("trust", "confirm", added["thumbprint"], *BEA)[0] == 0
    assert [row["in_force"] for row in station("trust", "list")[1]] == [True]
    assert station("certificate", "import", "t.jws", *ADMIN)[0] == 0
    auditor = ("technician", "change", "t-ines", "--role", "technician", "--role", "auditor")
    assert station(*auditor, *ADMIN)[1]["in_force"] is False
    assert station("technician", "confirm", "t-ines", *ADMIN)[0] == 1
    assert station("technician", "confirm", "t-ines", *BEA)[0] == 0
    roles = {row["id"]: row["roles"] for row in station("technician", "list")[1]}
    assert roles["t-ines"] == ["technician", "auditor"]
    assert station("technician", "change", "t-ines", *ADMIN)[0] == 2


def test_people_cli_auditors_administer_nothing(station):
    """An auditor's PIN opens no command that changes anything of trust, people or policy."""
    audit = ("--role", "auditor")
    assert station("technician", "add", "t-bea", "--name", "Bea", *audit, *ADMIN)[0] == 0
    assert station("technician", "pin", "t-bea", "--new-pin-file", "ines.pin", *ADMIN)[0] == 0
    for words in (
        ("trust", "add", "maker.key.pub", "--maker", "*", "--model", "*"),
        ("trust", "confirm", "x"),
        ("trust", "catalogue", "c.jws"),
        ("trust", "status-list", "c.jws"),
        ("certificate", "import", "t.jws"),
        ("technician", "add", "t-max", "--name", "Max"),
        ("technician", "change", "t-ines", "--role", "administrator"),
        ("technician", "confirm", "t-ines"),
        ("technician", "pin", "t-ines", "--new-pin-file", "pin"),
        ("policy", "set", "status_list_max_age_days", "3"),
        ("station", "confirm-clock"),
    ):
        code, document, _ = station(*words, *BEA)
        assert (code, document["error"]) == (1, "Refused"), words
