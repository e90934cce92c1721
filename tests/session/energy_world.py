"""A check of energy in the world's virtual time: laser, meter and station, each event exact."""

from __future__ import annotations

from functools import cache

from devicelink.journal.entry import Draft
from devicelink.journal.store import Journal
from devicelink.runtime import nanoseconds
from devicelink.session import start
from devicelink.session.attending import attend
from devicelink.session.context import PROJECTIONS
from devicelink.session.state import AskReady, AskStandby, Phase
from devicelink.session.work import Request
from devicelink.treatment.checks import CheckRequest
from devicelink.treatment.energy import rule_draft
from devicelink_simulation.beam import Beam
from devicelink_simulation.registry import simulator
from devicelink_simulation.simulation import Plan
from devicelink_simulation.truth import TruthList
from devicelink_simulation.world import programs
from devicelink_simulation.world.clinic import ADA, INES, PIN, STATION, make_template
from devicelink_simulation.world.dice import dice
from devicelink_simulation.world.disk import NO_OPERATIONS, ProcessDisk, SimDisk
from devicelink_simulation.world.kernel import Kernel
from devicelink_simulation.world.lasers import LASERS, port_of
from devicelink_simulation.world.machine import Machine
from devicelink_simulation.world.operations import Witness
from devicelink_simulation.world.programs import Book, Screen
from devicelink_simulation.world.runtime import WorldRuntime
from devicelink_simulation.world.sqlite_vfs import sqlite_vfs
from devicelink_simulation.world.wire import SimWire

LASER, METER = "SIM-003", "SIM-113217"
METER_PORT = "world://meter"
PAPERS = {
    "serial": METER,
    "driver": "ophir",
    "port": METER_PORT,
    "configuration": {},
    "head_serial": "SIM-22323",
    "calibrated_on": "2026-01-10",
    "calibration_valid_until": "2099-01-10",
    "max_energy_j": "0.5",
    "max_power_w": "30",
    "max_density_j_cm2": None,
    "wavelength_min_nm": "190",
    "wavelength_max_nm": "12000",
}
SETTINGS = {"lamp_voltage_v": "1150", "repetition_rate_hz": "20", "qswitch_delay_us": "140"}
LASER_IS = {"q_switch_wait_pulses": "10", "flow_s": "0.3", "q_switch_every": "8"}
METER_IS = {
    "head": "pyroelectric",
    "model": "vega",
    "energy_ranges_j": "3 0.3 0.03",
    "damage_j": "5",
}
"""At first in its largest range: it has to be set up, and to settle."""
FOOT_DOWN = ((0.7, "laser", "trigger_input=on"),)
ASKED = {"meter": METER, "energy_mj": 159.0, "wavelength_nm": "1064"}
SEEN_S = 60.0
PRESSED_EVERY_S = 0.3
"""By a hand that makes the laser READY, where there is one, until it is."""

_SAYS = {"ready": AskReady, "standby": lambda at_ns: AskStandby(at_ns, "the person asked")}

template = cache(make_template)


