"""strace shows: no answer leaves while a store or audit file is dirty, and no store commit happens
before its request line is on disk."""

import re
import shutil

CALL = re.compile(r"^(?P<pid>\d+) +(?P<name>\w+)\((?P<rest>.*)$")
RESUMED = re.compile(r"^(?P<pid>\d+) +<\.\.\. (?P<name>\w+) resumed>")
FILE = re.compile(r"^\d+<(?P<file>[^>]*)>")
TRACED = "write,pwrite64,writev,pwritev,pwritev2,fdatasync,fsync,sendmsg,sendto,ftruncate"


def kind_of(file):
    if "/audit/" in file:
        return "audit"
    if file.endswith(("store.db", "store.db-wal")):
        return "store"
    if "UNIX" in file or "socket:" in file:
        return "socket"
    return "other"


def events(trace):
    """(what, kind of file) in the order in which the kernel finished them; writes count when they
    begin."""
    pending = {}
    for line in trace.splitlines():
        if resumed := RESUMED.match(line):
            started = pending.pop(resumed["pid"], None)
            if started and started[0] == "sync":
                yield started
            continue
        call = CALL.match(line)
        if not call:
            continue
        file = FILE.match(call["rest"])
        kind = kind_of(file["file"]) if file else "other"
        if call["name"] in ("fdatasync", "fsync"):
            event = ("sync", kind)
            if line.endswith("<unfinished ...>"):
                pending[call["pid"]] = event
            else:
                yield event
        elif kind == "socket":
            yield ("answer", "HTTP/1.1" in call["rest"])
        else:
            yield ("write", kind)


def test_nothing_is_answered_or_committed_too_early(make_vault, directory):
    trace = directory / "trace"
    assert shutil.which("strace")
    # -D: the tracer is a grandchild, so that our child is the daemon itself.
    strace = ["strace", "-D", "-f", "-y", "-s", "32", "-e", f"trace={TRACED}", "-o", str(trace)]
    vault = make_vault(command_prefix=strace)
    for n in range(20):
        vault.put(f"order/{n % 3}", {"n": n})
        vault.read(f"order/{n % 3}")
    vault.client.delete("secret/data/order/0")
    vault.stop()
    dirty = set()
    answers = commits = 0
    for what, kind in events(trace.read_text(errors="replace")):
        if what == "write" and kind in ("audit", "store"):
            if kind == "store":
                commits += 1
                assert "audit" not in dirty, "the store was written before its request line was synced"
            dirty.add(kind)
        elif what == "sync":
            dirty.discard(kind)
        elif what == "answer" and kind:
            answers += 1
            assert not dirty, f"an answer left while {dirty} was not on disk"
    assert answers >= 41 and commits >= 20, "the trace shows too little"
