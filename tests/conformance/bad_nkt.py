"""Bad drivers made of the one for NKT modules."""

from __future__ import annotations

from planted_drivers import planted

from devicelink.driver import EnableToken
from devicelink.errors import DeviceLinkError
from devicelink_nkt import Nkt
from devicelink_nkt.frames import NktWire, decoded
from devicelink_nkt_sim.profile import K1X2


@planted(K1X2, "enabling_is_never_repeated")
class RepeatsTheEmission(Nkt):
    """Real modules lose a request now and then, so once more."""

    def ready(self, link, token):
        """Light, perhaps twice."""
        try:
            return super().ready(link, token)
        except DeviceLinkError:
            return super().ready(link, EnableToken(step="ready", entry_index=1))


@planted(K1X2, "near_relative_refused")
class TakesAnyModule(Nkt):
    """A module is a module."""

    def identify(self, link):
        """Of the type that it is."""
        found = link.exchange(
            __import__("devicelink_nkt.frames", fromlist=["read"]).read(self._address, 0x61),
            within_s=0.1,
        )
        self._type = found[5]
        return super().identify(link)


class AnyChecksum(NktWire):
    """Reads a telegram for what it says, and looks at no checksum."""

    def split(self, received, sent):
        """Every telegram gets the checksum that it should have had."""
        pieces, rest = super().split(received, sent)
        return [piece if decoded(piece) else self.resealed(piece) for piece in pieces], rest


@planted(K1X2, "a_damaged_reply_is_no_answer")
class LooksAtNoChecksum(Nkt):
    """The line is short, and what comes will be right."""

    def __init__(self, configuration):
        super().__init__(configuration)
        self.wire = AnyChecksum(self._address, self.wire._readable)
