"""scripts/install-packages asks for what is missing, with a dpkg-query and an apt-get of the test's own."""

import os
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
FAKES = {
    # Only `there` is installed.
    "dpkg-query": 'for last; do :; done; [ "$last" = there ] && echo installed',
    "apt-get": 'echo "$@" >>"$ASKED"',
    "sudo": 'exec "$@"',
    "present-command": "exit 1",
}


@pytest.fixture
def asked(tmp_path):
    """Runs it over a list of these lines; gives what apt-get was asked to install."""
    scripts, fakes, log = tmp_path / "scripts", tmp_path / "bin", tmp_path / "asked"
    scripts.mkdir()
    fakes.mkdir()
    shutil.copy(ROOT / "scripts/install-packages", scripts)
    for name, text in FAKES.items():
        (fakes / name).write_text(f"#!/bin/sh\n{text}\n")
        (fakes / name).chmod(0o755)

    def run(*lines):
        (scripts / "packages-test.txt").write_text("".join(line + "\n" for line in lines))
        environment = {**os.environ, "PATH": f"{fakes}:{os.environ['PATH']}", "ASKED": str(log)}
        subprocess.run([scripts / "install-packages", "test"], env=environment, check=True, timeout=30)
        if not log.exists():
            return None
        return log.read_text().splitlines()[-1].split("install ")[1].split()

    return run


def test_asks_for_nothing_when_all_is_there(asked):
    assert asked("# a list", "there", "") is None


def test_asks_for_what_is_missing(asked):
    assert asked("there", "away", "gone") == ["away", "gone"]


def test_a_command_that_is_there_stands_for_its_package(asked):
    assert asked("away", "other unless present-command") == ["away"]


def test_a_command_that_is_missing_needs_its_package(asked):
    assert asked("other unless no-such-command") == ["other"]
