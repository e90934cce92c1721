"""Signing in: PINs, the growing lock-out, and what an outsider may learn from it."""

from __future__ import annotations

import json
import multiprocessing
import stat
import subprocess
import sys
import time

import pytest
from argon2 import extract_parameters
from argon2.profiles import RFC_9106_LOW_MEMORY

from devicelink.errors import ConfigError, Refused, SignInFailed
from devicelink.people.pins import PinHasher, PinStore, check_pin
from devicelink.people.roster import add_person_draft, lock_out

PIN = "482915"


def sign_in_fails(clinic, person_id, pin=PIN):
    """The sentence with which signing in fails."""
    with pytest.raises(SignInFailed) as failed:
        clinic.sign_in(person_id, pin)
    return str(failed.value)


def last(clinic):
    """The newest entry."""
    return clinic.journal.last()


def test_people_right_pin_signs_in(clinic):
    """The right PIN gives the person with name and roles, and leaves an entry by that person."""
    person = clinic.sign_in("t-adm")
    assert (person.id, person.name, person.roles) == ("t-adm", "Adm", ("administrator",))
    assert (last(clinic).type, last(clinic).actor) == ("signin.succeeded", "t-adm")


def test_people_failures_sound_alike(clinic):
    """Unknown person, person without a PIN, wrong PIN and lock-out are answered in one sentence."""
    clinic.add("t-ines", "technician")
    sentences = {
        sign_in_fails(clinic, "t-nobody"),
        sign_in_fails(clinic, "t-ines"),
        *(sign_in_fails(clinic, "t-adm", "111111") for _ in range(4)),
    }
    assert len(sentences) == 1


def test_people_failures_are_told_apart_in_the_journal(clinic):
    """An auditor sees in the entries what the person at the station is not told."""
    sign_in_fails(clinic, "t-nobody")
    assert last(clinic).data == {"person": None, "tried": "t-nobody", "why": "unknown"}
    sign_in_fails(clinic, "t-adm", "111111")
    assert last(clinic).data == {"person": "t-adm", "why": "wrong_pin"}


@pytest.mark.parametrize(
    "tried", ["482915", "Ines Example", "x" * 500, "", "t-\n", "station", "t-\u0131nes"]
)
def test_people_no_free_text_enters_by_a_wrong_id(clinic, tried):
    """What is no ID, such as a PIN typed as one, is not written into the journal."""
    sign_in_fails(clinic, tried)
    assert last(clinic).data == {"person": None, "tried": None, "why": "unknown"}


def test_people_lock_out_refuses_the_right_pin(clinic):
    """After three wrong PINs even the right one is refused for 30 s, and then accepted."""
    for _ in range(3):
        sign_in_fails(clinic, "t-adm", "111111")
    clinic.runtime.passed_s = 29.9
    sign_in_fails(clinic, "t-adm")
    assert last(clinic).data["why"] == "locked_out"
    clinic.runtime.passed_s = 30.1
    assert clinic.sign_in("t-adm").id == "t-adm"


