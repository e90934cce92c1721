"""`devicelink sim`: list, describe and serve simulated devices."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from devicelink.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from devicelink.runtime import Runtime
    from devicelink_simulation.device import Simulator
    from devicelink_simulation.loop import Loop
    from devicelink_simulation.simulation import Plan
    from devicelink_simulation.truth import Truth
    from devicelink_simulation.wires import ServedWire

app = typer.Typer(
    name="sim",
    help="Simulated devices behind real ports.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Data = Annotated[Path | None, typer.Option("--data", hidden=True)]
"""Accepted after every subcommand; simulators keep no station's folder."""
Name = Annotated[str, typer.Argument(help="The simulator, as `sim list` names it.")]


@app.command("list")
def list_simulators(*, as_json: Json = False, data: Data = None) -> None:
    """The installed simulators."""
    del data
    from devicelink_simulation.registry import installed

    found = installed()
    if as_json:
        print(json.dumps({"simulators": [each.as_json() for each in found]}))
        return
    for each in found:
        title = each.simulator.title if each.simulator else f"cannot be used: {each.problem}"
        print(f"{each.name:<10} {title}  ({each.distribution} {each.version})")


@app.command()
def describe(name: Name, *, as_json: Json = False, data: Data = None) -> None:
    """What can be set on a simulator, its faults and its broken set-ups."""
    del data
    from devicelink_simulation.registry import simulator

    chosen = simulator(name)
    print(json.dumps(_as_json(chosen)) if as_json else _as_text(chosen))


@app.command()
def serve(
    name: Name,
    *,
    pty: Annotated[bool, typer.Option("--pty", help="Serve on a pseudo-terminal.")] = False,
    link: Annotated[Path | None, typer.Option(help="With --pty: a link to it.")] = None,
    tcp: Annotated[str | None, typer.Option(help="Serve on HOST:PORT (0: any port).")] = None,
    rfc2217: Annotated[str | None, typer.Option(help="As --tcp, the line set by RFC 2217.")] = None,
    values: Annotated[list[str] | None, typer.Option("--set", help="KEY=VALUE.")] = None,
    at: Annotated[list[str] | None, typer.Option(help="SECONDS:KEY=VALUE.")] = None,
    fault: Annotated[list[str] | None, typer.Option(help="NAME[:KEY=VALUE,…][@WHEN,…].")] = None,
    setup: Annotated[str | None, typer.Option(help="A named broken set-up.")] = None,
    seed: Annotated[int, typer.Option(help="Repeats the same noise.")] = 0,
    truth: Annotated[Path | None, typer.Option(help="Write what really happened.")] = None,
    meter: Annotated[
        str | None, typer.Option(help="A meter that stands in the beam, such as ophir: on a pty.")
    ] = None,
    meter_link: Annotated[Path | None, typer.Option(help="With --meter: a link to it.")] = None,
    meter_values: Annotated[
        list[str] | None, typer.Option("--meter-set", help="KEY=VALUE of the meter.")
    ] = None,
    meter_truth: Annotated[Path | None, typer.Option(help="What happened to the meter.")] = None,
    as_json: Annotated[bool, typer.Option("--json", hidden=True)] = False,
    data: Data = None,
) -> None:
    """Serve a simulated device until SIGINT or SIGTERM.

    When ready, prints one line of JSON with the target. Each line KEY=VALUE on standard input is
    applied and answered; fault=SPEC plants a fault, fault=none clears all. With --meter a line for
    the meter begins with the word meter.
    """
    del as_json, data  # what it prints is JSON anyway
    from devicelink_simulation.registry import simulator
    from devicelink_simulation.serve import Served, serve_lit, serve_one
    from devicelink_simulation.settable import pair
    from devicelink_simulation.simulation import Plan

    plan = Plan.of(
        simulator(name),
        values=dict(pair(each, "--set") for each in values or ()),
        setup=setup,
        faults=fault or (),
        at=at or (),
        seed=seed,
    )
    if meter is None and (meter_link or meter_values or meter_truth):
        raise ConfigError("--meter-link, --meter-set and --meter-truth go with --meter NAME.")
    lit = _lit_plan(meter, meter_values or [], seed)
    with _loop() as (loop, runtime, say), contextlib.ExitStack() as open_:
        wire = _wire(pty=pty, link=link, tcp=tcp, rfc2217=rfc2217)
        open_.callback(wire.close)
        if lit is None:
            serve_one(Served(plan, wire, _truth(truth)), loop, runtime, say)
            return
        from devicelink_simulation.beam import Beam

        beam, second = Beam(), _wire(pty=True, link=meter_link, tcp=None, rfc2217=None)
        open_.callback(second.close)
        laser = Served(plan, wire, _truth(truth), beam.laser)
        serve_lit(laser, Served(lit, second, _truth(meter_truth), beam.meter), loop, runtime, say)


