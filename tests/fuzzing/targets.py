"""One function for each decoder: it returns, or raises what it should never raise.

A decoder may return, or raise the errors that its docstring names; anything else is a finding.
Written without pytest, so that the fuzzer and the ordinary tests run the same code.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import importlib.util
import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path
from types import SimpleNamespace

from devicelink.cli.session import read_settings
from devicelink.config import STATION_FILE, device_file, read_station_file
from devicelink.devices.card import read_card
from devicelink.errors import (
    CertificateError,
    ConfigError,
    DeviceFault,
    JournalBroken,
    LinkError,
    ProtocolError,
    WrongDevice,
)
from devicelink.journal.entry import Draft, make_entry, read_entry
from devicelink.journal.exported import verify_export
from devicelink.journal.kept import pending
from devicelink.journal.note import Checkpoint, Note, Verifier
from devicelink.journal.proof import Proof
from devicelink.journal.tilelog import read_bundle
from devicelink.link.link import Link
from devicelink.link.rfc2217 import Telnet, escaped
from devicelink.link.transcript import NoTranscript
from devicelink.people import jose
from devicelink.people.certificates import read_catalogue, read_claims
from devicelink.people.statuslist import MOST_BYTES, decode, read_status_list
from devicelink.registry import load_any
from devicelink.runtime import ThreadRuntime
from devicelink.session.guard import take_lines
from devicelink.session.ownership import ask_owner
from devicelink_olcp.frames import Code, Frame, decoded
from devicelink_simulation.registry import simulator
from devicelink_simulation.simulation import Plan
from devicelink_simulation.truth import NoTruth
from devicelink_simulation.urls import read_address
from tests.protocols import olcp_vectors

_RUNTIME = ThreadRuntime()
_FOLDER = Path(tempfile.mkdtemp(prefix="devicelink-fuzz-"))
_ROOT = Path(__file__).parents[2]
_WHEN = _RUNTIME.now()


def _second_verifier():
    """The auditor's script, which is no package."""
    where = _ROOT / "docs" / "verify" / "verify_tlog.py"
    spec = importlib.util.spec_from_file_location("verify_tlog", where)
    module = importlib.util.module_from_spec(spec)
    sys.modules["verify_tlog"] = module
    spec.loader.exec_module(module)
    return module


VERIFIER = _second_verifier()


def _file(name, data):
    path = _FOLDER / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return path


class _Clock:
    """Virtual time, as far as a link needs it."""

    ns = 0

    def mono_ns(self):
        return self.ns

    def sleep(self, seconds, until=None):
        self.ns += round(seconds * 1e9) + 1
        return False


class _Babbler:
    """A port that answers its marker, and each other frame with the next piece of the bytes."""

    def __init__(self, clock, data, markers):
        self.clock, self.pieces, self.markers = clock, data.split(b"||"), markers
        self.heard = b""

    def write(self, sent):
        if sent in self.markers:
            self.heard += self.markers[sent]
        elif self.pieces:
            self.heard += self.pieces.pop(0)

    def read(self, within_s, until=None):
        heard, self.heard = self.heard, b""
        self.clock.ns += 1 if heard else round(within_s * 1e9) + 1
        return heard


def _driver(name, configuration, questions, markers):
    """Everything that a driver asks, whatever is answered."""
    factory = cache(lambda: load_any(name))

    def read(data):
        driver = factory()(configuration)
        for question in questions:
            clock = _Clock()
            link = Link(_Babbler(clock, data, markers), driver.wire, clock, NoTranscript())
            with contextlib.suppress(LinkError, ProtocolError, DeviceFault, WrongDevice):
                question(driver, link)
        driver.wire.classify(data)
        for sent in (data, *markers):
            driver.wire.split(data, sent)
            driver.wire.answers(sent, data)
        driver.wire.marker_replies(data)

    return read


def _answer(asked, code, payload):
    return Frame(code, asked.seq, payload).encoded()


