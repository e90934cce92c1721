"""A file that names many simulated devices: one `[[laser]]` table for each, or for `count` alike.

`{n}` in any text of a table stands for the number within that table, from 1; each of them has the
seed of its table plus n - 1.
"""

from __future__ import annotations

import contextlib
import resource
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from devicelink.config import read_toml
from devicelink.errors import ConfigError
from devicelink_simulation.registry import simulator
from devicelink_simulation.serve import Served
from devicelink_simulation.simulation import Plan
from devicelink_simulation.truth import NoTruth, TruthFile
from devicelink_simulation.wires import PtyWire, Rfc2217Wire, TcpWire

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from devicelink_simulation.wires import ServedWire

_MOST = 4096
"""As many pseudo-terminals as Linux has unless told otherwise."""

Text = Annotated[str, StringConstraints(min_length=1)]


class LaserTable(BaseModel):
    """One `[[laser]]` table as it is written."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    simulator: Text
    link: Text | None = None
    tcp: Text | None = None
    rfc2217: Text | None = None
    set: dict[str, str | int | Decimal] = {}
    at: list[str] = []
    fault: list[str] = []
    setup: Text | None = None
    seed: int = 0
    truth: Text | None = None
    count: Annotated[int, Field(ge=1, le=_MOST)] = 1


@dataclass(frozen=True, slots=True)
class Berth:
    """One device of a fleet, checked, before anything is opened; `where` it stands in the file."""

    where: str
    plan: Plan
    link: str | None
    tcp: str | None
    rfc2217: str | None
    truth: str | None

    def open(self) -> Served:
        """Open its truth file and its wire; raises `ConfigError`."""
        try:
            truth = TruthFile(Path(self.truth)) if self.truth else NoTruth()
            return Served(self.plan, self._wire(), truth)
        except ConfigError as error:
            raise ConfigError(f"{self.where}: {error}") from error

    def _wire(self) -> ServedWire:
        if self.tcp is not None:
            return TcpWire(self.tcp)
        if self.rfc2217 is not None:
            return Rfc2217Wire(self.rfc2217)
        return PtyWire(Path(self.link) if self.link else None)


def read_fleet(path: Path) -> list[Berth]:
    """Every device that the file names; raises `ConfigError` with table and key."""
    content = read_toml(path)
    for key in content:
        if key != "laser":
            raise ConfigError(f"{path} knows no {key!r}. It holds tables [[laser]] only.")
    tables = content.get("laser")
    if not isinstance(tables, list) or not tables:
        raise ConfigError(f"{path} names no laser. Begin one with a line [[laser]].")
    berths: list[Berth] = []
    for number, table in enumerate(tables, 1):
        where = f"{path}, [[laser]] number {number}"
        berths += _berths(_table(table, where), where)
        if len(berths) > _MOST:
            raise ConfigError(f"{path} names more than {_MOST} lasers. Use several processes.")
    for key in ("link", "truth"):
        _refuse_twice(berths, key)
    return berths


@contextlib.contextmanager
def opened(berths: Sequence[Berth]) -> Iterator[list[Served]]:
    """All of them open, with as many descriptors as the system lets one process have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    devices: list[Served] = []
    try:
        for berth in berths:
            devices.append(berth.open())  # noqa: PERF401  (those opened before an error are closed)
        yield devices
    finally:
        for device in devices:
            device.wire.close()


def _table(table: object, where: str) -> LaserTable:
    try:
        read = LaserTable.model_validate(table)
    except ValidationError as error:
        raise ConfigError(f"{where}: {_sentence(error)}") from None
    ways = [key for key in ("link", "tcp", "rfc2217") if getattr(read, key) is not None]
    if len(ways) > 1:
        raise ConfigError(f"{where} has {' and '.join(ways)}. Say one way to reach it.")
    for key in ("link", "truth"):
        value = getattr(read, key)
        if read.count > 1 and value is not None and "{n}" not in value:
            raise ConfigError(f"{where}, {key}: with count = {read.count} it needs {{n}} in it.")
    return read


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    key = str(first["loc"][0]) if first["loc"] else ""
    if first["type"] == "extra_forbidden":
        known = ", ".join(LaserTable.model_fields)
        return f"knows no key {key!r}. Known: {known}."
    if first["type"] == "missing":
        return f"the key {key} is missing. Names of simulators: devicelink sim list."
    if not key:
        return "it must be a table."
    return f"{key}: {first['msg']}."


def _berths(table: LaserTable, where: str) -> Iterator[Berth]:
    for n in range(1, table.count + 1):
        which = where if table.count == 1 else f"{where}, n = {n}"
        ways = (table.link, table.tcp, table.rfc2217, table.truth)
        texts = (None if way is None else _numbered(way, n) for way in ways)
        yield Berth(which, _plan(table, n, which), *texts)


def _plan(table: LaserTable, n: int, where: str) -> Plan:
    """Key by key, so that the sentence names the one that is wrong."""
    key = "simulator"
    try:
        chosen = simulator(table.simulator)
        asked: dict[str, Any] = {"seed": table.seed + n - 1}
        for key, argument, value in (  # noqa: B007  (the sentence below names it)
            ("set", "values", {name: _numbered(value, n) for name, value in table.set.items()}),
            ("setup", "setup", table.setup),
            ("fault", "faults", [_numbered(each, n) for each in table.fault]),
            ("at", "at", [_numbered(each, n) for each in table.at]),
        ):
            asked[argument] = value
            Plan.of(chosen, **asked)
        key = "set"
        plan = Plan.of(chosen, **asked)
        plan.build(NoTruth(), 0)  # some values are refused only by the device itself
    except ConfigError as error:
        raise ConfigError(f"{where}, {key}: {error}") from error
    return plan


def _numbered(value: object, n: int) -> str:
    return str(value).replace("{n}", str(n))


def _refuse_twice(berths: list[Berth], key: str) -> None:
    seen: dict[str, str] = {}
    for berth in berths:
        value = getattr(berth, key)
        if value is not None and value in seen:
            raise ConfigError(f"{berth.where}, {key}: {value} is that of {seen[value]} already.")
        seen[value] = berth.where
