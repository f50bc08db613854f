"""The report of a benchmark run, in Markdown: aims, limits, vault, where the time goes."""

import os
import pathlib
import platform
import subprocess

BOTTLENECKS = pathlib.Path(__file__).with_name("bottlenecks.txt")
CONNECTIONS = (1, 16, 64)
VAULT_KINDS = ("read cached", "read uncached", "write", "new")
MORE_KINDS = ("denied read", "list 1000", "token create", "read, 1 rules", "read, 20 rules",
              "read, 1000 rules", "read, 1 rule and default")
TITLES = {"read cached": "read, data key cached", "read uncached": "read, `--cache-age 0`",
          "write": "write to an existing key", "new": "write to a new key"}


def machine(work):
    """What the figures were measured on."""
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo")
                  if line.startswith("model name")), platform.machine())
    disk = subprocess.run(["df", "--output=fstype", str(work)], capture_output=True, text=True,
                          check=False).stdout.split()[-1:]
    return (f"{len(os.sched_getaffinity(0))} cores ({model}), Linux {platform.release()}, "
            f"{disk[0] if disk else 'unknown file system'}")


def bottleneck_notes():
    """`aim: text` lines: what profiling showed to be in the way of an aim."""
    notes = {}
    if BOTTLENECKS.exists():
        for line in BOTTLENECKS.read_text().splitlines():
            if line and not line.startswith("#"):
                aim, _, text = line.partition(":")
                notes[aim.strip()] = text.strip()
    return notes