class _Answering(_Babbler):
    """Puts the next piece into a frame that answers, its first byte saying how.

    0 as the page has it, 1 as an error, else the piece as it is: behind a CRC hardly any bytes get.
    """

    def __init__(self, clock, data):
        super().__init__(clock, data, {})

    def write(self, sent):
        asked = decoded(sent)
        if asked is None or asked.code == Code.TIME or not self.pieces:
            self.heard += _answer(asked, 0x84, bytes(24)) if asked else b""
            return
        piece = self.pieces.pop(0)
        codes = {b"\x00": asked.code | 0x80, b"\x01": 0xFF}
        code = codes.get(piece[:1])
        self.heard += piece if code is None else _answer(asked, code, piece[1:504])


_OF_A_CONSOLE = (
    lambda driver, link: driver.read_events(link, 1),
    lambda driver, link: driver.read_reports(link, 1),
    lambda driver, link: driver.end_check(link),
    lambda driver, link: driver.prepare(link, {"energy_mj": "20"}),
    lambda driver, link: [driver.reduce(link, way) for way in driver.declaration.lock_ways],
)


def _olcp(data):
    """Everything that is asked of a console, whatever stands in frames that are right."""
    driver = load_any("olcp")({})
    for question in (*_OF_A_LASER, *_OF_A_CONSOLE):
        clock = _Clock()
        link = Link(_Answering(clock, data), driver.wire, clock, NoTranscript())
        with contextlib.suppress(LinkError, ProtocolError, DeviceFault, WrongDevice):
            question(driver, link)
    driver.wire.classify(data)
    pieces, _ = driver.wire.split(data, b"")
    assert all(driver.wire.resealed(piece) == piece for piece in pieces if decoded(piece))
    driver.wire.answers(data, data)
    driver.wire.marker_replies(data)


_OF_A_LASER = (
    lambda driver, link: driver.identify(link),
    lambda driver, link: driver.read_status(link),
    lambda driver, link: driver.read_effective(link, {}),
    lambda driver, link: driver.bounds(link),
    lambda driver, link: driver.read_lock(link),
)
_OF_A_METER = (
    lambda driver, link: driver.identify(link),
    lambda driver, link: driver.read_setup(link),
    lambda driver, link: driver.discard_stale(link),
    lambda driver, link: driver.next_pulse(link),
    lambda driver, link: driver.read_power(link),
)
_OF_A_RELAY = (
    lambda driver, link: driver.identify(link),
    lambda driver, link: driver.beat(link, driver.read_status(link)),
    lambda driver, link: driver.open(link),
)
_RFV = {b"RFV\r": b"RFV: 1\r"}
_SERIAL = {b"$062SN\r\n": b"\r\ns/number    062"}
_MODULE = {bytes.fromhex("0d01a104663cbc0a"): bytes.fromhex("0da10108660200c4b30a")}
_RELAY = {b">ID FFFF*0A8B\n": b"<ID FFFF INTERLOCK/1 IR-0042 1.0 1000 40*B36F\n"}
_FIRMWARE = {b"$VE\r\n": b"*EA1.06\r\n"}


def _telnet(data):
    whole, cut = Telnet(), Telnet()
    read = whole.feed(data)
    assert read == b"".join(cut.feed(data[at : at + 1]) for at in range(len(data)))
    assert whole.commands == cut.commands
    assert Telnet().feed(escaped(data)) == data


def _entry(data):
    with contextlib.suppress(JournalBroken):
        assert read_entry(data).raw == data
    with contextlib.suppress(ValueError, RecursionError):
        VERIFIER.read_entry(data)


def _note(data):
    text = data.decode(errors="surrogateescape")
    with contextlib.suppress(JournalBroken):
        Checkpoint.parse(Note.parse(text).text)
    with contextlib.suppress(JournalBroken):
        Checkpoint.parse(text)
    text = data.decode(errors="replace")
    with contextlib.suppress(ConfigError):
        Verifier.from_vkey(text)
    with contextlib.suppress(VERIFIER.UsageError):
        VERIFIER.Key.read(text)


