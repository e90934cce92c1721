"""What may happen to a simulated OLCP console, drawn by hypothesis, and a host that goes on."""

from __future__ import annotations

import contextlib

from hypothesis import strategies as st

from devicelink.errors import ConfigError
from devicelink_olcp_sim import SIMULATOR
from tests.protocols import olcp_vectors as page
from tests.simulators.acts import every_choice
from tests.simulators.olcp_host import Host

BUILT_IN = ("personality", "start", "second_interlock")
HANDS = [*every_choice(SIMULATOR, but=BUILT_IN)]
WORLD = [
    *(("tip_uses_left", "1"), ("panel_energy_uj", "20000"), ("panel_rate_mhz", "2000")),
    *(("tip_serial", "TIP-1"), ("energy_error_percent", "60"), ("laser_c", "60")),
    *(("shutter_s", "0.2"), ("reply_latency_s", "0.05"), ("fault", "reboot:seconds=2")),
    *(("fault", "drop@p=0.3"), ("fault", "corrupt@p=0.3"), ("fault", "none")),
    *(("scale_factor", "1.1"), ("service_pulses", "2"), ("panel_stack", "2")),
]
FRAMES = [
    page.LOCK,
    *(page.frame(code, 7) for code in (*range(1, 24), 0x20, 0x7F, 0xA0, 0xFF)),
    *(page.frame(code, 8, bytes(48)) for code in range(1, 24)),
    page.frame(0x06, 9, page.permit()),
    page.frame(0x07, 9, page.beat(0xA2, 813)),
    page.frame(0x13, 9, b"\x02"),
]
WAITS = [0.0005, 0.003, 0.02, 0.3, 1.0, 2.1, 11.0]
TO_READY = [("permit", None), ("beat", None), ("set", ("ready_key", "press")), ("live", 2.5)]


def acts(*, but=(), most=25):
    """What a host, hands, feet and the world do, in any order; `but` names knobs left alone."""
    knobs = [each for each in HANDS + WORLD if each[0] not in but]
    said = st.sampled_from(FRAMES) | st.binary(max_size=30)
    code_and_payload = st.tuples(st.integers(0, 255), st.binary(max_size=60))
    one = st.one_of(
        st.just([("permit", None)]),
        st.just([("beat", None)]),
        st.just([("live", 1.0)]),
        st.just(TO_READY),
        st.just([*TO_READY, *([] if "footswitch" in but else [("set", ("footswitch", "pressed"))])])
        if "ready_key" not in but
        else st.just([]),
        said.map(lambda data: [("raw", data)]),
        code_and_payload.map(lambda each: [("raw", page.frame(each[0], 9, each[1]))]),
        st.sampled_from(knobs).map(lambda each: [("set", each)]),
        st.sampled_from(WAITS).map(lambda each: [("wait", each)]),
    )
    return st.lists(one, max_size=most).map(
        lambda several: [
            act for acts in several for act in acts if not (act[0] == "set" and act[1][0] in but)
        ]
    )


class Story:
    """A console to which things happen; whoever talks to it takes no answer for granted."""

    def __init__(self, **values):
        self.host = Host(values=values)
        self.told = None

    def do(self, what, how):
        """One act."""
        host = self.host
        with contextlib.suppress(ConfigError):
            if what in {"permit", "beat"}:
                self._talk(what)
            elif what == "live":
                for _ in range(round(how / 0.25)):
                    host.wait(0.25)
                    self._talk("beat")
            else:
                host.do(what, how)
        return host.machine

    def _talk(self, what):
        """Answers may be lost, late or broken: what fails is not gone on with."""
        with contextlib.suppress(AssertionError, ValueError, TypeError, IndexError, AttributeError):
            getattr(self.host, what)()

    def all(self, happens):
        """Do each; yield the console after it."""
        for act in happens:
            yield self.do(*act)
