"""A log that was cut while the daemon was down: by its checkpoints, by the store, with the token put back
as well."""

import re
import shutil
import time

from test_anchor import accept, model, start, stop, vault  # noqa: F401  (fixtures)
from test_rollback import put_back, refusal


def fill(vault, puts):
    for n in range(puts):
        vault.put("filled", {"n": n})


def cut(vault, lines):
    """Off the end, at a line's end; checkpoints stay."""
    segment = sorted((vault.directory / "audit").glob("audit-*.jsonl"))[-1]
    segment.write_bytes(b"".join(segment.read_bytes().splitlines(keepends=True)[:-lines]))


def kill_when_signed(vault):
    """The token's anchor knows less than the last checkpoint then."""
    lines = len(vault.audit_lines())
    notes = sorted((vault.directory / "audit").glob("*.checkpoints"))[-1]
    deadline = time.monotonic() + 20
    while int(re.findall(r"^(\d+)$", notes.read_text(), re.MULTILINE)[-1]) < lines:
        assert time.monotonic() < deadline, vault.log
        time.sleep(0.02)
    vault.kill()


def told(vault):
    return vault.events("log_put_back")


def test_a_log_cut_behind_its_checkpoints_is_refused(vault):  # noqa: F811
    start(vault)
    fill(vault, 10)
    kill_when_signed(vault)
    cut(vault, 5)
    said = refusal(vault)
    assert "a checkpoint beside the audit log covers" in said and "lines were cut off" in said, said
    assert "accept-restore" in said
    assert "a checkpoint beside the audit log covers" in accept(vault)
    for _ in range(2):
        vault.start()
        stop(vault)


def test_where_a_power_cut_may_do_it_a_cut_log_is_told(vault):  # noqa: F811
    vault.settings["vault"]["audit_durability"] = "crash"
    vault.write()
    vault.start()
    fill(vault, 10)
    kill_when_signed(vault)
    cut(vault, 5)
    vault.start()
    said, = told(vault)
    assert "lines were cut off" in said and said in vault.log
    vault.restart()
    assert len(told(vault)) == 1


def test_log_and_token_put_back_beside_the_present_store_are_told(vault, tmp_path):  # noqa: F811
    start(vault)
    stop(vault)
    for name in ("token", "audit"):
        shutil.copytree(vault.directory / name, tmp_path / name)
    start(vault)
    fill(vault, 80)
    stop(vault)
    put_back(vault, tmp_path, "token", "audit")
    start(vault)
    said, = told(vault)
    assert "its end is missing" in said and said in vault.log
    vault.restart()
    assert len(told(vault)) == 1
    assert vault.verify_audit()[0] == 0


def test_no_kill_makes_it_tell(vault):  # noqa: F811
    for _ in range(4):
        vault.start()
        fill(vault, 30)
        vault.kill()
    vault.start()
    assert told(vault) == []