class Report:
    """Looks figures up, and counts the aims that were missed."""

    def __init__(self, results):
        self.results = results
        self.notes = bottleneck_notes()

    def load(self, name, connections):
        return self.results["loads"].get((name, connections))

    def rate(self, name, connections):
        found = self.load(name, connections)
        return found["rps"] if found else None

    def limit(self, name):
        return self.results["limits"][name]

    # Aims.

    def share(self, subject, connections, limit, limit_text, wanted, aim):
        """An aim of a load's rate as a part of a limit."""
        got = self.rate(subject, connections)
        if got is None:
            return None
        ratio = got / limit
        cell = f"{ratio:.3f} ({number(got)} of {number(limit)}/s)"
        return {"aim": aim, "what": f"{subject}, {connections} connections, of {limit_text}",
                "wanted": f"≥ {wanted:.2f}", "got": cell, "met": ratio >= wanted,
                "cause": self.cause(aim, self.load(subject, connections))}

    def cause(self, aim, load):
        """What the run itself shows of a missed aim, and what a profile showed."""
        parts = []
        if load and "server_cores" in load:
            cores = len(os.sched_getaffinity(0))
            parts.append(f"the server used {load['server_cores']:.2f} of {cores} cores, "
                         f"{load['server_cpu_us']:.1f} µs a request")
        if aim in self.notes:
            parts.append(self.notes[aim])
        return "; ".join(parts)

    def worker(self):
        """The aim of the process around the module."""
        bare, got = self.limit("token bare 16"), self.limit("token worker 16")
        if not bare or not got:
            return None
        return {"aim": "worker-unwrap", "what": "worker unwrap, 16 callers, of the bare token's",
                "wanted": "≥ 0.60", "got": f"{got / bare:.3f} ({number(got)} of {number(bare)}/s)",
                "met": got / bare >= 0.6, "cause": self.cause("worker-unwrap", None)}

    def least(self, aim, subject, connections, wanted):
        """An aim of a load's rate by itself."""
        got = self.rate(subject, connections)
        if got is None:
            return None
        return {"aim": aim, "what": f"{subject}, {connections} connections", "met": got >= wanted,
                "wanted": f"≥ {number(wanted)}/s", "got": f"{number(got)}/s",
                "cause": self.cause(aim, self.load(subject, connections))}

    def large(self):
        """The aims of a vault with a million secrets."""
        found = self.results["large"]
        if not found:
            return []
        ratio = found["large_uncached"]["p99"] / found["small_uncached"]["p99"]
        return [self.worst("large-ready", f"ready with {number(found['secrets'])} secrets",
                           [found["ready_ms"]], 2000, "ms"),
                self.worst("large-memory", f"peak memory with {number(found['secrets'])} secrets",
                           [found["peak_mib"]], 256, "MiB"),
                self.worst("large-p99", "p99 of an uncached read, of that with 1 000 secrets", [ratio], 2,
                           "times")]

    def flood(self):
        """The aim of readers beside strangers."""
        found = self.results["flood"]
        if not found:
            return None
        ratio = found["beside"]["p99"] / found["alone"]["p99"]
        return self.worst("flood", "p99 of a read beside a flood of strangers, of that alone",
                          [ratio], 2, "times")

    def leaks(self):
        """The aim of a check of many values."""
        found = self.results["leaks"]
        if not found:
            return None
        return self.worst("leaks", f"checking {number(found['candidates'])} values for a leak",
                          [found["seconds"]], 5, "s")

    def leases(self):
        """The aims of a hundred thousand leases."""
        found = self.results["leases"]
        if not found:
            return []
        kv = {name: middle(rates) for name, rates in found["kv"].items()}
        of = number(found["count"])
        slower = max(found["p99_while_ending"]) / middle(found["p99_before"])
        rate = found["ended_per_second"]
        return [
            self.worst("leases-ready", f"ready with {of} leases", [found["ready_ms"] / 1000], 2, "s"),
            self.worst("leases-swept", f"swept with {of} leases", [found["swept_s"]], 5, "s"),
            self.worst("leases-memory", f"peak memory with {of} leases",
                       [found["peak_mib"], found["peak_while_ending_mib"]], 256, "MiB"),
            self.worst("leases-reads", "p99 of a read while 20,000 leases end, of that before", [slower], 2, "times"),
            {"aim": "leases-ended", "what": "leases ended by one database", "wanted": "100/s",
             "got": f"{number(rate)}/s", "met": rate >= 100, "cause": self.cause("leases-ended", None)},
            self.worst("leases-renew", "a KV write's rate, of a renewal's", [kv["write"] / kv["renew"]], 1, "times"),
            self.worst("leases-lookup", "a KV read's rate, of a look-up's", [kv["read"] / kv["lookup"]], 1, "times"),
        ]  # fmt: skip

    def rotation(self):
        """The aim of reads while a key rotates."""
        found = self.results["rotation"]
        if not found:
            return None
        ratios = [loads["beside"]["p99"] / loads["alone"]["p99"]
                  for name, loads in found.items() if name.startswith("read")]
        return self.worst("rotation", "p99 of a read while the key rotates, of that before",
                          ratios, 2, "times")

    def signing(self):
        """The aim of reads beside the log's signatures."""
        found = self.results["signing"]
        if not found:
            return None
        return self.worst("signing", "rate of reads that checkpoints of the audit log cost, 16 connections",
                          [100 * (1 - found["ratio"])], 5, "%")

    def database(self):
        """The aim of credentials beside the bare database."""
        found = self.results["database"]
        if not found:
            return None
        ratio = middle([load["rps"] for load in found["creds"]]) / middle(found["bare"])
        return {"aim": "database", "what": "creds from PostgreSQL at 16 connections, of bare libpq",
                "wanted": "0.5", "got": f"{ratio:.2f}", "met": ratio >= 0.5,
                "cause": self.cause("database", None)}

    def worst(self, aim, what, values, wanted, unit):
        if not values:
            return None
        return {"aim": aim, "what": what, "wanted": f"{wanted} {unit}",
                "got": f"{max(values):.1f} {unit}", "met": max(values) <= wanted,
                "cause": self.cause(aim, None)}

    def aims(self):
        vaults = self.results["vault"].values()
        rows = [
            self.share("read cached crash", 16, self.rate("echo", 16), "the echo", 0.25,
                       "cached-read-crash-16"),
            self.share("read cached power", 64, self.rate("echo", 64), "the echo", 0.20,
                       "cached-read-power-64"),
            *(self.share(f"read uncached {d}", 64, self.limit("token 1"),
                         "one thread's token unwraps", 0.5, f"uncached-read-{d}-64")
              for d in ("crash", "power")),
            self.worker(),
            *(self.share(f"{kind} power", 64, self.limit("sqlite 64"),
                         "SQLite's rows in commits of 64", 1 / 3, f"{kind}-power-64")
              for kind in ("write", "new")),
            self.worst("idle-memory", "memory when idle (PSS)",
                       [mib for v in vaults for mib in v["idle_mib"]], 32, "MiB"),
            self.worst("ready", "ready after a start with an existing vault",
                       [middle(v["restart_ms"]) for v in vaults], 100, "ms"),
            self.worst("first-ready", "ready after the first start (makes token and keys)",
                       [middle(v["first_ms"]) for v in vaults], 100, "ms"),
            self.least("token-create", "token create", 16, 5000),
            self.flood(),
            self.leaks(),
            *self.leases(),
            self.rotation(),
            self.signing(),
            self.database(),
            *self.large(),
        ]
        return [row for row in rows if row]


