"""A meter, asked in a thread of its own: however slow or silent it is, no laser waits for it.

The thread opens the port, asks who is there, sets up and lets it settle when told to, throws away
what lay in the meter, and from then on looks for pulses ten times a second. Its first trouble is
its last: a reply that is missing may have been a pulse.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devicelink.errors import DeviceLinkError, NoReply, Stopped
from devicelink.link.link import Link
from devicelink.link.port import open_port
from devicelink.meter import Mode, Wanted
from devicelink.registry import make_meter
from devicelink.runtime import nanoseconds
from devicelink.treatment.checks import choose_range

if TYPE_CHECKING:
    from devicelink.devices.meters import Meter as Registered
    from devicelink.link.port import Port
    from devicelink.link.transcript import Transcript
    from devicelink.meter import Meter, MeterIdentity, Reading, Setup
    from devicelink.runtime import Latch, Mailbox, Runtime

POLL_S = 0.1
LOOK_EVERY_S = 1.0
_LEAVE_WITHIN_S = 2.0


@dataclass(frozen=True, slots=True)
class Told:
    """Who answered, how it is set up, and when it was asked."""

    identity: MeterIdentity
    setup: Setup | None
    """None where no head is plugged in."""
    at_ns: int


@dataclass(frozen=True, slots=True)
class Order:
    """What it is to be set up for."""

    wavelength_nm: str
    nominal_j: float


@dataclass(frozen=True, slots=True)
class Pulse:
    """One that the meter saw; `at_ns` is when it told of it."""

    at_ns: int
    energy_j: Reading


class Metering:
    """One meter in use. Whoever holds it reads what it has told; only its thread talks to it."""

    def __init__(
        self, registered: Registered, runtime: Runtime, transcript: Transcript, *, simulated: bool
    ) -> None:
        self._registered = registered
        self._runtime = runtime
        self._transcript = transcript
        self._simulated = simulated
        self._over: Latch = runtime.latch()
        self._orders: Mailbox[Order] = runtime.mailbox()
        self._pulses: Mailbox[Pulse] = runtime.mailbox()
        self.told: Told | None = None
        self.polled_ns = 0
        """When it last answered whether a pulse came."""
        self.problem: DeviceLinkError | None = None
        self.prepared = self.settled = self.listening = False
        """Listening: what lay there is thrown away, and every pulse from now on is told."""
        self._task = runtime.spawn("meter", self._live)

    def set_up(self, order: Order) -> None:
        """Have it set up, settled, and listening; see what comes of it in its attributes."""
        self._orders.post(order)

    def take_pulse(self) -> Pulse | None:
        """The oldest pulse that was not taken."""
        return self._pulses.take(0)

    def close(self) -> None:
        """Let go of the meter; what it measures now is nobody's."""
        self._over.set()
        self._task.join(_LEAVE_WITHIN_S)

    def _live(self) -> None:
        port: Port | None = None
        try:
            meter = make_meter(self._registered.driver, self._registered.configuration)
            port = open_port(
                self._registered.port, meter.line, self._runtime, simulated=self._simulated
            )
            link = Link(port, meter.wire, self._runtime, self._transcript, self._over)
            self._serve(meter, link)
        except Stopped:
            return
        except DeviceLinkError as error:
            self.problem = error
        except Exception as error:  # noqa: BLE001 - as a meter that is lost: the check ends
            self.problem = DeviceLinkError(f"devicelink met its own error at the meter: {error!r}")
        finally:
            self.listening = False
            if port is not None:
                port.close()
            self._transcript.close()

    def _serve(self, meter: Meter, link: Link) -> None:
        runtime = self._runtime
        self._look(meter, link)
        looked_ns = runtime.mono_ns()
        while not self._over.is_set():
            order = self._orders.take(0)
            if order is not None:
                self._set_up(meter, link, order)
            if self.listening:
                self._listen(meter, link)
            if runtime.mono_ns() - looked_ns >= nanoseconds(LOOK_EVERY_S):
                self._look(meter, link)
                looked_ns = runtime.mono_ns()
            runtime.sleep(POLL_S, self._over)

    def _look(self, meter: Meter, link: Link) -> None:
        at_ns = self._runtime.mono_ns()
        identity = meter.identify(link)
        setup = meter.read_setup(link) if identity.head is not None else None
        self.told = Told(identity, setup, at_ns)

    def _listen(self, meter: Meter, link: Link) -> None:
        reading = meter.next_pulse(link)
        self.polled_ns = self._runtime.mono_ns()
        if reading is not None:
            self._pulses.post(Pulse(self.polled_ns, reading))

    def _set_up(self, meter: Meter, link: Link, order: Order) -> None:
        """Only what is not as it should be is set: each change costs the time to settle."""
        self.listening = self.settled = False
        before = meter.read_setup(link)
        if before.mode is not Mode.ENERGY:
            meter.prepare(link, Wanted(mode=Mode.ENERGY))
        meter.prepare(link, Wanted(wavelength=order.wavelength_nm))
        ranges = meter.read_setup(link)
        wanted = choose_range(ranges.ranges, order.nominal_j)
        if wanted is not None and wanted != ranges.range.value:
            meter.prepare(link, Wanted(range=wanted))
        after = meter.read_setup(link)
        self.prepared = True
        as_it_was = (before.mode, before.wavelength, before.range)
        if (after.mode, after.wavelength, after.range) != as_it_was:
            self._settle(meter, link)
        self.settled = meter.settled(link)
        meter.discard_stale(link)
        self.polled_ns = self._runtime.mono_ns()
        self._look(meter, link)
        self.listening = True

    def _settle(self, meter: Meter, link: Link) -> None:
        """It may be silent meanwhile."""
        settles_s = meter.declaration.settles_s
        give_up_ns = self._runtime.mono_ns() + nanoseconds(settles_s)
        answers = False
        while not answers and self._runtime.mono_ns() < give_up_ns:
            with contextlib.suppress(NoReply):
                answers = meter.settled(link)
        self._runtime.sleep(settles_s, self._over)
