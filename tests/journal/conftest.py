"""Journals to test with: real files, real keys, and a way to tamper with them."""

from __future__ import annotations

import json
import shutil

import pytest
from journal_kit import BIG, ORIGIN, PROJECTIONS, connect, draft

from devicelink.cli import main
from devicelink.journal.entry import Draft
from devicelink.journal.keys import new_signer
from devicelink.journal.store import Journal
from devicelink.runtime import ThreadRuntime


@pytest.fixture(scope="session")
def runtime():
    """The real one."""
    return ThreadRuntime()


@pytest.fixture(scope="session")
def signer(runtime):
    """The station's key."""
    return new_signer(ORIGIN, runtime)


@pytest.fixture
def make(signer, runtime):
    """Makes a journal of some entries in a folder."""
    opened = []

    def make(folder, count=0, using=runtime):
        journal = Journal.create(
            folder,
            origin=ORIGIN,
            signer=signer,
            runtime=using,
            projections=PROJECTIONS,
            genesis=Draft("genesis", {}),
        )
        opened.append(journal)
        journal.append_all([draft(number) for number in range(1, count)])
        return journal

    yield make
    for journal in opened:
        journal.close()


@pytest.fixture
def reopen(signer, runtime):
    """Opens a folder's journal."""
    opened = []

    def reopen(folder, *, writes=True):
        journal = Journal.open(
            folder,
            signer=signer if writes else None,
            runtime=runtime,
            projections=PROJECTIONS,
        )
        opened.append(journal)
        return journal

    yield reopen
    for journal in opened:
        journal.close()


@pytest.fixture(scope="session")
def big_folder(tmp_path_factory, signer, runtime):
    """A journal of 1,300 entries: five full tiles, 20 entries behind them; never written to."""
    folder = tmp_path_factory.mktemp("big")
    with Journal.create(
        folder,
        origin=ORIGIN,
        signer=signer,
        runtime=runtime,
        projections=PROJECTIONS,
        genesis=Draft("genesis", {}),
    ) as journal:
        journal.append_all([draft(number) for number in range(1, BIG)])
    return folder


@pytest.fixture
def folder(big_folder, tmp_path):
    """A copy of the big journal's folder."""
    copy = tmp_path / "copy"
    shutil.copytree(big_folder, copy)
    return copy


@pytest.fixture
def tamper():
    """Runs SQL on a folder's database with the triggers out of the way, then puts them back."""

    def tamper(folder, *statements):
        connection = connect(folder)
        triggers = connection.execute(
            "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall()
        for name, _, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            sql, *values = (statement,) if isinstance(statement, str) else statement
            connection.execute(sql, values)
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        present = {name for (name,) in tables.fetchall()}
        for _, table, sql in triggers:
            if table in present:
                connection.execute(sql)
        connection.close()

    return tamper


@pytest.fixture
def query():
    """The rows of a query on a folder's database."""

    def query(folder, sql):
        connection = connect(folder)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    return query


@pytest.fixture
def first(capsys):
    """What `journal verify` says, with its exit code."""

    def first(*words):
        with pytest.raises(SystemExit) as end:
            main(["journal", "verify", "--json", *map(str, words)])
        return int(end.value.code or 0), json.loads(capsys.readouterr().out)

    return first