class EnergyWorld:
    """One check; `acts` are hands, each so many seconds after READY, at `laser` or `meter`.

    What a `person` types is `ready` or `standby`.
    """

    serial, laser_is, meter_is, settings, foot_down = (
        *(LASER, LASER_IS, METER_IS, SETTINGS, FOOT_DOWN),
    )
    asked = ASKED
    """The laser and what it is set to; a subclass has another one."""

    def __init__(
        self,
        acts=None,
        *,
        laser=(),
        meter=(),
        papers=(),
        tolerance=10,
        request=(),
        kind=None,
        before=(),
    ):
        self.kernel = Kernel(dice(1, "schedule"))
        self.disk = SimDisk.from_snapshot(template().files)
        self.acts = self.foot_down if acts is None else acts
        self.papers, self.tolerance = {**PAPERS, **dict(papers)}, tolerance
        self.kind, self.before = kind or "energy_check", before
        self.request = {**self.asked, **dict(request)}
        self.make = make = LASERS[self.serial]
        beam, self.truth, self.meter_truth = Beam(), TruthList(), TruthList()
        known = {make.permit_key: template().permit_key} if make.permit_key else {}
        values = {**make.first_values, **self.laser_is, **known, **dict(laser)}
        lit = beam.laser(Plan.of(simulator(make.simulator), values=values), self.truth, 0)
        dark = Plan.of(simulator("ophir"), values={**self.meter_is, **dict(meter)})
        self.wires = {
            "laser": SimWire(self.kernel, lit, make.baudrate),
            "meter": SimWire(self.kernel, beam.meter(dark, self.meter_truth, 0), 9600),
        }
        self.machine = Machine(
            kernel=self.kernel,
            disk=self.disk,
            wires={port_of(self.serial): self.wires["laser"], METER_PORT: self.wires["meter"]},
            dice=dice(1, "machine"),
            witness=Witness(),
            blows={},
        )
        self.book = Book(template().signer)
        self.screen = Screen(self.kernel, self.serial)
        self.entries = []

    def play(self):
        """Until its end; the result."""
        vfs = sqlite_vfs()
        vfs.mount("/world", self.disk, self._disk, seed=1)
        self._auditor = ProcessDisk(self.disk, "auditor", NO_OPERATIONS)
        try:
            process = self.kernel.process("session")
            process.serial, process.visit = self.serial, 0
            runtime = WorldRuntime(self.machine, process)
            self.screen.runtime = runtime
            program = self._program(runtime)
            process.spawn("main", lambda: programs.run(runtime, self.book, "session", program))
            people = self.kernel.process("people", on_machine=False)
            people.spawn("people", lambda: self._hands(process))
            self.kernel.run(nanoseconds(200))
            assert people.error is None, people.error
            (ended,) = self.book.exits
            assert ended.code == 0, ended.sentence
            self.entries = self._journal()
            return self.screen.result
        finally:
            self.kernel.end_all()
            for journal in self.book.journals:
                journal.close()
            vfs.unmount()

    def of(self, kind):
        """The data of the entries of one type."""
        return [entry.data for entry in self.entries if entry.type == kind]

    def refusals(self):
        """The codes that refused."""
        found = self.screen.result.verdict.findings
        return {each.code for each in found if each.severity == "refuse"}

    def happened(self, *names):
        """At the laser, in order."""
        return self.truth.names(*names)

    def dark_at_the_end(self):
        """Whether neither light nor a pressed trigger's light is left."""
        edges = self.happened("enabled", "disabled", "light_on", "light_off")
        return edges.count("enabled") == edges.count("disabled") and (
            edges.count("light_on") == edges.count("light_off")
        )

    def _disk(self):
        current = self.kernel.current
        return (current.process.disk if current else None) or self._auditor

    def _hands(self, process):
        makes_ready, pressed_ns = self.make.hands.makes_ready, 0
        while self.screen.phase is not Phase.READY and not process.dead:
            self.kernel.wait(self.kernel.time_ns + nanoseconds(0.01))
            asked = self.screen.phase is Phase.ARMING and makes_ready
            if asked and self.kernel.time_ns - pressed_ns > nanoseconds(PRESSED_EVERY_S):
                self.wires["laser"].set(*makes_ready.split("=", 1))
                pressed_ns = self.kernel.time_ns
        self.ready_ns = ready_ns = self.kernel.time_ns
        for at_s, where, pair in self.acts:
            self.kernel.wait(ready_ns + nanoseconds(at_s))
            if where == "person":
                self.session.inbox.post(_SAYS[pair](self.screen.runtime.mono_ns()))
            else:
                self.wires[where].set(*pair.split("=", 1))
        while not process.dead and self.kernel.time_ns < nanoseconds(150):
            self.kernel.wait(self.kernel.time_ns + nanoseconds(1))

    def _program(self, runtime):
        def program():
            station = programs.open_station(runtime, self.book)
            journal = station.journal
            journal.append(Draft("meter.registered", self.papers, actor=ADA, role="administrator"))
            if self.tolerance:
                rule = {"tolerance_percent": self.tolerance, "valid_hours": 24}
                journal.append(rule_draft(self.serial, by=ADA, asked_for=True, **rule))
            journal.append_all(list(self.before))
            request = Request(
                person=station.sign_in(INES, PIN),
                kind=self.kind,
                client=None,
                settings=self.settings,
                answered_by="script",
                ready_for_s=SEEN_S,
                check=CheckRequest(**self.request) if self.kind == "energy_check" else None,
            )
            self.session = session = start.begin(station, self.serial, request, self.screen)
            self.screen.result = attend(session, runtime, lambda: None)
            return 0

        return program

    def _journal(self):
        runtime = WorldRuntime(self.machine, self.kernel.process("auditor"))
        with Journal.open(
            STATION, signer=self.book.signer, runtime=runtime, projections=PROJECTIONS
        ) as journal:
            self.checked = journal.checked(PROJECTIONS)
            return list(journal.entries())