def _proof(data):
    text = data.decode(errors="replace")
    with contextlib.suppress(JournalBroken):
        assert Proof.parse(text).text == text
    vkey = (_ROOT / "tests/journal/fixtures/layout-1/log.vkey").read_text()
    with contextlib.suppress(JournalBroken):
        Proof.parse(text).check(Verifier.from_vkey(vkey))
    with contextlib.suppress(VERIFIER.BrokenError, VERIFIER.UsageError):
        VERIFIER.check_proof(text, vkey, [], VERIFIER.Findings())


def _bundle(data):
    with contextlib.suppress(JournalBroken):
        rows = read_bundle(data)
        assert b"".join(len(row).to_bytes(2, "big") + row for row in rows) == data


_EXPORT = _ROOT / "tests/journal/fixtures/layout-1-rotated/log"
_PARTS = sorted(str(path.relative_to(_EXPORT)) for path in _EXPORT.rglob("*") if path.is_file())


def _export(data):
    """One file of an export with other bytes: the first byte says which, the second how.

    Both verifiers come to an end, and to the same one.
    """
    if len(data) < 4:
        return
    copy = _FOLDER / "export"
    if not copy.is_dir():
        shutil.copytree(_EXPORT, copy)
    part, how, at, more = _PARTS[data[0] % len(_PARTS)], data[1] % 3, data[2] * 256, data[3:]
    whole = (_EXPORT / part).read_bytes()
    put = {0: more, 1: whole[:at] + more + whole[at + len(more) :], 2: whole[:at] + more}[how]
    (copy / part).write_bytes(put)
    vkey = (_EXPORT / "log.vkey").read_text()
    findings = VERIFIER.Findings()
    try:
        report = verify_export(copy, vkey=vkey)
        try:
            VERIFIER.check_folder(copy, vkey, [], findings)
        except VERIFIER.BrokenError as error:
            findings.add(str(error))
        assert report.ok is (not findings.count), (report.broken, findings.broken)
    finally:
        (copy / part).write_bytes(whole)


def _jws(data):
    with contextlib.suppress(CertificateError):
        jose.read(data)


def _claims(reader, kinds):
    def read(data):
        text = base64.urlsafe_b64encode(data).rstrip(b"=").decode()
        for kind in kinds:
            head = base64.urlsafe_b64encode(b'{"alg":"Ed25519","typ":"%s"}' % kind.encode())
            with contextlib.suppress(CertificateError):
                reader(*jose.peek(f"{head.rstrip(b'=').decode()}.{text}.AAAA"))

    return read


def _status_bits(data):
    for packed in (data, gzip.compress(data, mtime=0)):
        with contextlib.suppress(CertificateError):
            encoded = "u" + base64.urlsafe_b64encode(packed).rstrip(b"=").decode()
            assert len(decode(encoded)) <= MOST_BYTES


def _settings(data):
    with contextlib.suppress(ConfigError):
        read_settings(_file("settings.toml", data))


def _station_file(data):
    with contextlib.suppress(ConfigError):
        read_station_file(_file(STATION_FILE, data).parent)


def _card(data):
    _file(f"locks/{device_file('A', 'json')}", data)
    read_card(_FOLDER, "A", _RUNTIME.disk)


def _kept(data):
    _file("kept-1.json", data)
    for file in pending(_FOLDER, _RUNTIME.disk):
        file.concerns("A")
        for draft in file.drafts:
            assert draft.device is None or isinstance(draft.device, str)


def _guard_lines(data):
    """What is recorded of them has to be recordable, or recovery would fail for ever."""
    for line in take_lines(_file("guard.taken", data), _RUNTIME.disk):
        line.get("what")
        draft = Draft("guard.acted", {"line": line})
        made = make_entry(
            draft, index=1, at=_WHEN, mono_ns=0, boot="b", clock="synced", salt=bytes(16)
        )
        assert made.data["line"] == line


