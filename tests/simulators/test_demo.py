"""`make demo`: the story that everybody sees first, told by the program itself."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest


@pytest.mark.timeout(300)
def test_the_demo_tells_its_whole_story(tmp_path):
    """Two consoles first, then engines; numbers side by side, a strange pulse, and the proof."""
    done = subprocess.run(
        [sys.executable, "-m", "devicelink", "demo", "--json", "--data", str(tmp_path / "station")],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["station"] == str(tmp_path / "station")
    assert told["dark_after_interlock_ms"] >= 0
    assert told["dark_after_kill_ms"] >= 0
    treated = re.findall(r"Ines treats with (\S+)", done.stderr)
    assert treated == ["SIM-OL-2101", "SIM-OL-2201", "SIM-4711", "SIM-0917"]
    assert len(re.findall(r"requested +effective +measured", done.stderr)) == 2
    assert len(re.findall(r"[1-9]\d* recorded, 0 unexplained", done.stderr)) == 2
    assert "made 1 pulse since the last session here that nobody recorded" in done.stderr
    for word in ("REFUSED", "VERIFIED", "BROKEN"):
        assert f"     {word}" in done.stderr
