"""Simulated devices behind real ptys, for tests of recordings."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest


@pytest.fixture
def serve(tmp_path):
    """Starts `sim serve NAME --pty …`, returns its link; none outlives its test."""
    running = []

    def start(name, *options):
        link = tmp_path / f"port{len(running)}"
        words = ["sim", "serve", name, "--pty", "--link", link, *options]
        process = subprocess.Popen(
            [sys.executable, "-m", "devicelink", *map(str, words)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
        running.append(process)
        assert json.loads(process.stdout.readline())["simulator"] == name
        return link

    yield start
    for process in running:
        process.send_signal(signal.SIGTERM)
        process.wait(10)
        process.stdout.close()


@pytest.fixture
def tell():
    """Runs a command to its end: exit code, its JSON, diagnostics."""

    def run(*words):
        done = subprocess.run(
            [sys.executable, "-m", "devicelink", *map(str, words), "--json"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, json.loads(done.stdout or "null"), done.stderr

    return run
