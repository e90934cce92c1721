"""Watching, while a session runs, whether what it stands on is withdrawn.

The maker revokes or suspends its certificate, or the clinic withdraws that, its issuer or the
technician. Another process records that; the owner reads in the journal, about once a second, what
came since it last looked. Only where such an entry came is anything judged, from checked entries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from devicelink.errors import ConfigError, JournalBroken
from devicelink.journal.entry import session_start
from devicelink.people import withdrawal
from devicelink.people.certificates import SUSPENSION
from devicelink.people.entitlement import judge_entitlement, known_statuses
from devicelink.people.standing import withdrawn
from devicelink.people.trust import STATUS_LISTS
from devicelink.runtime import nanoseconds
from devicelink.session import state as table

if TYPE_CHECKING:
    from devicelink.people.judgement import CertificateFacts
    from devicelink.session.work import Work

LOOK_EVERY_S = 1.0
MOST_ENTRIES = 64
"""Read at one look, so that no look takes longer than a poll; the rest is for the next one."""
_HURRY_S = 0.1
"""Until the next look, where there was more to read."""


class Watch:
    """One session's eye on its certificate; it sees whatever came since the session opened."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._next_index: int | None = None
        self._due_ns = 0
        self._told: set[str] = set()

    def look(self) -> table.Event | None:
        """What happened to the certificate, as an event; None most of the time.

        A journal that cannot be read is one that cannot be relied on: that ends the session.
        """
        work = self._work
        if work.now() < self._due_ns or work.facts is None:
            return None
        try:
            return self._judge() if self._came() else None
        except (JournalBroken, ConfigError) as error:
            return table.NotDurable(work.now(), str(error))

    def _came(self) -> bool:
        """Whether the journal has a list or a withdrawal that was not looked at."""
        work = self._work
        start = self._next_index
        if start is None:
            start = session_start(work.session)
        kinds = [entry.type for entry in work.context.journal.entries(start, start + MOST_ENTRIES)]
        self._next_index = start + len(kinds)
        again_s = _HURRY_S if len(kinds) == MOST_ENTRIES else LOOK_EVERY_S
        self._due_ns = work.now() + nanoseconds(again_s)
        return not (STATUS_LISTS.types | withdrawal.TYPES).isdisjoint(kinds)

    def _judge(self) -> table.Event | None:
        """A withdrawal for safety ends the session at once, any other at the next standby."""
        work, certificate = self._work, self._certificate()
        if certificate is None or certificate.claims is None or work.facts is None:
            return None
        person, state = work.facts.person.person, work.context.state()
        name = work.facts.person.name or person
        ends = list(withdrawal.withdrawals(state, person, certificate))
        known = known_statuses(state, certificate.claims)
        found = [(facts, withdrawn(name, facts)) for facts in known]
        told = [(facts, sentence) for facts, sentence in found if sentence is not None]
        for facts, sentence in told:
            if facts.safety:
                return work.hard_end("safety_revocation", sentence)
        for end in ends:
            if end.safety:
                return work.hard_end(end.code, end.sentence)
        for end in ends:
            if end.code not in self._told:
                self._told.add(end.code)
                return table.RunsOut(work.now(), table.SoftEnd(end.code, end.sentence, work.now()))
        for facts, sentence in told:
            suspended = facts.place.purpose == SUSPENSION
            code = "certificate_suspended" if suspended else "certificate_revoked"
            if code not in self._told:
                self._told.add(code)
                return table.RunsOut(work.now(), table.SoftEnd(code, sentence, work.now()))
        return None

    def _certificate(self) -> CertificateFacts | None:
        """The one that the verdict counted."""
        facts = self._work.facts
        return judge_entitlement(facts.person).certificate if facts else None