def test_people_lock_out_grows_and_success_resets_it():
    """Thirty seconds, doubling to one hour; the first two failures cost nothing."""
    seconds = [pause.total_seconds() if (pause := lock_out(n)) else 0 for n in range(1, 13)]
    assert seconds == [0, 0, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
    assert lock_out(10_000).total_seconds() == 3600


def test_people_success_resets_failures(clinic):
    """Two failures, a success and two failures lock nobody out."""
    for _ in range(2):
        sign_in_fails(clinic, "t-adm", "111111")
        sign_in_fails(clinic, "t-adm", "111111")
        clinic.sign_in("t-adm")


def test_people_lock_out_survives_a_restart(clinic, runtime):
    """The lock-out follows from entries: a new process with new objects refuses as well."""
    for _ in range(3):
        sign_in_fails(clinic, "t-adm", "111111")
    clinic.pins = PinStore(clinic.folder, runtime, clinic.pins.hasher)
    sign_in_fails(clinic, "t-adm")


def test_people_a_clock_set_back_does_not_lift_the_lock_out(clinic):
    """Time is the later of the wall clock and the newest entry, so going back gains nothing."""
    for _ in range(3):
        sign_in_fails(clinic, "t-adm", "111111")
    clinic.runtime.passed_s = -86_400
    sign_in_fails(clinic, "t-adm")


def _try_wrong(clinic, start, results):
    start.wait()
    try:
        clinic.sign_in("t-adm", "111111")
    except SignInFailed:
        results.put(last(clinic) is not None)


def test_people_tries_at_the_same_moment_count_one_by_one(clinic):
    """Eight processes that try at once get three real tries, not eight."""
    context = multiprocessing.get_context("fork")
    start, results = context.Event(), context.Queue()
    tries = [
        context.Process(target=_try_wrong, args=(clinic, start, results), daemon=True)
        for _ in range(8)
    ]
    for one in tries:
        one.start()
    start.set()
    for one in tries:
        one.join(30)
    whys = [e.data["why"] for e in clinic.journal.entries() if e.type == "signin.failed"]
    assert sorted(whys) == ["locked_out"] * 5 + ["wrong_pin"] * 3


def test_people_unknown_takes_as_long_as_known(tmp_path, runtime):
    """At a station's real cost, as much is computed for nobody as for somebody."""
    pins = PinStore(tmp_path, runtime, PinHasher(RFC_9106_LOW_MEMORY))
    name = pins.add("t-ines", PIN, keep=None)

    def least_s(person_id, pin_name):
        taken = []
        for _ in range(3):
            began = time.process_time()
            assert not pins.matches(person_id, pin_name, "111111")
            taken.append(time.process_time() - began)
        return min(taken)

    known, unknown = least_s("t-ines", name), least_s(None, None)
    assert known > 0.02
    assert 0.5 < unknown / known < 2


def test_people_a_station_pays_the_real_cost(tmp_path):
    """In a process of its own, as a clinic makes it: RFC 9106's low-memory profile."""
    (tmp_path / "pin").write_text(PIN)
    words = ("station", "init", "--simulated", "--by", "t-ada", "--pin-file", "pin")
    subprocess.run(
        [sys.executable, "-m", "devicelink", *words, "--data", "station"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    hashes = json.loads((tmp_path / "station" / "secrets" / "pins.json").read_text())
    cost = extract_parameters(hashes["t-ada"][0])
    assert cost == RFC_9106_LOW_MEMORY


def test_people_pin_file_is_private_and_holds_no_pin(clinic):
    """The hashes are readable by their owner alone, and are argon2id."""
    path = clinic.folder / "pins.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text()
    assert PIN not in text
    assert "$argon2id$" in text


def test_people_an_edited_pin_file_opens_nothing(clinic):
    """A hash that no entry names does not count, even where it is the hash of a known PIN."""
    clinic.add("t-ines", "technician")
    clinic.set_pin("t-ines", "739164")
    path = clinic.folder / "pins.json"
    hashes = json.loads(path.read_text())
    hashes["t-adm"] = hashes["t-ines"]
    path.write_text(json.dumps(hashes))
    sign_in_fails(clinic, "t-adm", "739164")
    assert clinic.sign_in("t-ines", "739164").id == "t-ines"


def test_people_a_hash_without_its_entry_leaves_the_old_pin(clinic):
    """A crash between the file and the entry changes nothing: the old PIN still counts."""
    state = clinic.state()["people"]["t-adm"]
    clinic.pins.add("t-adm", "739164", keep=state["pin_name"])
    sign_in_fails(clinic, "t-adm", "739164")
    assert clinic.sign_in("t-adm").id == "t-adm"


def test_people_a_new_pin_replaces_the_old_one(clinic):
    """After a change only the new PIN signs in."""
    clinic.set_pin("t-adm", "739164")
    sign_in_fails(clinic, "t-adm")
    assert clinic.sign_in("t-adm", "739164").id == "t-adm"


@pytest.mark.parametrize(
    "pin",
    ["", "12345", "1234567890123", "48291a", "\uff14\uff18\uff12\uff19\uff11\uff15", "111111"],
)
def test_people_unfit_pins_are_refused_without_being_repeated(pin):
    """A PIN is 6 to 12 ASCII digits without a plain pattern, and the sentence never shows it."""
    with pytest.raises(ConfigError) as refused:
        check_pin(pin)
    assert not pin or pin not in str(refused.value)


@pytest.mark.parametrize("pin", ["123456", "987654", "890123"])
def test_people_runs_are_no_pins(pin):
    """Digits in their order, either way, are refused."""
    with pytest.raises(ConfigError, match="anybody would try"):
        check_pin(pin)


def test_people_only_administrators_set_the_pins_of_others(clinic):
    """A technician sets their own PIN; another's is refused, and leaves no entry."""
    clinic.add("t-ines", "technician")
    clinic.set_pin("t-ines", "739164")
    clinic.set_pin("t-ines", "739165", by="t-ines")
    before = clinic.journal.size
    with pytest.raises(Refused, match="own PIN only"):
        clinic.set_pin("t-adm", "739165", by="t-ines")
    with pytest.raises(Refused, match="first administrator"):
        clinic.set_pin("t-adm", "739165", by="station")
    with pytest.raises(ConfigError, match="not registered"):
        clinic.set_pin("t-nobody", "739165")
    assert clinic.journal.size == before


@pytest.mark.parametrize(
    ("person_id", "name", "roles"),
    [
        ("station", "Ines", ["technician"]),
        ("T-Ines", "Ines", ["technician"]),
        ("t-ines", "", ["technician"]),
        ("t-ines", "I\x1b[2J", ["technician"]),
        ("t-ines", "Ines", []),
        ("t-ines", "Ines", ["king"]),
    ],
)
def test_people_cannot_be_added_with_nonsense(person_id, name, roles):
    """IDs, names and roles are checked before anything is recorded."""
    with pytest.raises(ConfigError):
        add_person_draft(person_id, name, roles=roles, by="t-adm", people={})


def test_people_a_second_adding_changes_nothing(clinic):
    """Two administrators who add the same ID at once do not give it the second one's roles."""
    clinic.add("t-ines", "technician")
    clinic.add("t-ines", "administrator")
    assert clinic.state()["people"]["t-ines"]["roles"] == ["technician"]
