"""A clinic whose laser has a relay in its interlock circuit, wired as a hand would wire it."""

from __future__ import annotations

import threading

from tests.clinic import Clinic, Laser, here, wait

BOUND_MS = 1040


class RelayClinic(Clinic):
    """An IPG whose first interlock channel is the relay's contact; START is pressed where asked."""

    def __init__(self, root, template, *options, relay=(), presses_start=True, wired=True):
        self.presses_start = presses_start
        super().__init__(root, template, *options, "--set", "interlock_1=open")
        self.relay = Laser(self.props, "relay", *relay, simulator="interlock")
        self.bind("IR-0042")
        self._turn, self._over = threading.Lock(), threading.Event()
        if wired:
            threading.Thread(target=self._be_wires, daemon=True).start()

    def bind(self, serial):
        """Register that relay."""
        port = self.relay.link
        here(*("device", "add", "0917", "--interlock", serial, "--interlock-port", port), *self.by)

    def set(self, pair):
        """Change something at the laser, beside the wires."""
        with self._turn:
            self.laser.set(pair)

    def close(self):
        """Switch all off."""
        self._over.set()
        with self._turn:
            self.laser.close()
        self.relay.close()

    def relay_events(self, *names):
        """What really happened at the relay, by name."""
        return [event for event in self.relay.truth() if event["event"] in names]

    def relay_is_closed(self):
        """Whether its contact is closed now."""
        story = self.relay_events("contact_closed", "contact_open")
        return story[-1:] != [] and story[-1]["event"] == "contact_closed"

    def wait_for_ready(self, session):
        """Until a pressed trigger would make light."""
        self.laser.wait_for("enabled", session)
        assert self.relay_is_closed()

    def _be_wires(self):
        """The contact's wires, and a person who presses START when the circuit is closed again."""
        was = False
        while not self._over.wait(0.002):
            now = self.relay_is_closed()
            with self._turn:
                if now is was or self._over.is_set():
                    continue
                self.laser.set(f"interlock_1={'closed' if now else 'open'}")
                if now and self.presses_start:
                    self.laser.set("supply=on")
            was = now

    def ended(self, session):
        """Its exit code and all that it said."""
        out, err = session.communicate(timeout=60)
        assert "Traceback" not in out + err, out + err
        return session.returncode, out + err

    def wait_until_dark(self):
        """Until no trigger would make light."""
        wait(lambda: not self.laser.is_now("enabled"), 10)
