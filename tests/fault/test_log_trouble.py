"""A full disk or a lost audit file: 503 within a second with the reason, and service again by
itself once it can be written."""

import subprocess
import time

import pytest


@pytest.fixture
def small_audit_disk(make_vault):
    """A vault whose audit log stands on a file system of 256 KiB (needs root, as CI has)."""
    vault = make_vault(start=False)
    vault.directory.chmod(0o700)
    vault.audit_directory.mkdir(mode=0o700)
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k,mode=0700", "tmpfs", vault.audit_directory],
        check=True,
    )
    yield vault.start()
    if vault.running:
        vault.stop()
    subprocess.run(["umount", vault.audit_directory], check=True)


def fill(directory):
    with open(directory / "ballast", "wb", buffering=0) as file:
        for size in (4096, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                pass


def eventually(check, seconds=5):
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_full_disk(small_audit_disk):
    vault = small_audit_disk
    vault.put("a", {"n": 1})
    fill(vault.audit_directory)

    def refused():
        return vault.client.get("secret/data/a").status == 503

    eventually(refused)  # the last page may still take a line
    started = time.monotonic()
    answer = vault.client.post("secret/data/a", {"data": {"n": 2}})
    assert time.monotonic() - started < 1
    assert answer.status == 503
    assert "audit log" in answer.errors[0]
    health = vault.client.get("sys/health")
    assert health.status == 503 and "audit log" in health.errors[0]
    (vault.audit_directory / "ballast").unlink()
    # The page that was begun may have taken the request's own line: then the answer says so.
    happened = "outcome unknown" in answer.errors[0]
    assert vault.read("a") == {"n": 2 if happened else 1}, answer.errors
    assert vault.put("a", {"n": 3})["version"] == (3 if happened else 2)
    assert vault.client.get("sys/health").status == 200
    vault.stop()
    code, text = vault.verify_audit()
    assert code == 0, text


@pytest.mark.parametrize("how", ["renamed", "unlinked", "truncated"])
def test_a_lost_file_is_noticed_within_a_second(vault, directory, how):
    vault.put("a", {"n": 1})
    segment = sorted(vault.audit_directory.glob("*.jsonl"))[-1]
    if how == "renamed":
        segment.rename(directory / "away")
    elif how == "unlinked":
        segment.unlink()
    else:
        with open(segment, "r+b") as file:
            file.truncate(100)
    time.sleep(1.2)
    answer = vault.client.get("secret/data/a")
    assert answer.status == 503
    assert vault.client.get("sys/health").status == 503
    if how == "renamed":
        (directory / "away").rename(segment)
        eventually(lambda: vault.client.get("secret/data/a").status == 200)
        vault.stop()
        code, text = vault.verify_audit()
        assert code == 0, text
    else:
        vault.kill()