@app.command()
def fleet(
    file: Annotated[Path, typer.Argument(help="A TOML file with one laser table for each.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", hidden=True)] = False,
    data: Data = None,
) -> None:
    """Serve many simulated devices in one process until SIGINT or SIGTERM.

    A table has: simulator; link (of a pty), tcp or rfc2217; set = {KEY = VALUE}; at, fault (lists);
    setup; seed; truth; count, with {n} in any text. When ready, prints one line of JSON with
    all targets. Each line N KEY=VALUE (from 1) or TARGET KEY=VALUE on standard input is answered.
    """
    del as_json, data
    from devicelink_simulation.fleet import opened, read_fleet
    from devicelink_simulation.serve import serve_many

    berths = read_fleet(file)
    with _loop() as (loop, runtime, say), opened(berths) as devices:
        serve_many(devices, loop, runtime, say)


def _lit_plan(name: str | None, values: list[str], seed: int) -> Plan | None:
    """The meter that stands in the beam, where one is asked for."""
    from devicelink_simulation.registry import simulator
    from devicelink_simulation.settable import pair
    from devicelink_simulation.simulation import Plan

    if name is None:
        return None
    asked = dict(pair(each, "--meter-set") for each in values)
    return Plan.of(simulator(name), values=asked, seed=seed)


def _truth(path: Path | None) -> Truth:
    from devicelink_simulation.truth import NoTruth, TruthFile

    return TruthFile(path) if path else NoTruth()


@contextlib.contextmanager
def _loop() -> Iterator[tuple[Loop, Runtime, Callable[[str], None]]]:
    """What a server runs in: it ends by SIGINT and SIGTERM, and speaks on standard output."""
    from devicelink.runtime import ThreadRuntime
    from devicelink_simulation.loop import Loop
    from devicelink_simulation.serve import ended_by_signals, say_on_stdout

    runtime = ThreadRuntime()
    stop = runtime.latch()
    with ended_by_signals(stop), contextlib.closing(Loop(runtime, stop, say_on_stdout)) as loop:
        yield loop, runtime, say_on_stdout


def _wire(*, pty: bool, link: Path | None, tcp: str | None, rfc2217: str | None) -> ServedWire:
    from devicelink_simulation.wires import PtyWire, Rfc2217Wire, TcpWire

    if [pty, tcp is not None, rfc2217 is not None].count(True) != 1:
        raise ConfigError(
            "Say where to serve: --pty, or --tcp HOST:PORT, or --rfc2217 HOST:PORT, one of them."
        )
    if link is not None and not pty:
        raise ConfigError("--link goes with --pty only.")
    if tcp is not None:
        return TcpWire(tcp)
    return PtyWire(link) if rfc2217 is None else Rfc2217Wire(rfc2217)


def _as_json(chosen: Simulator) -> dict[str, object]:
    from devicelink_simulation.simulation import known_faults

    return {
        "name": chosen.name,
        "title": chosen.title,
        "settables": [each.as_json() for each in chosen.settables],
        "presets": chosen.presets,
        "setups": [
            {
                "name": name,
                "meaning": setup.meaning,
                "values": dict(setup.values),
                "faults": list(setup.faults),
            }
            for name, setup in chosen.setups.items()
        ],
        "faults": [kind.as_json() for kind in known_faults(chosen)],
        "fault_language": _fault_language(),
    }


def _as_text(chosen: Simulator) -> str:
    from devicelink_simulation.simulation import known_faults

    lines = [f"{chosen.name}: {chosen.title}", "", "Settable (--set KEY=VALUE):"]
    for each in chosen.settables:
        later = f" (later: {', '.join(each.later)})" if each.later else ""
        lines += [f"  {each.name}={each.default}", f"      {each.allowed()}{later}"]
        lines += [f"      {each.meaning}"]
    for key, presets in chosen.presets.items():
        for value, others in presets.items():
            told = " ".join(f"{name}={default}" for name, default in others.items())
            lines += ["", f"With {key}={value} the defaults are: {told}"]
    lines += ["", "Broken set-ups (--setup NAME):"]
    lines += [f"  {name:<23} {setup.meaning}" for name, setup in chosen.setups.items()]
    lines += ["", "Faults (--fault SPEC):"]
    for kind in known_faults(chosen):
        lines.append(f"  {kind.name:<23} {kind.meaning}")
        lines += [f"      {each.name}={each.default}  {each.meaning}" for each in kind.parameters]
    return "\n".join([*lines, "", _fault_language()])


def _fault_language() -> str:
    import inspect

    from devicelink_simulation import faults

    return inspect.getdoc(faults) or ""
