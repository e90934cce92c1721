"""A session on a paper certificate: refused by default, allowed by two persons, said on paper."""

from __future__ import annotations

import json

from tests.clinic import here

SAID = "attested by the clinic, not signed by the maker"


def attest(clinic):
    """Ada attests Tom's paper certificate."""
    photo = clinic.props / "photo.jpg"
    photo.write_bytes(b"a photo")
    return clinic.run(
        *("certificate", "attest", "--technician", "t-tom", "--photo", photo, "--number", "4711"),
        *("--issuer", "Paper Maker", "--achievement", "Course", "--driver", "ipg"),
        *("--maker", "Maker", "--model", "SimuLase-1", "--procedure", "treatment"),
        *("--valid-from", "2020-01-01", "--valid-until", "2099-01-01"),
        *("--by", "t-ada", "--pin-file", clinic.pin),
    )


def run(clinic, *more):
    """Tom's session."""
    session = clinic.start("--technician", "t-tom", "--for", "0.3", *more)
    out, err = session.communicate(timeout=60)
    assert "Traceback" not in err, err
    return session.returncode, out


def test_a_paper_certificate_is_printed_on_the_receipt(clinic):
    """Only with the policy of administrator and provider it counts, and every receipt says so."""
    assert attest(clinic).returncode == 0
    code, ran = run(clinic, "--json")
    assert (code, json.loads(ran)["end"]["kind"]) == (1, "refused")
    provider = ("technician", "add", "t-doc", "--name", "Dr Doe", "--role", "provider")
    here(*provider, *clinic.by)
    here("technician", "pin", "t-doc", "--new-pin-file", clinic.pin, *clinic.by)
    here("policy", "set", "attested_by_clinic", "allowed", *clinic.by)
    assert run(clinic, "--json")[0] == 1
    confirm = ("policy", "confirm", "attested_by_clinic", "--by", "t-doc")
    assert clinic.run(*confirm, "--pin-file", clinic.pin).returncode == 0
    code, ran = run(clinic, "--json")
    assert code == 0
    (sentence,) = json.loads(ran)["receipt"]["attested_by_clinic"]
    assert SAID in sentence
    code, printed = run(clinic)
    assert code == 0
    receipt = printed[printed.index("Session S-") :]
    assert f"  paper     {sentence}" in receipt


def test_a_paper_certificate_is_explained(clinic):
    """`certificate show` says that it is paper, who saw it, and that it allows nothing yet."""
    attest(clinic)
    code, (row,) = clinic.ask("certificate", "show", "t-tom")
    assert (code, row["believed"], row["attested_by_clinic"]) == (0, False, True)
    shown = clinic.run("certificate", "show", "t-tom").stdout
    assert "On paper, number 4711: attested by the clinic" in shown
    assert "do not count here" in shown


def test_a_signed_certificates_receipt_says_nothing_of_paper(clinic):
    """Ines's certificate is the maker's: her receipt names no attestation."""
    out, _ = clinic.start("--for", "0.3", "--json").communicate(timeout=60)
    assert json.loads(out)["receipt"]["attested_by_clinic"] == []
