"""The files of the example driver as the authors' guide gives them, one code block for each.

A block belongs to the file whose name stands alone, in backticks and with a colon, above it.
`python -m tests.guide` writes the files that lie there into the guide. Tables under the name of a
part of the contract list its members.
"""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
GUIDE = ROOT / "docs" / "driver-authors.md"
EXAMPLE = ROOT / "docs" / "example-driver"
_BLOCK = re.compile(r"(?m)^`([^`\n]+)`:\n\n```(\w+)\n(.*?)^```$", re.DOTALL)

_TABLE = re.compile(r"(?m)^### (\w+)\n(.*?\n(?:\|[^\n]*\n)+)", re.DOTALL)
_MEMBER = re.compile(r"(?m)^\| `(\w+)`( \*\(optional\)\*)? \|")


def files_in(text: str) -> dict[str, str]:
    """The content of each file that a guide's text gives, by its name."""
    return {name: content for name, _, content in _BLOCK.findall(text)}


def members_in(text: str) -> dict[str, dict[str, bool]]:
    """What the guide's tables list of each part of the contract, and whether it may be left out."""
    return {
        part: {name: bool(optional) for name, optional in _MEMBER.findall(table)}
        for part, table in _TABLE.findall(text)
    }


def _renewed(text: str) -> str:
    def block(found: re.Match[str]) -> str:
        name, language, _ = found.groups()
        return f"`{name}`:\n\n```{language}\n{(EXAMPLE / name).read_text()}```"

    return _BLOCK.sub(block, text)


if __name__ == "__main__":
    GUIDE.write_text(_renewed(GUIDE.read_text()))