def middle(values):
    return sorted(values)[len(values) // 2]


def number(value):
    """1234567 -> 1 234 567"""
    return f"{value:,.0f}".replace(",", " ")


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |",
             "|" + "---|" + "---:|" * (len(header) - 1)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows] + [""]


def busy_section(results):
    if results["busy"] < 0.1:
        return []
    return [f"**The machine was busy: other programs had {results['busy']:.0%} of it when the run "
            "began. Neither figures nor aims say much; run it again.**", ""]


def aims_section(report):
    aims = report.aims()
    if not aims:
        return ["No vault was measured: `cofferd` isn't built.", ""]
    rows = [(a["what"], a["wanted"], a["got"], "met" if a["met"] else "**missed**") for a in aims]
    lines = table(("aim", "wanted", "measured", ""), rows)
    missed = [a for a in aims if not a["met"]]
    if missed:
        lines += ["In the way of those missed:", ""]
        lines += [f"- {a['what']}: {a['cause'] or 'not profiled yet'}." for a in missed] + [""]
    return lines


def errors_section(report):
    errors = report.results["errors"]
    if not errors:
        return []
    lines = ["## Errors", "", "Answers refused, connections lost, programs that failed:", ""]
    return lines + [f"- {error}" for error in errors] + [""]


def load_cells(load):
    cpu = f"{load['server_cpu_us']:.1f}" if "server_cpu_us" in load else "-"
    return [number(load["rps"]), f"{load['p50']:.0f}", f"{load['p99']:.0f}", cpu]


LOAD_HEADER = ("requests/s", "p50 µs", "p99 µs", "CPU µs/request")


def limits_section(report):
    rows = [("token: unwrap 32 bytes, 1 thread", number(report.limit("token 1"))),
            ("token: unwrap 32 bytes, 2 threads", number(report.limit("token 2"))),
            ("token: unwrap 32 bytes, 16 callers, in process",
             number(report.limit("token bare 16"))),
            ("token: unwrap 32 bytes, 16 callers, through a worker",
             number(report.limit("token worker 16"))),
            ("disk: append 200 bytes and fdatasync", number(report.limit("fdatasync")))]
    rows += [(f"SQLite: rows in commits of {n}", number(report.limit(f"sqlite {n}")))
             for n in CONNECTIONS]
    lines = table(("", "a second"), rows)
    rows = []
    for name, title in (("echo", "connection code, 300-byte JSON (`coffer-echo`)"),
                        ("redis", "Redis `GET`, 300 bytes")):
        for connections in CONNECTIONS:
            load = report.load(name, connections)
            if load:
                rows.append([title, str(connections), *load_cells(load)])
    return lines + table(("", "connections", *LOAD_HEADER), rows)


def ratios(report, kind, connections, rate):
    """The columns of a vault row that compare it with limits."""
    def of(limit):
        return f"{rate / limit:.2f}" if limit else "-"
    echo = of(report.rate("echo", connections))
    redis = of(report.rate("redis", connections))
    token = of(report.limit("token 1")) if kind != "read cached" else "-"
    sqlite = of(report.limit(f"sqlite {connections}")) if kind in ("write", "new") else "-"
    return [echo, redis, token, sqlite]


def vault_section(report, durability, title):
    rows = []
    for kind in VAULT_KINDS:
        for connections in CONNECTIONS:
            load = report.load(f"{kind} {durability}", connections)
            if load:
                rows.append([TITLES[kind], str(connections), *load_cells(load),
                             *ratios(report, kind, connections, load["rps"])])
    if not rows:
        return []
    header = ("", "connections", *LOAD_HEADER, "× echo", "× Redis", "× token", "× SQLite")
    return [f"### {title}", ""] + table(header, rows)


def more_section(report):
    rows = []
    for kind in MORE_KINDS:
        load = report.load(kind, 16)
        if load:
            rows.append([kind, *load_cells(load)])
    missing = report.results["missing"]
    lines = table(("", *LOAD_HEADER), rows) if rows else []
    if missing:
        lines += ["Not measured, for this server hasn't it: " + "; ".join(missing) + ".", ""]
    if not lines:
        return []
    return ["### Denials, listings, tokens, policies", "",
            "At 16 connections, log durable against a power cut. The readers' policies have so many "
            "rules, of which the last one lets them read.", "", *lines]


