"""Servers that a benchmark starts and stops, and what the kernel says of them.

All sockets and files are named relative to the work directory, which is every program's own: a
Unix socket's whole name may have 107 bytes at most.
"""

import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import time


class Failed(Exception):
    """A program didn't do what the benchmark needs; the text is for people."""


def last_line(path):
    """What a program said last, for an error message."""
    lines = path.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def run_json(command, work):
    """Runs a measuring program; gives the JSON object that it prints.

    One that failed and still printed (loadgen, when answers were refused) gives the reason too, as
    `complaint`.
    """
    done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
    said = done.stderr.strip() or f"exit {done.returncode}"
    if done.returncode != 0 and not done.stdout.startswith("{"):
        raise Failed(f"{pathlib.Path(command[0]).name}: {said}")
    found = json.loads(done.stdout)
    if done.returncode != 0:
        found["complaint"] = said
    return found


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path, timeout=10):
        super().__init__("localhost", timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Server:
    """One server process; `socket` is relative to `work`."""

    def __init__(self, command, work, socket_name, name):
        self.work = pathlib.Path(work)
        self.socket = socket_name
        self.name = name
        self.said = self.work / f"{name.replace(' ', '-')}.log"
        # What is left of the last start would look like an answer of this one.
        (self.work / socket_name).unlink(missing_ok=True)
        self.started = time.monotonic()
        with open(self.said, "ab") as said:
            self.process = subprocess.Popen(  # pylint: disable=consider-using-with
                command, cwd=work, stdin=subprocess.DEVNULL, stdout=said, stderr=said)

    def await_ready(self, answers, seconds=20):
        """Milliseconds from the start until answers() is true, tried every half millisecond."""
        while time.monotonic() < self.started + seconds:
            if answers():
                return (time.monotonic() - self.started) * 1000
            if self.process.poll() is not None:
                raise Failed(f"{self.name} ended with {self.process.returncode}: "
                             f"{last_line(self.said)}")
            time.sleep(0.0005)
        raise Failed(f"{self.name} wasn't ready within {seconds} s: {last_line(self.said)}")

    def accepts(self):
        """Does anything accept connections on the socket?"""
        probe = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            probe.connect(os.path.relpath(self.work / self.socket))
            return True
        except OSError:
            return False
        finally:
            probe.close()

    def stop(self):
        """Asks it to stop; an error if it doesn't, or says that it failed."""
        if self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(20)
        except subprocess.TimeoutExpired as late:
            self.process.kill()
            self.process.wait()
            raise Failed(f"{self.name} didn't stop within 20 s") from late
        if code not in (0, -signal.SIGTERM):
            raise Failed(f"{self.name} stopped with {code}: {last_line(self.said)}")

    def pids(self):
        """The process and all below it (a token worker, say)."""
        found = [self.process.pid]
        for pid in found:
            for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
                found += [int(child) for child in task.read_text().split()]
        return found

    def memory(self, field="Pss", file="smaps_rollup"):
        """MiB of a field of a file in proc_pid(5), over all its processes. Pss counts what its
        processes share, the libraries' code, once."""
        total = 0
        for pid in self.pids():
            for line in pathlib.Path(f"/proc/{pid}/{file}").read_text().splitlines():
                if line.startswith(field + ":"):
                    total += int(line.split()[1])
        return total / 1024

    def peak_memory(self):
        return self.memory("VmHWM", "status")


class Vault(Server):
    """`cofferd dev` on a directory of its own."""

    def __init__(self, program, work, directory, options):
        self.directory = directory
        super().__init__([program, "dev", "--dir", directory, *options], work,
                         f"{directory}/coffer.sock", f"cofferd {directory}")
        self.ready_ms = self.await_ready(self.healthy)

    def request(self, method, path, body=None, token=None):
        """(status, parsed JSON or None) of one request."""
        connection = UnixConnection(os.path.relpath(self.work / self.socket))
        try:
            headers = {"X-Vault-Token": token} if token else {}
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text else None
        finally:
            connection.close()

    def healthy(self):
        """Does sys/health answer 200?"""
        try:
            return self.request("GET", "/v1/sys/health")[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def token(self):
        """The development root token."""
        return (self.work / self.directory / "root-token").read_text().strip()
