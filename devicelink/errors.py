"""Every error that devicelink raises, and what the process that meets it exits with.

::

    DeviceLinkError
    ├── Refused              1   the verdict, or a rule, says no; carries findings
    ├── SignInFailed         1   one sentence for unknown person and wrong PIN
    ├── CertificateError     1   a certificate, catalogue or trust document cannot be used
    ├── DeviceBusy           1   another process owns the device
    ├── ConfigError          2   wrong usage or unusable input
    ├── LinkError
    │   ├── PortUnavailable  1   the port cannot be opened
    │   ├── LinkLost         1   the port was open and is gone
    │   ├── NoReply          1   the deadline passed
    │   └── Stopped          1   a stop ended the wait
    ├── WrongDevice          1   not the device, or not the dialect, that was registered
    ├── ProtocolError        1   bytes that the protocol does not allow, ours or theirs
    ├── DeviceFault          1   the device answered that it refuses, or has a fault
    ├── DeviceDeclined       1   it refuses to unlock, and has no fault: a person there can mend it
    ├── ClockSuspect         1   the clock cannot be believed
    ├── DriverError
    │   ├── DriverUnknown    2   no such driver
    │   ├── DriverNotAllowed 2   this station does not allow it
    │   └── DriverUnusable   2   it is installed and does not work
    ├── GuardGone            1   the guard died or acted by itself; nothing is enabled any more
    ├── RelayLost            1   the relay in the laser's interlock circuit does not hold it
    ├── LockUnconfirmed      3   the laser is not confirmed locked; outranks all
    ├── JournalUnwritable    1   an entry could not be made durable
    └── JournalBroken        4   the evidence is broken
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class Severity(StrEnum):
    """Whether a finding refuses, or is only said."""

    REFUSE = "refuse"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason: a stable code, a sentence a nurse would understand, and who can mend it how."""

    code: str
    severity: Severity
    sentence: str
    remedy: str

    def as_json(self) -> dict[str, str]:
        """The four fields that programs parse."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "sentence": self.sentence,
            "remedy": self.remedy,
        }


class DeviceLinkError(Exception):
    """The root: one clear sentence, and the exit code of the command that ends by it."""

    exit_code: ClassVar[int] = 1


class Refused(DeviceLinkError):
    """A rule or the verdict says no, with every finding."""

    def __init__(self, sentence: str, findings: tuple[Finding, ...] = ()) -> None:
        super().__init__(sentence)
        self.findings = findings


class SignInFailed(DeviceLinkError):
    """The person is unknown, or the PIN is wrong, or they are locked out: never said which."""


class CertificateError(DeviceLinkError):
    """A certificate, catalogue or issuer document cannot be believed or read."""


class DeviceBusy(DeviceLinkError):
    """Another living process owns the device."""


class ConfigError(DeviceLinkError):
    """Wrong usage or unusable input: a missing file, a wrong key, a value out of its type."""

    exit_code = 2


class LinkError(DeviceLinkError):
    """The wire did not carry what was asked of it."""


class PortUnavailable(LinkError):
    """The port does not exist, cannot be opened, or is held by another program."""


class LinkLost(LinkError):
    """The port was open and failed: cable out, adapter gone, far end closed."""


class NoReply(LinkError):
    """The deadline passed without a reply that answers the frame."""


class Stopped(LinkError):
    """A stop ended the wait for a reply; the frame itself was written whole."""


class WrongDevice(DeviceLinkError):
    """What answers is not the device, or not the dialect, that was registered."""


class ProtocolError(DeviceLinkError):
    """Bytes that the protocol does not allow; the sentence says whose they were."""


class DeviceFault(DeviceLinkError):
    """The device itself refused a command or reported a fault."""


class DeviceDeclined(DeviceLinkError):
    """The device refused to unlock and has no fault: a tip, a key or a reset is missing."""


class ClockSuspect(DeviceLinkError):
    """The wall clock went back or jumped; an administrator has to confirm the time."""


class DriverError(DeviceLinkError):
    """A driver cannot be used here."""

    exit_code = 2


class DriverUnknown(DriverError):
    """No installed distribution offers a driver of that name."""


class DriverNotAllowed(DriverError):
    """This station's configuration does not name the driver."""


class DriverUnusable(DriverError):
    """The driver is installed and does not load, or two distributions claim its name."""


class GuardGone(DeviceLinkError):
    """The guard died, hangs or acted by itself: nothing may be enabled any more."""


class RelayLost(DeviceLinkError):
    """The relay in the laser's interlock circuit opened, does not answer, or is another one."""


class LockUnconfirmed(DeviceLinkError):
    """The laser is not confirmed locked: the one error that outranks all others."""

    exit_code = 3


class JournalUnwritable(DeviceLinkError):
    """An entry could not be made durable, so what it would have recorded must not happen."""


class JournalBroken(DeviceLinkError):
    """The evidence does not hold: bytes, hashes, tree or checkpoint disagree."""

    exit_code = 4