def _socket_word(data):
    runtime = SimpleNamespace(ask=lambda *_: data)
    answer = ask_owner(_FOLDER, "A", runtime)
    assert answer is None or isinstance(answer, dict)


def _simulator(name, values, terminator):
    """Commands and knobs of a simulated device; its first byte picks one of some variations."""
    plans = cache(lambda: [Plan.of(simulator(name), values=each) for each in values])

    def play(data):
        simulation = plans()[data[0] % len(values) if data else 0].build(NoTruth(), 0)
        for at, line in enumerate(data[1:].split(b"||")):
            simulation.receive(line + terminator, at * 1_000_000)
            simulation.advance(at * 1_000_000 + 500_000)
            simulation.transmit(at * 1_000_000 + 500_000)
            key, _, value = line.decode("latin-1").partition("=")
            with contextlib.suppress(ConfigError):
                simulation.set(key, value, at * 1_000_000 + 500_000)

    return play


_DIALECTS = tuple({"dialect": dialect} for dialect in ("ylr-sm", "yar", "ylr-qcw"))
_OUR_KEY = {"permit_key_1": olcp_vectors.public(olcp_vectors.KEY).hex()}
_PERSONALITIES = tuple(
    {"personality": name, **_OUR_KEY} for name in ("co2-fractional", "er-yag", "nonablative")
)
_CHECKSUMS = ({"checksum": "on"}, {"checksum": "off"})


def _address(data):
    with contextlib.suppress(ConfigError):
        read_address("sim://ipg?" + data.decode("latin-1"))


CERTIFICATES = ("vc+jwt", "jwt")
TARGETS = {
    "ipg-ylr-sm": _driver("ipg", {"dialect": "ylr-sm"}, _OF_A_LASER, _RFV),
    "ipg-yar": _driver("ipg", {"dialect": "yar"}, _OF_A_LASER, _RFV),
    "ipg-ylr-qcw": _driver("ipg", {"dialect": "ylr-qcw"}, _OF_A_LASER, _RFV),
    "uc2000": _driver("uc2000", {}, _OF_A_LASER, {}),
    "bigsky": _driver("bigsky", {"serial": "062"}, _OF_A_LASER, _SERIAL),
    "nkt": _driver("nkt", {}, _OF_A_LASER, _MODULE),
    "olcp": _olcp,
    "ophir": _driver("ophir", {}, _OF_A_METER, _FIRMWARE),
    "interlock": _driver("interlock", {}, _OF_A_RELAY, _RELAY),
    "telnet": _telnet,
    "entry": _entry,
    "note": _note,
    "proof": _proof,
    "bundle": _bundle,
    "export": _export,
    "jws": _jws,
    "claims": _claims(read_claims, CERTIFICATES),
    "status-list": _claims(read_status_list, CERTIFICATES),
    "status-bits": _status_bits,
    "catalogue": _claims(read_catalogue, ("devicelink-catalogue+jwt",)),
    "settings": _settings,
    "station-file": _station_file,
    "lock-card": _card,
    "kept-facts": _kept,
    "guard-lines": _guard_lines,
    "lock-socket": _socket_word,
    "sim-ipg": _simulator("ipg", _DIALECTS, b"\r"),
    "sim-uc2000": _simulator("uc2000", _CHECKSUMS, b""),
    "sim-bigsky": _simulator("bigsky", ({},), b"\r\n"),
    "sim-nkt": _simulator("nkt", ({},), b""),
    "sim-olcp": _simulator("olcp", _PERSONALITIES, b"\x7e"),
    "sim-ophir": _simulator("ophir", ({},), b"\r\n"),
    "sim-interlock": _simulator("interlock", ({}, {"contact": "welded"}), b"\n"),
    "sim-address": _address,
}
