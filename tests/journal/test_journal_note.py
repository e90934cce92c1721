"""Signed notes, checkpoints and keys, against published vectors and against forgers."""

from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from devicelink.errors import ConfigError, JournalBroken
from devicelink.journal.keys import key_text, load_key, new_signer, read_key_text, save_key
from devicelink.journal.note import Checkpoint, Note, Signer, Verifier, open_note, sign_note
from devicelink.runtime import MachineDisk, ThreadRuntime

FOO = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
FOO_NOTE = (
    "This is an example message.\n\n— example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
LOG = "laser.example/station-or03+49945853+AZW0Lqr7NM4UcDU0wzKjutOPKW/0ajbfYUf0TE9o1Xq2"
CHECKPOINT = (
    "laser.example/station-or03\n7\nnO7CmOKIK01C87/tOWwSKcyTQt9JivKPP8WM7YbP0u8=\n\n"
    "— laser.example/station-or03 SZRYU2jzU8sQLV2+61csZlitbCYhKVWL7bTep8Rm5/8S5F1jk/vUfT3e+eb4zdh"
    "BAQo9H85X2wHTx1sxTtWaBKLXwQo=\n"
    "— laser.example/witness-1 f/bg2gAAAABlU/EA2OouvgUh8dvLxPYrwkgh/tk8NF8+0k4zhCPQ2ZPDsbB9ukCou"
    "HBLvdLGDpUhFjWO4OaaK/y6RnyYMes2TfVaCQ==\n"
)
TEXTS = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]) | st.just("\n"))


def log_signer():
    """The vectors' own key."""
    seed = hashlib.sha256(b"tlog demo log key").digest()
    return Signer("laser.example/station-or03", Ed25519PrivateKey.from_private_bytes(seed))


def test_published_note_opens():
    """The specification's own note opens with its own key, and the key's text comes out again."""
    verifier = Verifier.from_vkey(FOO)
    assert verifier.vkey == FOO
    assert open_note(FOO_NOTE, [verifier]) == "This is an example message.\n"


def test_published_checkpoint_opens():
    """The checkpoint vector opens; the witness's line is passed over."""
    checkpoint = Checkpoint.open(CHECKPOINT, Verifier.from_vkey(LOG))
    assert (checkpoint.origin, checkpoint.size) == ("laser.example/station-or03", 7)
    assert base64.b64encode(checkpoint.root) == b"nO7CmOKIK01C87/tOWwSKcyTQt9JivKPP8WM7YbP0u8="
    assert len(Note.parse(CHECKPOINT).signatures) == 2


def test_checkpoint_is_made_as_published():
    """Signing the vector's body with the vector's key gives the vector's line, byte for byte."""
    signer = log_signer()
    assert signer.vkey == LOG
    body = Note.parse(CHECKPOINT).text
    assert sign_note(body, signer) == "".join(CHECKPOINT.splitlines(keepends=True)[:-1])
    assert Checkpoint.parse(body).body == body


@given(TEXTS)
def test_any_text_survives_a_note(text):
    """A text, blank lines in it or not, comes out of a note as it went in."""
    signer = log_signer()
    text += "\n"
    assert open_note(sign_note(text, signer), [signer.verifier]) == text


@given(st.integers(0, len(CHECKPOINT.encode()) - 1), st.integers(1, 255))
def test_a_changed_byte_never_opens_as_something_else(place, flip):
    """Whatever byte of a note is changed: it is refused, or says exactly what it said."""
    changed = bytearray(CHECKPOINT.encode())
    changed[place] ^= flip
    try:
        note = changed.decode()
    except UnicodeDecodeError:
        return
    try:
        opened = open_note(note, [Verifier.from_vkey(LOG)])
    except JournalBroken:
        return
    assert opened == Note.parse(CHECKPOINT).text


def test_a_bad_signature_by_a_known_key_outweighs_a_good_one():
    """One failing signature of a known key rejects the whole note."""
    note = sign_note("one\n", log_signer())
    other = sign_note("two\n", log_signer()).splitlines(keepends=True)[-1]
    with pytest.raises(JournalBroken, match="does not belong"):
        open_note(note + other, [Verifier.from_vkey(LOG)])


def test_an_unknown_key_is_no_signature():
    """A note that only others have signed is not signed."""
    with pytest.raises(JournalBroken, match="not signed"):
        open_note(FOO_NOTE, [Verifier.from_vkey(LOG)])


