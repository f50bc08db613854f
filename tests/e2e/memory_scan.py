"""Looks for bytes in the memory of a process, as root may."""

import ctypes
import os

PTRACE_CONT, PTRACE_DETACH, PTRACE_SEIZE = 7, 17, 0x4206
PTRACE_O_TRACEEXIT, PTRACE_EVENT_EXIT = 0x40, 6


def readable_memory(pid):
    """(where, bytes) of every mapping that can be read, as /proc/PID/mem gives them to root."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            span, rights = line.split()[:2]
            if "r" not in rights or "[v" in line:  # vvar, vdso, vsyscall
                continue
            start, end = (int(part, 16) for part in span.split("-"))
            try:
                memory.seek(start)
                yield line.strip(), memory.read(end - start)
            except OSError:
                continue


def find(pid, needles):
    found = []
    for where, content in readable_memory(pid):
        for name, needle in needles.items():
            if (at := content.find(needle)) >= 0:
                found.append((name, where, content[max(0, at - 48) : at + 48]))
    return found


def find_at_exit(pid, needles, end):
    """What is found in a child that `end` ends, when it has done all that it does: its memory is as
    it was left, and is still there (ptrace(2), PTRACE_EVENT_EXIT)."""
    libc = ctypes.CDLL(None, use_errno=True)

    def ptrace(request, data=0):
        if libc.ptrace(request, pid, None, ctypes.c_void_p(data)) != 0:
            raise OSError(ctypes.get_errno(), "ptrace")

    ptrace(PTRACE_SEIZE, PTRACE_O_TRACEEXIT)
    end()
    while True:
        _, status = os.waitpid(pid, 0)
        assert os.WIFSTOPPED(status), "it ended without a stop"
        if status >> 16 == PTRACE_EVENT_EXIT:
            break
        ptrace(PTRACE_CONT, 0 if status >> 16 else os.WSTOPSIG(status))
    found = find(pid, needles)
    ptrace(PTRACE_DETACH)
    return found
