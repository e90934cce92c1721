"""Checks that a driver is no more than its contract: no clock, no port, no file, no thread."""

from __future__ import annotations

import ast
import importlib
import inspect
import sys
from typing import TYPE_CHECKING

from devicelink_simulation.conformance.bench import Bench
from devicelink_simulation.conformance.check import check, hold
from devicelink_simulation.conformance.script import walked
from devicelink_simulation.registry import simulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType, ModuleType
    from typing import Any

    from devicelink_simulation.conformance.subject import Subject

_CONTRACT = {
    "devicelink.console",
    "devicelink.driver",
    "devicelink.errors",
    "devicelink.link.framing",
    "devicelink.units",
}
_CLOCKS_AND_MACHINES = {
    *("asyncio", "builtins", "ctypes", "datetime", "fcntl", "importlib", "io", "mmap"),
    *("multiprocessing", "os", "pathlib", "posix", "queue", "random", "sched", "secrets", "select"),
    *("selectors", "serial", "shutil", "signal", "socket", "sqlite3", "subprocess", "sys"),
    *("tempfile", "termios", "threading", "time", "tty", "urllib", "uuid"),
    *("_io", "_random", "_socket", "_thread", "nt"),
}
_BUILTINS = {"__import__", "breakpoint", "compile", "eval", "exec", "input", "open"}


@check("The driver imports the contract and plain computing, and its simulator nothing of it.")
def imports_the_contract_only(subject: Subject) -> None:
    """Read from the source of every module that they are made of: no clock, port, file, thread.

    A simulator that shares the driver's code shares its mistakes, and proves nothing.
    """
    drivers = {module.__name__ for module in modules_of(subject)}
    for module in _modules({simulator(subject.profile.simulator).build.__module__}):
        shared = sorted(set(_imported(module)) & drivers)
        hold(not shared, f"The simulator's {module.__name__} imports the driver's {shared}.")
    for module in modules_of(subject):
        for name in _imported(module):
            top = name.partition(".")[0]
            ours = top == "devicelink" and name not in _CONTRACT
            hold(
                not (ours or top == "devicelink_simulation" or top in _CLOCKS_AND_MACHINES),
                f"{module.__name__} imports {name}.",
            )
        for name in _called(module):
            hold(name not in _BUILTINS, f"{module.__name__} calls {name}().")


@check("In a whole session the driver calls no clock, no randomness, no file and no port.")
def calls_no_clock(subject: Subject) -> None:
    """Every call that its modules make is looked at while a session runs."""
    watched_names = {module.__name__ for module in modules_of(subject)}
    called: list[str] = []

    def look(frame: FrameType, event: str, argument: Any) -> None:
        if event == "c_call" and _is_watched(frame):
            owner = argument.__module__ or _kind(getattr(argument, "__self__", None)).__module__
            _note(owner, argument.__name__)
        elif event == "call" and frame.f_back is not None and _is_watched(frame.f_back):
            _note(str(frame.f_globals.get("__name__")), frame.f_code.co_name)

    def _is_watched(frame: FrameType) -> bool:
        return frame.f_globals.get("__name__") in watched_names

    def _note(owner: str, name: str) -> None:
        if owner == "builtins" and name not in _BUILTINS:
            return
        if str(owner).partition(".")[0] in _CLOCKS_AND_MACHINES:
            called.append(f"{owner}.{name}")

    bench = Bench(subject)
    before = sys.getprofile()
    sys.setprofile(look)
    try:
        subject.make()
        walked(bench)
        bench.lock()
    finally:
        sys.setprofile(before)
    hold(not called, f"The driver called {', '.join(sorted(set(called)))}.")


def modules_of(subject: Subject) -> list[ModuleType]:
    """Those of the driver's classes and factory, and what they import of their own distribution."""
    driver = subject.make()
    return _modules(
        {
            getattr(subject.factory, "__module__", ""),
            *(each.__module__ for each in type(driver).__mro__),
            *(each.__module__ for each in type(driver.wire).__mro__),
        }
    )


def _modules(waiting: set[str]) -> list[ModuleType]:
    """These, and what they import of their own distribution."""
    found: dict[str, ModuleType] = {}
    while waiting:
        name = waiting.pop()
        top = name.partition(".")[0]
        if not name or name in found or top in {"builtins", "typing", "devicelink", "abc"}:
            continue
        found[name] = importlib.import_module(name)
        waiting |= {
            each
            for each in _imported(found[name])
            if each.partition(".")[0] == top and each in sys.modules
        }
    return [found[name] for name in sorted(found)]


def _imported(module: ModuleType) -> Iterator[str]:
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = (module.__package__ or "").split(".")
            base = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            whole = source in {"devicelink", module.__package__}
            yield from (f"{source}.{alias.name}" for alias in node.names) if whole else (source,)


def _called(module: ModuleType) -> Iterator[str]:
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id


def _tree(module: ModuleType) -> ast.Module:
    return ast.parse(inspect.getsource(module))


def _kind(value: object) -> type:
    return value if isinstance(value, type) else type(value)


CHECKS = (imports_the_contract_only, calls_no_clock)