def test_many_signatures_are_read():
    """A hundred signatures are read, more are refused."""
    runtime = ThreadRuntime()
    signers = [new_signer(f"w{number}", runtime) for number in range(100)]
    note = sign_note("x\n", *signers)
    assert open_note(note, [signers[-1].verifier]) == "x\n"
    with pytest.raises(JournalBroken, match="more than 100"):
        Note.parse(note + note.splitlines(keepends=True)[-1])


@pytest.mark.parametrize(
    "note",
    [
        "",
        "no signature\n",
        "text\n\n",
        "text\n\n— name\n",
        "text\n\n- name AAAAAAAA\n",
        "text\n\n— na+me AAAAAAAA\n",
        "text\n\n— name AAAAA\n",
        "text\n\n— name AAAA\n",
        "te\txt\n\n— name AAAAAAAA\n",
        "text\n\n— name AAAAAAAA",
        "\ud800\n\n— name AAAAAAAA\n",
    ],
)
def test_what_is_no_note_is_refused(note):
    """Each of these breaks one rule of the note's layout."""
    with pytest.raises(JournalBroken):
        Note.parse(note)


ROOT = base64.b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    "body",
    [
        f"origin\n0\n{ROOT}\n",
        f"origin\n07\n{ROOT}\n",
        f"origin\n+7\n{ROOT}\n",
        f"origin\n-7\n{ROOT}\n",
        f"origin\n\u0667\n{ROOT}\n",
        f"origin\n7\n{ROOT[:-1]}\n",
        f"origin\n7\n{ROOT[4:]}\n",
        "origin\n7\n" + ROOT[:-2] + "B=\n",
        f"\n7\n{ROOT}\n",
        f"ori gin\n7\n{ROOT}\n",
        f"ori+gin\n7\n{ROOT}\n",
        f"origin\n7\n{ROOT}",
        "origin\n7\n",
        f"origin\n7\n{ROOT}\n\nextension\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(body):
    """Each of these breaks one rule of the checkpoint's text; a size of 0 is one of them."""
    with pytest.raises(JournalBroken):
        Checkpoint.parse(body)


def test_extension_lines_are_kept():
    """A checkpoint's further lines belong to what is signed."""
    body = f"origin\n7\n{ROOT}\nfurther\n"
    assert Checkpoint.parse(body).extensions == ("further",)
    assert Checkpoint.parse(body).body == body


def test_a_checkpoint_of_another_origin_is_refused():
    """A key speaks for its own name only."""
    signer = log_signer()
    note = sign_note(f"elsewhere\n7\n{ROOT}\n", signer)
    with pytest.raises(JournalBroken, match="elsewhere"):
        Checkpoint.open(note, signer.verifier)


@pytest.mark.parametrize(
    "vkey",
    ["", "name", "name+00000000", FOO.replace("530d", "530e"), FOO[:-4], FOO.replace("+Ae", "+Be")],
)
def test_what_is_no_vkey_is_refused(vkey):
    """A key's text with a wrong id, length, kind or form is refused in a sentence."""
    with pytest.raises(ConfigError):
        Verifier.from_vkey(vkey)


def test_key_file_comes_back(tmp_path):
    """A key is saved with mode 0600 in Go's form, comes back, and is never written over."""
    path = tmp_path / "secrets" / "station.key"
    save_key(path, log_signer(), MachineDisk())
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text().startswith("PRIVATE+KEY+laser.example/station-or03+49945853+A")
    assert load_key(path).vkey == LOG
    with pytest.raises(ConfigError, match="never written over"):
        save_key(path, log_signer(), MachineDisk())
    assert [file.name for file in path.parent.iterdir()] == ["station.key"]


def test_key_that_others_may_read_is_refused(tmp_path):
    """A key file open to its group is not used."""
    path = tmp_path / "station.key"
    save_key(path, log_signer(), MachineDisk())
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="may be read by others"):
        load_key(path)


@pytest.mark.parametrize("cut", [5, 20, 60, -5])
def test_half_a_key_is_refused_without_showing_it(cut):
    """A cut key is refused, and the sentence does not hold the secret."""
    text = key_text(log_signer())
    with pytest.raises(ConfigError) as caught:
        read_key_text(text[:cut])
    assert text[-30:-6] not in str(caught.value)


def test_a_missing_key_is_a_sentence(tmp_path):
    """A key that is not there is named with its path."""
    with pytest.raises(ConfigError, match=r"station\.key"):
        load_key(tmp_path / "station.key")
