"""The unit that keeps the audit log: systemd reads it, and its commands do what the page says."""

import json
import re
import shlex
import shutil
import subprocess

import pytest

from configured import copy_of, model_with
from harness import ROOT, program
from test_audit_signed import audit, lines, verify
from test_clock import SteppedVault
from test_config import allowed_calls, calls_in

DAY = 86400
SYSTEMD = ROOT / "scripts/systemd"
UNIT = SYSTEMD / "coffer-audit-keep.service"
PRUNE = SYSTEMD / "coffer-audit-keep.service.d/prune.conf"


@pytest.fixture(scope="module")
def model():
    with model_with(("app", {"n": 1})) as directory:
        yield directory


@pytest.fixture
def vault(model):
    """With a log of several segments."""
    with copy_of(model) as made:
        made.settings["vault"]["audit_segment_bytes"] = 20000
        made.write()
        made.start()
        for n in range(60):
            made.put("a", {"n": n})
        yield made


def command_of(unit, vault):
    (line,) = [line for line in unit.read_text().splitlines() if line.startswith("ExecStart=")]
    words = shlex.split(line.removeprefix("ExecStart="))
    assert words[0] == "/usr/bin/coffer-audit"
    return [program("coffer-audit"), *(word.replace("/var/lib/coffer", str(vault.directory)) for word in words[1:])]


def run(*command, code=0):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == code, (command, done.stdout, done.stderr)
    return done.stdout


def test_the_units_are_read_by_systemd_without_a_complaint(directory):
    (directory / f"{UNIT.name}.d").mkdir()
    for source in (UNIT, UNIT.with_suffix(".timer"), PRUNE):
        target = directory / source.relative_to(SYSTEMD)
        target.write_text(source.read_text().replace("/usr/bin/coffer-audit", program("coffer-audit")))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(directory / UNIT.name),
                           str(directory / UNIT.with_suffix(".timer").name)],
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0 and "coffer" not in done.stderr, done.stderr


def test_the_unit_is_as_hardened_as_the_vaults():
    run("systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager", str(UNIT))


def test_its_commands_keep_the_log_beside_the_daemon(vault, directory):
    before, segments = lines(vault), sorted(vault.audit_directory.glob("*.jsonl"))
    assert len(segments) > 4
    trace = directory / "trace"
    run("strace", "-f", "-o", str(trace), *command_of(UNIT, vault))
    compressed = sorted(vault.audit_directory.glob("*.jsonl.zst"))
    assert len(compressed) >= len(segments) - 3
    assert calls_in(trace) - allowed_calls(UNIT) == set()
    prune = command_of(PRUNE, vault)
    assert "-keep-days=400" in prune
    run(*prune)
    assert sorted(vault.audit_directory.glob("*.jsonl.zst")) == compressed


def test_a_clock_that_is_ahead_removes_nothing_and_that_is_told(vault):
    vault.stop()
    run(*command_of(UNIT, vault))
    before = sorted(vault.audit_directory.iterdir())
    said = run("faketime", "-f", "+730d", *command_of(PRUNE, vault))
    assert re.search(r"^held +\d+ segments, old by this machine's clock and not by the log's own lines$", said, re.M)
    assert sorted(vault.audit_directory.iterdir()) == before


def test_what_is_old_by_the_logs_own_lines_is_removed(directory):
    """A day from request to request, of a daemon that knows no better."""
    vault = SteppedVault(directory / "vault").start()
    try:
        for day in range(120):
            vault.step(day * DAY)
            vault.put("a", {"n": day})
        before = lines(vault)
    finally:
        vault.stop()
    trace = directory / "trace"
    # Half a day on: no segment ends just 90 days before, when the seconds of this test would decide.
    late = ["faketime", "-f", "+2868h"]
    run(*late, *command_of(UNIT, vault))
    compressed = sorted(vault.audit_directory.glob("*.jsonl.zst"))
    prune = [word.replace("-keep-days=400", "-keep-days=90") for word in command_of(PRUNE, vault)]
    said = run("strace", "-f", "-o", str(trace), *late, *prune)
    assert "held" not in said
    left = [path for path in compressed if path.exists()]
    assert 0 < len(left) < len(compressed) and left == compressed[-len(left) :]
    assert calls_in(trace) - allowed_calls(UNIT) == set()
    # What is gone was younger than anything that may be pruned now, and that is told.
    assert "prune doesn't go so far" in json.dumps(verify(vault, code=3)["doubts"])
    seen = json.loads(run(*late, program("coffer-audit"), "verify", "-format=json",
                          f"-key={vault.directory}/signer.pem", str(vault.audit_directory)))  # fmt: skip
    assert seen["good"] and seen["first_sequence"] > 1 and seen["last_sequence"] >= before
    assert seen["signed_lines"] == seen["last_sequence"]


def test_a_log_that_is_bad_loses_nothing_and_the_unit_fails(vault):
    vault.stop()
    run(*command_of(UNIT, vault))
    all_files = sorted(vault.audit_directory.iterdir())
    newest = sorted(vault.audit_directory.glob("*.jsonl"))[-1]
    newest.write_bytes(newest.read_bytes().replace(b'"type":"stop"', b'"type":"stup"'))
    run("faketime", "-f", "+730d", *command_of(PRUNE, vault), code=2)
    assert sorted(vault.audit_directory.iterdir()) == all_files


def test_never_less_than_ninety_days(vault):
    vault.stop()
    less = [word.replace("=400", "=89") for word in command_of(PRUNE, vault)]
    done = subprocess.run(less, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "at least 90 days" in done.stderr
