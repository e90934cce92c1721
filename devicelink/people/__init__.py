"""People, their PINs, and what makers certify of them."""

from devicelink.people.attestation import ATTESTATIONS
from devicelink.people.pins import PinStore, check_pin, set_pin
from devicelink.people.policy import POLICY
from devicelink.people.roster import PEOPLE, Person, add_person_draft
from devicelink.people.signin import sign_in
from devicelink.people.trust import CATALOGUES, CERTIFICATES, STATUS_LISTS, TRUST

PEOPLE_PROJECTIONS = (
    PEOPLE,
    TRUST,
    CERTIFICATES,
    CATALOGUES,
    STATUS_LISTS,
    POLICY,
    ATTESTATIONS,
)

__all__ = [
    "PEOPLE_PROJECTIONS",
    "Person",
    "PinStore",
    "add_person_draft",
    "check_pin",
    "set_pin",
    "sign_in",
]
