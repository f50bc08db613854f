#!/usr/bin/env python3
"""Measures the vault beside the bare limits of the same machine, in one run, and writes a report.

    run.py --build DIR --out FILE [--quick] [--large SECRETS]
                                               (scripts/bench builds, then calls this)
    run.py --build DIR --only PART             prints that part's section alone

Exit 1 if anything could not be measured, or any answer was refused or lost; an aim that is missed
is no error. Audit logs of up to 4 GB are written below DIR and removed at the end.
"""

import argparse
import functools
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import database
import flood
import large
import leaks
import leases
import report
import rotation
import scenarios
import signing
import watch
from programs import Failed, Server, Vault, run_json

CONNECTIONS = (1, 16, 64)
DURABILITIES = ("power", "crash")
KEYS = 256  # fewer than the data keys that are cached
MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
           "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so")


def http_request(method, path, token="none", body=""):
    """A raw request as a Vault client sends it."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"X-Vault-Token: {token}",
             "X-Vault-Request: true", "Accept: application/json", "User-Agent: loadgen"]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines) + "\r\n\r\n" + body


def busy_share(seconds=1.0):
    """Which part of the machine's CPU time goes to someone else, before anything is started."""
    def jiffies():
        fields = [int(n) for n in pathlib.Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
        return sum(fields), fields[3] + fields[4]  # all; idle and waiting for the disk
    total, idle = jiffies()
    time.sleep(seconds)
    total_after, idle_after = jiffies()
    return 1 - (idle_after - idle) / max(1, total_after - total)


class Subject:
    """Something that a load is put on: a server and a request."""

    def __init__(self, name, server, arguments, connections=CONNECTIONS):
        self.name = name
        self.connections = connections
        self.server = server
        self.arguments = arguments  # a list, or a function that gives one for each run


class Bench:
    """One whole run: everything that it starts it also stops, and removes."""

    def __init__(self, options, work):
        self.binaries = pathlib.Path(options.build).resolve() / "bin"
        self.work = work
        self.runs = 1 if options.quick else 3
        self.seconds = 1.0 if options.quick else 2.0
        self.servers = []
        self.large = options.large
        self.results = {"loads": {}, "limits": {}, "vault": {}, "layers": [], "large": None, "flood": None, "rotation": None, "database": None, "signing": None,
                        "leaks": None, "leases": None, "watch": None,
                        "missing": [], "errors": []}
        self.first_new_key = 0

    http = staticmethod(http_request)

    def tool(self, name):
        """The path of one of our measuring programs."""
        return str(self.binaries / "bench" / name)

    # What the machine can do by itself.

    def limit_token(self, threads):
        module = next((m for m in MODULES if pathlib.Path(m).exists()), None)
        if module is None:
            raise Failed("SoftHSM isn't installed (softhsm2)")
        directory = pathlib.Path(tempfile.mkdtemp(dir=self.work)).resolve()
        found = run_json([self.tool("limit_token"), module, str(directory), str(self.seconds),
                          str(threads)], self.work)
        shutil.rmtree(directory)
        return found["unwraps_per_second"]

    def limit_worker(self):
        """The same calls in process and through a worker, in turns, at 16 callers."""
        return run_json([self.tool("token_worker"), str(self.seconds), "16"], self.work)

    def limit_fsync(self):
        return run_json([self.tool("limit_disk"), "fsync", ".", str(self.seconds)],
                        self.work)["fdatasyncs_per_second"]

    def limit_sqlite(self, rows):
        return run_json([self.tool("limit_disk"), "sqlite", ".", str(self.seconds), str(rows)],
                        self.work)["rows_per_second"]

    def limits(self):
        """One round of all of them."""
        measured = {"token 1": self.limit_token(1), "token 2": self.limit_token(2),
                    "fdatasync": self.limit_fsync()}
        worker = self.limit_worker()
        measured["token bare 16"] = worker["bare_per_second"]
        measured["token worker 16"] = worker["worker_per_second"]
        for rows in CONNECTIONS:
            measured[f"sqlite {rows}"] = self.limit_sqlite(rows)
        for name, value in measured.items():
            self.results["limits"].setdefault(name, []).append(value)

    # Servers to compare with, and the vaults.

    def keep(self, server):
        self.servers.append(server)
        return server

    def request_file(self, name, text):
        """The request has a token in it: readable by us alone."""
        path = self.work / name
        path.touch(mode=0o600)
        path.write_bytes(text.encode())
        return name

    def echo(self):
        server = self.keep(Server([self.tool("coffer-echo"), "echo.sock"], self.work, "echo.sock",
                                  "echo"))
        server.await_ready(server.accepts)
        request = self.request_file("echo.request", http_request("GET", "/v1/secret/data/app"))
        return Subject("echo", server, ["--request-file", request])

    def redis(self):
        program = shutil.which("redis-server")
        if program is None:
            raise Failed("redis-server isn't installed (redis-server, redis-tools)")
        command = [program, "--port", "0", "--unixsocket", "redis.sock", "--save", "",
                   "--appendonly", "no", "--dir", "."]
        server = self.keep(Server(command, self.work, "redis.sock", "redis"))
        server.await_ready(server.accepts)
        value = "x" * 300
        subprocess.run(["redis-cli", "-s", "redis.sock", "set", "key", value], cwd=self.work,
                       check=True, capture_output=True)
        return Subject("redis", server, ["--resp", "GET key"])

    def vault(self, directory, durability, cached):
        options = ["--audit-durability", durability] if durability != "power" else []
        options += [] if cached else ["--cache-age", "0"]
        start = functools.partial(Vault, str(self.binaries / "cofferd"), self.work, directory,
                                  options)
        facts = {"first_ms": [], "restart_ms": [], "idle_mib": []}
        server = start()
        facts["first_ms"].append(server.ready_ms)
        for number in range(KEYS):
            self.put(server, f"bench-{number:03}")
        for _ in range(self.runs):
            server.stop()
            server = start()
            facts["restart_ms"].append(server.ready_ms)
            facts["idle_mib"].append(server.memory())
        self.results["vault"][directory] = facts
        return self.keep(server)

    @staticmethod
    def put(server, name):
        status, _ = server.request("POST", f"/v1/secret/data/{name}", scenarios.BODY,
                                   server.token())
        if status != 200:
            raise Failed(f"{server.name}: a first write gave {status}")

    def new_keys(self, request):
        """Names that were never written before, in each run."""
        self.first_new_key += 10_000_000
        return ["--request-file", request, "--modulo", "1000000000", "--first",
                str(self.first_new_key)]

    def vault_subjects(self, durability):
        cached = self.vault(f"{durability}", durability, True)
        uncached = self.vault(f"{durability}-uncached", durability, False)
        files = {}
        for server in (cached, uncached):
            token = server.token()
            for kind, method, path, body in (
                    ("read", "GET", "bench-{n}", ""), ("write", "POST", "bench-{n}", scenarios.BODY),
                    ("new", "POST", "new/{n}", scenarios.BODY)):
                text = http_request(method, f"/v1/secret/data/{path}", token, body)
                files[server, kind] = self.request_file(f"{server.directory}-{kind}.request", text)
        modulo = ["--modulo", str(KEYS)]
        new_file = files[cached, "new"]
        return [
            Subject(f"read cached {durability}", cached,
                    ["--request-file", files[cached, "read"], *modulo]),
            Subject(f"read uncached {durability}", uncached,
                    ["--request-file", files[uncached, "read"], *modulo]),
            Subject(f"write {durability}", cached,
                    ["--request-file", files[cached, "write"], *modulo]),
            Subject(f"new {durability}", cached, lambda: self.new_keys(new_file)),
        ]

    def more_subjects(self, server):
        """Denials, listings, tokens and policies, at 16 connections."""
        found = []

        def add(name, subject_server, text, arguments):
            file = self.request_file(f"more-{len(found)}.request", text)
            found.append(Subject(name, subject_server, ["--request-file", file, *arguments], (16,)))

        self.results["missing"] = scenarios.Scenarios(server, add, http_request).all()
        return found

    # Loads.

    def load(self, subject, connections):
        arguments = subject.arguments() if callable(subject.arguments) else subject.arguments
        command = [self.tool("loadgen"), "--unix", subject.server.socket, "--connections",
                   str(connections), "--seconds", str(self.seconds), *arguments]
        for pid in subject.server.pids():
            command += ["--server-pid", str(pid)]
        found = run_json(command, self.work)
        if "complaint" in found:
            self.results["errors"].append(
                f"{subject.name}, {connections} connections: {found['errors']} beside "
                f"{found['requests']} good answers ({found['complaint']})")
        # What a log that isn't synced left to the kernel would slow down the next one's syncs.
        os.sync()
        self.results["loads"].setdefault((subject.name, connections), []).append(found)
        print(f"  {subject.name:22} {connections:3}  {found['rps']:10,.0f}/s", file=sys.stderr)

    def round(self, subjects):
        """All subjects at all numbers of connections once, in an order that is new each time."""
        loads = [(s, c) for s in subjects for c in s.connections]
        random.shuffle(loads)
        for subject, connections in loads:
            self.load(subject, connections)
        self.limits()

    def layers(self):
        program = pathlib.Path(self.tool("layers"))
        if not program.exists():
            return
        found = run_json([str(program), "--benchmark_format=json", "--benchmark_min_time=0.1"],
                         self.work)
        self.results["layers"] = [(b["name"], b["cpu_time"] / 1000, b.get("label", ""))
                                  for b in found["benchmarks"]]

    def measure(self):
        self.results["busy"] = busy_share()
        subjects = [self.echo(), self.redis()]
        if (self.binaries / "cofferd").exists():
            for durability in DURABILITIES:
                made = self.vault_subjects(durability)
                subjects += made
                if durability == "power":
                    subjects += self.more_subjects(made[0].server)
        for _ in range(self.runs):
            self.round(subjects)
        vaults = [server for server in self.servers if isinstance(server, Vault)]
        if vaults:
            crash = next(v for v in vaults if v.directory == "crash")
            self.results["flood"] = flood.measure(self, crash)
        for server in self.servers:
            if isinstance(server, Vault):
                facts = self.results["vault"][server.directory]
                facts["peak_mib"] = server.peak_memory()
                facts["after_mib"] = server.memory()
        self.stop()
        if vaults:
            self.results["rotation"] = rotation.measure(self)
            self.results["signing"] = signing.measure(self)
            self.results["watch"] = watch.measure(self)
            self.stop()
            self.results["database"] = database.measure(self)
            self.results["leaks"] = leaks.measure(self)
        if self.large:
            self.results["large"] = large.measure(self, self.large)
            self.results["leases"] = leases.measure(self)
        self.layers()
        return self.results

    def stop(self):
        while self.servers:
            try:
                self.servers.pop().stop()
            except Failed as failure:
                self.results["errors"].append(str(failure))


def medians(results):
    """Of each load the run with the median rate, whole: its percentiles belong together."""
    for key, runs in results["loads"].items():
        results["loads"][key] = sorted(runs, key=lambda r: r["rps"])[len(runs) // 2]
    for name, values in results["limits"].items():
        results["limits"][name] = statistics.median(values)
    return results


# What can be measured by itself, and how it is told.
PARTS = {"database": (database, report.database_section), "leaks": (leaks, report.leaks_section),
         "leases": (leases, report.leases_section), "watch": (watch, report.watch_section)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True, help="build directory with bin/")
    parser.add_argument("--out", help="the report to write")
    parser.add_argument("--only", choices=sorted(PARTS), help="measure this part, and print its section")
    parser.add_argument("--quick", action="store_true", help="one run of one second")
    parser.add_argument("--large", type=int, default=0, metavar="SECRETS",
                        help="also fill a vault with so many secrets, and measure it")
    options = parser.parse_args()
    if not options.out and not options.only:
        parser.error("--out or --only is wanted")
    # Not in /tmp, which may be memory: syncs are to be real.
    work = pathlib.Path(tempfile.mkdtemp(prefix="bench-", dir=options.build))
    bench = Bench(options, work)
    try:
        if options.only:
            part, section = PARTS[options.only]
            bench.results[options.only] = part.measure(bench)
            print("\n".join(section(report.Report(bench.results))))
            return 0
        results = medians(bench.measure())
        text = report.render(results, bench.runs, bench.seconds, work)
        pathlib.Path(options.out).write_text(text)
        print(text)
        return 1 if results["errors"] else 0
    except Failed as failure:
        print(f"bench: {failure}", file=sys.stderr)
        return 1
    finally:
        for server in bench.servers:
            server.process.kill()
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
