"""Clinics whose laser is no IPG: a simulator of another name, a catalogue and settings for it."""

from __future__ import annotations

import json
import shutil

from tests.clinic import Clinic, Laser, here

CATALOGUE = """[[entries]]
achievement = "https://maker.example/resurfacing"
driver = "{driver}"
models = ["SimuLase-1"]
firmware = ["*"]
procedures = ["treatment", "test_spot", "service", "training"]
ablative = false
operator_class = "any"
"""


class OtherClinic(Clinic):
    """A copy of the built station with such a laser, registered under the serial it tells."""

    def __init__(self, root, template, *, driver, serial, settings, options=(), registered=()):
        shutil.copytree(template, root / "c")
        for mirror in template.parent.glob("config/**/checkpoint"):
            shutil.rmtree(mirror) if mirror.is_dir() else mirror.unlink()
        self.driver, self.told, self.registered = driver, serial, registered
        self.station, self.props = root / "c" / "station", root / "c" / "props"
        self.serial = serial if serial.startswith("SIM-") else f"SIM-{serial}"
        self.pin = self.props / "pin"
        self.laser = Laser(self.props, driver, *options, simulator=driver)
        self.by = ("--data", self.station, "--by", "t-ada", "--pin-file", self.pin)
        (self.props / "settings.toml").write_text(settings)
        self._believe_catalogue()
        self.add_device()

    def _believe_catalogue(self):
        catalogue, signed = self.props / "other.toml", self.props / "other.jws"
        catalogue.write_text(CATALOGUE.format(driver=self.driver))
        here(
            *("catalogue", "issue", catalogue, "--key", self.props / "maker.key", "--version", 2),
            *("--valid-until", "2099-12-31", "--output", signed),
        )
        here("trust", "catalogue", signed, *self.by)

    def add_device(self, *more, port=None, serial=None):
        """Register the laser as the clinic would; its identity is on its wire."""
        here(
            *("device", "add", serial or self.told, "--driver", self.driver),
            *("--port", port or self.laser.link, "--maker", "Maker", "--model", "SimuLase-1"),
            *("--udi", "SIM-1", "--accept", "interlock_unknown"),
            *("--accept", "counter_not_available", *self.registered, *more, *self.by),
        )

    def session_words(self, *more, settings="settings.toml"):
        """The words of `session run` for Ines on this laser."""
        words = super().session_words(*more, settings=settings)
        return [self.serial if word == "SIM-0917" else word for word in words]

    def session(self, *more):
        """A session from beginning to end: its exit code and its document."""
        return self.ended(self.start("--json", *more))

    def ended(self, running):
        """How a running session ended."""
        said, wrong = running.communicate(timeout=90)
        assert "Traceback" not in wrong, wrong
        return running.returncode, json.loads(said)

    def findings(self, *more):
        """The verdict of a check: each finding's code and severity."""
        words = ("session", "check", self.serial, "--technician", "t-ines", "--kind=service")
        _, told = self.ask(*words, *more)
        return {found["code"]: found["severity"] for found in told["findings"]}

    def happened(self, *names):
        """What really happened, of these events, in order."""
        return [each["event"] for each in self.laser.truth() if each["event"] in names]
