"""An audit log in place of the vault's, of which nothing is there but a first line that tells of lines that
never were; and one whose first segments were rightly archived."""

import hashlib
import json
import shutil

import pytest

from configured import copy_of, model_with
from test_anchor import accept, start, stop
from test_audit_signed import audit
from test_rollback import refusal

UNFOUNDED = "the audit log begins behind the first"


@pytest.fixture(scope="module")
def model():
    with model_with(("a", {"v": "old"})) as directory:
        yield directory


@pytest.fixture
def vault(model, directory):
    """Its checkpoints are kept elsewhere, too."""
    kept = directory / "witness"
    kept.touch(mode=0o600)
    with copy_of(model) as made:
        made.settings["vault"]["audit_witness_file"] = str(kept)
        made.settings["vault"]["audit_segment_bytes"] = 20000
        made.write()
        start(made)
        for n in range(40):
            made.put("a", {"v": str(n)})
        stop(made)
        made.kept = kept
        yield made


def copy_tree(source, target):
    shutil.rmtree(target, ignore_errors=True)
    return shutil.copytree(source, target)


def digest(data):
    return hashlib.sha256(data).digest()


def tree_over(leaves):
    """The roots of the perfect subtrees, the largest first."""
    roots = []
    for leaf in leaves:
        roots.append((1, digest(b"\0" + leaf)))
        while len(roots) > 1 and roots[-1][0] == roots[-2][0]:
            (size, right), (_, left) = roots.pop(), roots.pop()
            roots.append((2 * size, digest(b"\1" + left + right)))
    return [root.hex() for _, root in roots]


def segments(vault):
    return sorted(vault.audit_directory.glob("audit-*.jsonl"))


def invent(vault, time=None):
    """In place of all of the log. Takes no key."""
    last = json.loads(segments(vault)[-1].read_bytes().splitlines()[-1])
    first = last["seq"] + 6
    line = {"time": time or last["time"], "type": "segment", "tree": tree_over([b"never was"] * (first - 1)),
            "node": last["node"], "seq": first, "open": 0, "prev": digest(b"nor this").hex()}  # fmt: skip
    for path in vault.audit_directory.iterdir():
        if path.name != "signers":
            path.unlink()
    path = vault.audit_directory / f"audit-{first:020}.jsonl"
    path.write_text(json.dumps(line, separators=(",", ":")) + "\n")
    path.chmod(0o600)
    return first


def test_an_invented_log_is_refused_and_accepted_on_record(vault):
    invent(vault)
    for _ in range(2):
        said = refusal(vault)
        assert UNFOUNDED in said and "put the segments back" in said and "accept-restore" in said
    assert UNFOUNDED in accept(vault)
    start(vault)
    assert vault.read("a") == {"v": "39"}
    assert [line for line in vault.audit_lines() if line["type"] == "restore_accepted"]
    vault.restart()


def test_no_record_of_prune_makes_an_invented_log_good(vault):
    first = invent(vault, "2020-01-01T00:00:00Z")
    pruned = vault.audit_directory / "pruned"
    pruned.write_text(f"coffer-pruned/1\n{first - 1} at=2020-06-01T00:00:00Z\n")
    assert UNFOUNDED in refusal(vault)
    accept(vault)
    start(vault)
    stop(vault)
    # What the operator took on is signed from here; what was kept elsewhere tells.
    key = f"-key={vault.directory}/signer.pem"
    assert audit("verify", key, vault.audit_directory).returncode == 0
    told = audit("verify", key, f"-checkpoint={vault.kept}", vault.audit_directory)
    assert told.returncode == 3, told.stdout
    assert "can't be held against what is here" in told.stdout


def archive(vault, count):
    for path in segments(vault)[:count]:
        path.unlink()
        path.with_suffix(".checkpoints").unlink()


def test_what_is_left_of_an_archived_log_is_served(vault):
    assert len(segments(vault)) > 3
    archive(vault, len(segments(vault)) - 1)
    start(vault)
    assert vault.read("a") == {"v": "39"}


def test_an_anchor_from_before_what_was_archived_is_no_hindrance(vault):
    """As of a second token that was away for long."""
    token = vault.directory / "token"
    old = copy_tree(token, vault.directory / "token.old")
    start(vault)
    for n in range(40):
        vault.put("a", {"v": str(n)})
    stop(vault)
    archive(vault, len(segments(vault)) - 1)
    copy_tree(old, token)
    for checkpoints in vault.audit_directory.glob("*.checkpoints"):
        kept = checkpoints.read_bytes()
        checkpoints.unlink()
    assert UNFOUNDED in refusal(vault)
    checkpoints.write_bytes(kept)
    checkpoints.chmod(0o600)
    start(vault)
    vault.put("a", {"v": "on"})