def large_section(report):
    found = report.results["large"]
    if not found:
        return []
    rows = [[name, *load_cells(found[key])]
            for key, name in (("small", f"{number(found['few'])} secrets, all cached"),
                              ("large", f"{number(found['secrets'])} secrets, 4 096 cached"),
                              ("small_uncached", f"{number(found['few'])} secrets, `--cache-age 0`"),
                              ("large_uncached",
                               f"{number(found['secrets'])} secrets, `--cache-age 0`"))]
    lines = ["## A large vault", "",
             f"{number(found['secrets'])} secrets and {number(found['tokens'])} tokens, written at "
             f"{number(found['fill_rps'])} a second; {found['store_mib']:.0f} MiB on disk. Ready "
             f"{found['ready_ms']:.0f} ms after a start, then {found['idle_mib']:.1f} MiB of memory; "
             f"{found['peak_mib']:.1f} MiB after the reads below (16 connections, each key in its "
             "turn, log durable against a crash).", ""]
    return lines + table(("", *LOAD_HEADER), rows)


def flood_section(report):
    found = report.results["flood"]
    if not found:
        return []
    rows = [["alone", *load_cells(found["alone"])], ["beside strangers", *load_cells(found["beside"])]]
    lines = ["## Beside strangers", "",
             "Cached reads on 4 connections, while another user sends writes of 4 KB with a token that "
             "nobody knows on 64. Both load generators run on the same two cores. The vault's memory "
             f"grew by {found['grown_mib']:.1f} MiB meanwhile.", ""]
    return lines + table(("", *LOAD_HEADER), rows)


def rotation_section(report):
    found = report.results["rotation"]
    if not found:
        return []
    rows = [[f"{name}, {when}", *load_cells(loads[key])] for name, loads in found.items()
            for when, key in (("before", "alone"), ("while it rotates", "beside"))]
    lines = ["## While the key rotates", "",
             "16 connections, before a rotation and while old records are rewrapped at the usual rate of "
             "1 000 a second.", ""]
    return lines + table(("", *LOAD_HEADER), rows)


def signing_section(report):
    found = report.results["signing"]
    if not found:
        return []
    rows = [[name, *load_cells(found[key])]
            for name, key in (("signed each second", "signed"), ("without checkpoints", "unsigned"))]
    lines = ["## Beside the log's signatures", "",
             "Cached reads on 16 connections of two vaults in turns, one of which doesn't sign its audit log; "
             f"the log is durable against a power cut. The median of the ratios, turn by turn: "
             f"{found['ratio']:.3f}.", ""]
    return lines + table(("", *LOAD_HEADER), rows)


def watch_section(report):
    found = report.results["watch"] or {}
    rows = [[name, *(number(value) for value in values)] for name, values in found.items()]
    lines = ["## Watching", "",
             "A long-poll, a write on another connection, then a read, in turns, by a client in Python; the log is "
             "durable against a power cut. Aim: 100 000 µs after the write's reply (0: the long-poll's was first).", ""]
    return lines + table(("", "p50 µs", "p99 µs", "longest µs"), rows) if rows else []


def database_section(report):
    found = report.results["database"]
    if not found:
        return []
    rows = [["bare libpq", number(middle(found["bare"])), "", ""]]
    rows += [["creds", *load_cells(load)[:3]] for load in found["creds"]]
    lines = ["## Credentials from PostgreSQL", "",
             "A user with a lease, at 16 connections, beside `CREATE ROLE` and `GRANT` in one transaction "
             "by libpq alone at 16 connections, in turns, with fsync on. The vault has 8 connections.", ""]
    return lines + table(("", *LOAD_HEADER[:3]), rows)


def leaks_section(report):
    found = report.results["leaks"]
    if not found:
        return []
    rows = [[f"{number(found['candidates'])} candidates checked beside {number(found['stored'])} secrets, s",
             f"{found['seconds']:.2f}"],
            ["writes a second of four values with a fingerprint each", number(middle(found["written"]["fingerprints"]))],
            ["of as many bytes in values too short for one", number(middle(found["written"]["none"]))]]  # fmt: skip
    return ["## Leaks", "", "Writes at 16 connections, each a new version.", ""] + table(("", ""), rows)


