"""The token signs the audit log: under traffic, when idle, at seal, rotation and stop; and what is said
while it is away."""

import base64
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import threading
import time

import pytest

from configured import copy_of, model_with
from harness import ROOT, program
from processes import wait_gone, worker_of


@pytest.fixture(scope="module")
def model():
    with model_with(("app", {"n": 1})) as directory:
        yield directory


@pytest.fixture
def configured(model):
    with copy_of(model) as vault:
        yield vault


def until(what, seconds=30):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        seen = what()
        if seen:
            return seen
        time.sleep(0.02)
    raise AssertionError("it never came")


def audit(*arguments):
    return subprocess.run(
        [program("coffer-audit"), *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False
    )  # fmt: skip


def verify(vault, *options, code=0):
    """With the vault's public key."""
    done = audit("verify", f"-key={vault.directory}/signer.pem", "-format=json", *options, vault.audit_directory)
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return json.loads(done.stdout)


def status(vault):
    return vault.request("GET", "sys/audit/status").data


def lines(vault):
    return len(vault.audit_lines())


@contextlib.contextmanager
def token_pulled(vault):
    """SoftHSM's objects are elsewhere, and the process that had them open is gone."""
    objects = vault.directory / "token/objects"
    away = vault.directory / "token/away"
    objects.rename(away)
    objects.mkdir()
    worker = worker_of(vault)
    os.kill(worker, signal.SIGKILL)
    wait_gone([worker])
    try:
        yield
    finally:
        objects.rmdir()
        away.rename(objects)


def test_every_line_is_signed_once_the_daemon_has_stopped(vault):
    for n in range(20):
        vault.put("a", {"n": n})
    vault.stop()
    seen = verify(vault)
    assert seen["good"] and seen["signed_lines"] == seen["last_sequence"] == lines(vault)
    assert [line["type"] for line in vault.audit_lines()[-2:]] == ["stop", "anchor"]


def test_every_line_is_signed_when_the_vault_is_sealed_and_none_after_that(vault):
    vault.put("a", {"n": 1})
    assert vault.coffer("operator", "seal").returncode == 0
    sealed_at = verify(vault)
    assert sealed_at["signed_lines"] == sealed_at["last_sequence"]
    vault.request("GET", "secret/data/a")
    later = verify(vault, code=3)
    assert later["signed_lines"] == sealed_at["signed_lines"] < later["last_sequence"]
    assert vault.coffer("operator", "unseal").returncode == 0
    until(lambda: audit("verify", f"-key={vault.directory}/signer.pem", vault.audit_directory).returncode == 0)


def test_traffic_is_signed_within_a_moment_and_the_state_is_told(vault):
    vault.put("a", {"n": 1})
    until(lambda: status(vault)["signed_lines"] >= 2)
    told = status(vault)
    assert told["key"].startswith("coffer-audit/") and told["unsigned_since"] is None and not told["refusing"]
    assert "audit_unsigned_since" not in vault.request("GET", "sys/health").json
    figures = vault.request("GET", "sys/metrics").body.decode()
    assert "coffer_audit_unsigned_since_timestamp_seconds 0" in figures
    signers = (vault.audit_directory / "signers").read_text()
    assert signers.startswith(told["key"] + " since=")


def test_a_new_signing_key_takes_over_and_the_old_is_told_as_retired(vault):
    vault.put("a", {"n": 1})
    until(lambda: status(vault)["signed_lines"] > 0)
    old = status(vault)["key"]
    vault.request("POST", "sys/rotate/keyring/sign", {})
    until(lambda: status(vault)["key"] != old)
    vault.stop()
    signers = vault.audit_directory / "signers"
    assert [line.split()[0] == old for line in signers.read_text().splitlines()] == [True, False]
    done = audit("verify", f"-key={signers}", "-format=json", vault.audit_directory)
    seen = json.loads(done.stdout)
    assert done.returncode == 0 and seen["signed_lines"] == seen["last_sequence"], done.stdout
    assert "foreign_checkpoints" not in seen


NOTE = re.compile(r"^coffer-audit/\S+\n(\d+)\n\S+\n\n— \S+ (\S+)\n\n?", re.M)


def signed_by(vault, vkey):
    """Where the checkpoints end that a key signed, of a log of one segment: how many lines each covers."""
    notes, = vault.audit_directory.glob("*.checkpoints")
    return {int(note[1]): note.end() for note in NOTE.finditer(notes.read_text())
            if base64.b64decode(note[2])[:4].hex() == vkey.split("+")[1]}  # fmt: skip


def test_the_key_that_goes_signs_all_lines_before_the_change(vault):
    signers = vault.audit_directory / "signers"
    until(lambda: signers.exists() and signers.read_text())
    for n in range(3):
        old = signers.read_text().splitlines()[-1].split()[0]
        vault.put("a", {"n": n})
        assert vault.request("POST", "sys/rotate/keyring/sign", {}).status == 200
        until(lambda old=old: old not in signers.read_text().splitlines()[-1])
        asked = max(line["seq"] for line in vault.audit_lines()
                    if line["type"] == "request" and line["request"]["path"] == "sys/rotate/keyring/sign")  # fmt: skip
        assert max(signed_by(vault, old)) >= asked
    assert vault.stop() == 0
    kept = shutil.copy2(signers, vault.directory / "kept")
    with_kept = ("verify", f"-key={kept}", vault.audit_directory)
    assert audit(*with_kept).returncode == 0

    # Cut behind what the old key signed last, with all that the new one signed.
    signed = signed_by(vault, old)
    segment, = vault.audit_directory.glob("*.jsonl")
    notes, = vault.audit_directory.glob("*.checkpoints")
    segment.write_text("".join(segment.read_text().splitlines(keepends=True)[: max(signed)]))
    notes.write_text(notes.read_text()[: signed[max(signed)]])
    found = audit(*with_kept)
    assert found.returncode == 2 and "a key signs since line" in found.stdout + found.stderr, found
    # And before: what the old key signed last shows it to whoever has that checkpoint.
    last = vault.directory / "last"
    last.write_text([note[0] for note in NOTE.finditer(notes.read_text())][-1])
    old_key = vault.directory / "old"
    old_key.write_text(f"{old}\n")
    segment.write_text("".join(segment.read_text().splitlines(keepends=True)[:-1]))
    notes.write_text("")
    found = audit("verify", f"-key={old_key}", f"-checkpoint={last}", vault.audit_directory)
    assert found.returncode == 2 and "cut off at the end" in found.stdout + found.stderr, found


def test_segments_rotate_and_each_ends_signed(configured):
    configured.settings["vault"]["audit_segment_bytes"] = 20000
    configured.write()
    configured.start()
    for n in range(40):
        configured.put("a", {"n": n})
    configured.stop()
    segments = sorted(configured.audit_directory.glob("*.jsonl"))
    assert len(segments) > 2
    for segment, following in zip(segments[1:], segments[2:]):
        notes = segment.with_suffix(".checkpoints").read_text().split("\n")
        sizes = [int(size) for origin, size in zip(notes, notes[1:]) if origin.startswith("coffer-audit/")]
        assert sizes[-1] == int(following.stem.removeprefix("audit-")) - 1
    verify(configured)


def test_an_idle_vault_writes_heartbeats_that_are_signed(configured):
    configured.settings["vault"]["audit_heartbeat_seconds"] = 1
    configured.write()
    configured.start()
    until(lambda: [line for line in configured.audit_lines() if line["type"] == "heartbeat"])
    configured.stop()
    verify(configured)


def test_a_killed_daemon_leaves_a_log_that_is_signed_again(vault):
    for _ in range(3):
        vault.put("a", {"n": 1})
        until(lambda: status(vault)["signed_lines"] > 0)
        vault.kill()
        assert audit("verify", f"-key={vault.directory}/signer.pem", vault.audit_directory).returncode in (0, 3)
        vault.start()
    vault.stop()
    verify(vault)


def test_while_the_token_is_away_the_log_goes_on_and_says_so(configured):
    configured.start()
    until(lambda: status(configured)["signed_lines"] > 0)
    with token_pulled(configured):
        since = until(lambda: status(configured)["unsigned_since"])
        assert status(configured)["reason"]
        health = configured.request("GET", "sys/health", token=None)
        assert health.status == 200 and health.json["audit_unsigned_since"] == since
        figures = configured.request("GET", "sys/metrics").body.decode()
        assert "coffer_audit_unsigned_since_timestamp_seconds 0" not in figures
        assert verify(configured, code=3)["good"]
    until(lambda: status(configured)["unsigned_since"] is None)
    configured.stop()
    assert verify(configured)["signed_lines"] == lines(configured)


def test_after_the_configured_time_nothing_is_served_until_the_token_is_back(configured):
    configured.settings["vault"]["audit_max_unsigned_seconds"] = 1
    configured.write()
    configured.start()
    until(lambda: status(configured)["signed_lines"] > 0)
    with token_pulled(configured):
        refused = until(lambda: (lambda a: a if a.status == 503 else None)(configured.request("GET", "sys/mounts")))
        assert refused.errors == ["the audit log could not be signed for too long: the token is away"]
        assert configured.request("GET", "sys/health", token=None).status == 503
    until(lambda: configured.request("GET", "sys/mounts").status == 200)
    assert configured.read("app") == {"n": 1}
    configured.stop()
    assert verify(configured)["signed_lines"] == lines(configured)


def test_what_was_done_to_a_signed_log_shows(vault):
    for n in range(5):
        vault.put("a", {"n": n})
    vault.stop()
    (segment,) = vault.audit_directory.glob("*.jsonl")
    whole = segment.read_bytes()
    all_lines = whole.splitlines(keepends=True)
    segment.write_bytes(b"".join(all_lines[:-1]))
    assert "cut off at the end" in verify(vault, code=2)["bad"]["what"]
    segment.write_bytes(whole[:-200] + whole[-200:].replace(b'"seq"', b'"sEq"'))
    assert verify(vault, code=2)["bad"]["line"] == len(all_lines)
    segment.write_bytes(whole)
    verify(vault)


def commands_of_the_page():
    lines = (ROOT / "docs/audit.md").read_text().splitlines()
    return [line.strip() for line in lines if line.startswith("    coffer-audit ")]


def test_the_commands_of_the_page_do_what_it_says(vault, directory):
    vault.put("app", {"n": 1})
    vault.read("app")
    assert vault.request("GET", "secret/data/app", token="hvs.wrong").status == 403
    until(lambda: status(vault)["signed_lines"] > 0)
    (notes,) = vault.audit_directory.glob("*.checkpoints")
    (directory / "old.checkpoint").write_bytes(notes.read_bytes())
    vault.put("app", {"n": 2})
    vault.stop()
    (directory / "signer.pem").write_bytes((vault.directory / "signer.pem").read_bytes())
    commands = commands_of_the_page()
    assert len(commands) == 12
    said = {}
    for command in commands:
        if " follow " in command:
            continue
        shown = command.replace("coffer-audit", program("coffer-audit"), 1)
        shown = " ".join(str(vault.audit_directory) if word == "DIR" else word for word in shown.split(" "))
        done = subprocess.run(["sh", "-c", shown], cwd=directory, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        said[command] = done.stdout
    reads, denied, events, report = (said[command] for command in commands[5:9])
    assert "secret/data/app" in reads and " read " in reads
    assert json.loads(denied)["outcome"] == "denied"
    assert "  start  format 1, " in events and "  stop  told to stop\n" in events
    assert "by caller" in report and "root" in report


def test_compressed_segments_are_served_on_and_verified(configured):
    configured.settings["vault"]["audit_segment_bytes"] = 20000
    configured.write()
    configured.start()
    for n in range(40):
        configured.put("a", {"n": n})
    before = lines(configured)
    done = audit("compress", configured.audit_directory)
    assert done.returncode == 0, done.stderr
    assert list(configured.audit_directory.glob("*.jsonl.zst"))
    configured.put("a", {"n": 41})
    configured.restart()
    configured.put("a", {"n": 42})
    configured.stop()
    seen = verify(configured)
    assert seen["good"] and seen["lines"] > before and seen["signed_lines"] == seen["last_sequence"]


def test_follow_prints_what_comes(vault):
    with subprocess.Popen([program("coffer-audit"), "follow", "-path=secret/*", "-format=json",
                           str(vault.audit_directory)], stdout=subprocess.PIPE, text=True) as follower:  # fmt: skip
        try:
            # Until it looks: what came before isn't told.
            seen = []
            reader = threading.Thread(target=lambda: seen.append(follower.stdout.readline()))
            reader.start()
            until(lambda: vault.put("app", {"n": 1}) and seen)
            assert json.loads(seen[0])["path"] == "secret/data/app"
        finally:
            follower.kill()


def witnessed(vault, name):
    (one,) = [one for one in status(vault)["witnesses"] if one["name"] == name]
    return one


def test_what_cannot_be_printed_is_no_success(vault):
    vault.put("a", {"v": 1})
    with open("/dev/full", "w") as full:
        for command in ("search", "report"):
            done = subprocess.run([program("coffer-audit"), command, str(vault.audit_directory)], stdout=full,
                                  stderr=subprocess.PIPE, text=True, timeout=60, check=False)  # fmt: skip
            assert (done.returncode, done.stderr) == (1, "coffer-audit: cannot write to standard output\n"), command


def test_a_key_that_is_no_file_is_complained_of(vault):
    for odd in (vault.directory, "/dev/zero"):
        done = audit("verify", f"-key={odd}", vault.audit_directory)
        assert done.returncode == 1 and f"not a regular file: {odd}" in done.stderr, done.stderr
