"""A meter, asked in a thread of its own: however slow or silent it is, no laser waits for it.

The thread opens the port, asks who is there, sets up and lets it settle when told to, throws away
what lay in the meter, and from then on looks for pulses ten times a second. Its first trouble is
its last: a reply that is missing may have been a pulse.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devicelink import registry
from devicelink.devices.register import simulated_serial
from devicelink.errors import (
    DeviceBusy,
    DeviceLinkError,
    DriverError,
    NoReply,
    PortUnavailable,
    Stopped,
)
from devicelink.link.link import Link
from devicelink.link.port import open_port, port_kind
from devicelink.meter import Mode, Wanted
from devicelink.runtime import nanoseconds, seconds
from devicelink.treatment.checks import MeterPapers, MeterSaid, choose_range, full_scale_j

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

    def said(self) -> MeterSaid | None:
        """What it told last, as facts; serial numbers as they are registered (rule 8)."""
        told = self.told
        if told is None:
            return None
        instrument, head, setup = told.identity.instrument, told.identity.head, told.setup
        return MeterSaid(
            serial=self._named(instrument.serial),
            model=instrument.model,
            firmware=instrument.firmware,
            head_serial=self._named(head.serial) if head else None,
            head_kind=head.kind if head else None,
            head_model=head.model if head else None,
            measures_energy=head is not None and Mode.ENERGY in head.measures,
            mode=setup.mode.value if setup else "not told",
            wavelength_nm=setup.wavelength_nm.value if setup else None,
            wavelength=setup.wavelength.value if setup else None,
            range=setup.range.value if setup else None,
            full_scale_j=full_scale_j(setup.range.value) if setup else None,
            filter=setup.filter.value if setup else None,
            age_s=round(seconds(self._runtime.mono_ns() - told.at_ns), 3),
        )

    def _named(self, serial: str | None) -> str | None:
        simulated = port_kind(self._registered.port).only_simulators
        return simulated_serial(serial) if serial and simulated else serial

    def close(self) -> None:
        """Let go of the meter; what it measures now is nobody's."""
        self._over.set()
        self._task.join(_LEAVE_WITHIN_S)

    def _live(self) -> None:
        port: Port | None = None
        try:
            meter = registry.make_meter(self._registered.driver, self._registered.configuration)
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


def papers_of(registered: Registered) -> MeterPapers:
    """What the register holds of a meter, as facts."""
    try:
        claim = registry.find(registered.driver)
        driver_from = f"{claim.distribution} {claim.version}"
    except DriverError as error:
        driver_from = str(error)
    told = registered.model_dump(exclude={"driver", "port", "configuration"})
    return MeterPapers(driver_from=driver_from, **told)


def problem_of(error: DeviceLinkError) -> tuple[str, str]:
    """The finding's code and sentence for why a meter could not be asked."""
    codes: tuple[tuple[type[DeviceLinkError], str], ...] = (
        (DeviceBusy, "meter_busy"),
        (PortUnavailable, "meter_port_unavailable"),
        (DriverError, "meter_driver_unusable"),
    )
    code = next((code for kind, code in codes if isinstance(error, kind)), "meter_not_answering")
    return code, str(error)