def leases_section(report):
    found = report.results["leases"]
    if not found:
        return []
    kv = {name: number(middle(rates)) for name, rates in found["kv"].items()}
    rows = [["issued a second, 16 connections", number(found["issued_per_second"])],
            ["ready with all of them, ms", number(found["ready_ms"])],
            ["swept after that, s", f"{found['swept_s']:.1f}"],
            ["idle memory, MiB", f"{found['idle_mib']:.0f}"],
            ["peak memory, MiB", f"{found['peak_mib']:.0f}"],
            ["ready with 20,000 that ended meanwhile, ms", number(found["ready_with_ended_ms"])],
            ["of these ended a second", number(found["ended_per_second"])],
            ["peak memory meanwhile, MiB", f"{found['peak_while_ending_mib']:.0f}"],
            ["p99 of a read before, µs", number(middle(found["p99_before"]))],
            ["p99 of a read meanwhile, µs, the worst second", number(max(found["p99_while_ending"]))],
            ["renewals a second beside KV writes, one connection", f"{kv['renew']} beside {kv['write']}"],
            ["look-ups a second beside KV reads, 4 connections", f"{kv['lookup']} beside {kv['read']}"]]
    lines = [f"## {number(found['count'])} leases", "",
             "Logins of a Redis. 20,000 of the leases end while the daemon is down.", ""]
    return lines + table(("", ""), rows)


def memory_section(report):
    rows = []
    for name, facts in report.results["vault"].items():
        rows.append((name, f"{middle(facts['first_ms']):.0f}", f"{middle(facts['restart_ms']):.0f}",
                     f"{max(facts['idle_mib']):.1f}", f"{facts['after_mib']:.1f}",
                     f"{facts['peak_mib']:.1f}"))
    if not rows:
        return []
    header = ("vault", "first start, ready ms", "restart, ready ms", "idle MiB",
              "after load MiB", "peak under load MiB")
    return ["## Start and memory", ""] + table(header, rows)


def layers_section(report):
    layers = report.results["layers"]
    if not layers:
        return []
    echo = report.load("echo", 64)
    rows = []
    if echo and "server_cpu_us" in echo:
        rows.append(("http", "read, parse, write: the echo's CPU at 64 connections",
                     f"{echo['server_cpu_us']:.2f}"))
    for name, microseconds, label in layers:
        rows.append((name, label, f"{microseconds:.2f}"))
    lines = ["## Where the time of one read goes", "",
             "Each layer's public functions alone, on one warm thread "
             "(`tests/bench/layers.cpp`).", ""]
    lines += ["| layer | what | µs |", "|---|---|---:|"]
    lines += ["| " + " | ".join(row) + " |" for row in rows] + [""]
    for durability in ("crash", "power"):
        load = report.load(f"read cached {durability}", 64)
        if load and "server_cpu_us" in load:
            lines.append(f"A whole cached read at 64 connections, log durable against "
                         f"{'a crash' if durability == 'crash' else 'a power cut'}: "
                         f"{load['server_cpu_us']:.1f} µs of CPU.")
    return lines + [""]


def render(results, runs, seconds, work):
    """The whole report."""
    report = Report(results)
    how = f"Medians of {runs} runs of {seconds:g} s" if runs > 1 else f"One run of {seconds:g} s"
    lines = ["# Benchmarks", "",
             "Written by `scripts/bench`; run it to get your machine's own. Everything is measured "
             "in one run: absolute figures differ from machine to machine, and by a third between "
             "runs on a busy one, so read the ratios.", "",
             f"Machine: {machine(work)}. {how}, in random order. "
             "The load generator (`tests/bench/loadgen.cpp`) runs on the same cores: a Unix socket, "
             "keep-alive, one request at a time on each connection, every answer checked.", "",
             *busy_section(results), "## Aims", "", *aims_section(report), *errors_section(report),
             "## The bare limits", "", *limits_section(report)]
    vault = vault_section(report, "power", "Log durable against a power cut (the default)")
    vault += vault_section(report, "crash", "Log durable against a crash of the process only")
    vault += more_section(report)
    if vault:
        lines += ["## The vault", "",
                  "CPU is user and system time of all of the server's processes. × echo and × Redis "
                  "compare with the same number of connections, × token with one thread's unwraps, "
                  "× SQLite with as many rows a commit as there are connections.", "", *vault]
    lines += large_section(report) + flood_section(report) + rotation_section(report) + signing_section(report) + watch_section(report) + database_section(report) + leaks_section(report) + leases_section(report) + memory_section(report) + layers_section(report)
    return "\n".join(lines).rstrip() + "\n"
