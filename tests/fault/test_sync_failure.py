"""A sync that fails ends the daemon with its own exit code and is never tried again."""

import http.client
import re
import subprocess
import time

import pytest

EXIT_SYNC_FAILED = 74


def trace_prefix(trace, path_filter):
    return ["strace", "-f", "-y", "-o", str(trace), "-e", "trace=fdatasync,fsync", "-P", path_filter,
            "-e", "inject=fdatasync,fsync:error=EIO"]  # fmt: skip


@pytest.mark.parametrize("which", ["audit", "store"])
def test_it_ends_with_74_and_does_not_retry(make_vault, directory, which):
    vault = make_vault()
    vault.put("before", {"n": 1})
    assert vault.stop() == 0
    trace = directory / "trace"
    if which == "audit":
        target = sorted(vault.audit_directory.glob("*.jsonl"))[-1]
    else:
        target = vault.directory / "store.db-wal"
    # Attached to a daemon that started well.
    vault.start()
    attach = trace_prefix(trace, str(target))
    tracer = subprocess.Popen([*attach, "-p", str(vault.pid)], stderr=subprocess.PIPE, text=True)
    tracer.stderr.readline()  # "attached"
    time.sleep(0.2)
    with pytest.raises((OSError, http.client.HTTPException)):
        vault.client.post("secret/data/after", {"data": {"n": 2}})
    assert vault.wait_end() == EXIT_SYNC_FAILED
    tracer.wait(10)
    failed = re.findall(r"f(?:data)?sync\(.*EIO", trace.read_text())
    assert len(failed) == 1, failed
    vault._forget_client()
    vault.start()
    assert vault.read("before") == {"n": 1}
    assert vault.read("after") in (None, {"n": 2})
    vault.stop()
    code, text = vault.verify_audit()
    assert code == 0, text
