"""`python -m bench [ROW …]`: measure, print the table, keep it as JSON, renew the page.

`python -m bench --page` renews the page from the JSON alone.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from pathlib import Path

from bench import exchange, fleet, journal, session, simulated, startup
from devicelink.journal.sqlite import sqlite_module

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
PAGE = HERE.parent / "docs" / "performance.md"
BEGIN, END = "<!-- results: made by `make bench` -->", "<!-- end of results -->"
GROUPS = {
    "exchange": exchange.rows,
    "append": journal.append_rows,
    "verify": journal.verify_rows,
    "session": session.rows,
    "simulated": simulated.rows,
    "fleet": fleet.rows,
    "help": startup.rows,
}
UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))


def main(words: list[str]) -> None:
    """Measure the named rows, or all."""
    if words != ["--page"]:
        unknown = [word for word in words if word not in GROUPS]
        if unknown:
            sys.exit(f"There is no row {unknown[0]!r}. There are: {', '.join(GROUPS)}.")
        measure(words or list(GROUPS))
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    renew_page(table(results))


def measure(names: list[str]) -> None:
    """Rows that are not measured now stay as they were."""
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {"rows": {}}
    for name in names:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        results["rows"][name] = [row.as_json() for row in GROUPS[name]()]
        print("\n".join(table({"rows": {name: results["rows"][name]}})[2:]), flush=True)
    results["machine"] = machine()
    results["rows"] = {name: results["rows"][name] for name in GROUPS if name in results["rows"]}
    RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print("\n" + "\n".join(table(results)))


def machine() -> dict[str, object]:
    """What the figures depend on; no names, no paths."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": models[0] if models else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "sqlite": sqlite_module().sqlite_version,
        "busy": round(os.getloadavg()[0], 1),
    }


def table(results: dict) -> list[str]:
    """As Markdown, which a person can read on a terminal, too."""
    lines = [
        "| what | ours | beside | floor | ratio | target | |",
        "|---|---:|---|---:|---:|---:|---|",
    ]
    lines += [_line(row) for rows in results["rows"].values() for row in rows]
    if "machine" in results:
        facts = ", ".join(f"{key} {value}" for key, value in results["machine"].items())
        lines += ["", f"Measured on: {facts} (load when it ended)."]
    return lines


def _line(row: dict) -> str:
    met = {True: "met", False: "**missed**", None: ""}[row["holds"]]
    if "told" in row:
        return f"| {row['name']} | {row['told']} | | | | {row['target']} | {met} |"
    sign = "≥" if row["more_is_better"] else "≤"
    return (
        f"| {row['name']} | {amount(row['ours_s'])} | {row['floor']} | {amount(row['floor_s'])} | "
        f"{row['ratio']:,.2f} × | {sign} {row['target']:,g} × | {met} |"
    )


def amount(seconds: float) -> str:
    """Three digits and a unit."""
    size, unit = next((each for each in UNITS if seconds >= each[0]), UNITS[-1])
    return f"{seconds / size:.3g} {unit}" if seconds < 100 else f"{seconds:,.0f} s"


def renew_page(lines: list[str]) -> None:
    """Put the table between its marks."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(
        f"{before}{BEGIN}\n\n" + "\n".join(lines) + f"\n\n{END}{after}", encoding="utf-8"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
