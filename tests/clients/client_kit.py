"""Real clients, unchanged: installs them into build/clients at the versions that the lock files beside
this file pin, and runs the script that stands there for each, against a vault.

A script gets the socket's path as its only argument and a token on standard input, never in argv or
the environment. It prints the name of each step that it has done, one a line, and fails otherwise.
"""

import contextlib
import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess

from harness import ROOT

HERE = pathlib.Path(__file__).resolve().parent
INSTALLED = ROOT / "build/clients"

# What a user does on a first day. Each client's script does all of it.
STEPS = [
    "log in", "look up self", "write", "read", "versions", "check-and-set", "delete", "undelete",
    "destroy", "list", "metadata", "patch", "policies", "token", "denied", "capabilities", "renew",
    "revoke", "mounts", "kv 1", "seal status", "health", "listings",
]  # fmt: skip


def tool(name):
    path = shutil.which(name)
    assert path, f"{name} isn't installed: scripts/install-packages build test"
    return path


def attempt(command, folder, tries=3, **environment):
    """An installer, which may meet a registry that stumbles."""
    for left in reversed(range(tries)):
        done = subprocess.run(command, cwd=folder, env={**os.environ, **environment}, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=600, check=False)  # fmt: skip
        if done.returncode == 0:
            return
        assert left, f"{command} failed:\n{done.stdout}"


@contextlib.contextmanager
def locked(name):
    INSTALLED.mkdir(parents=True, exist_ok=True)
    with open(INSTALLED / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def installed(name, tools, install):
    """The folder in which `install(source, target)` has put this client: done again only when a pinned
    file, a script or a tool is another one."""
    source, target = HERE / name, INSTALLED / name
    with locked(name):
        parts = [path.read_bytes() for path in sorted(source.iterdir()) if path.is_file()]
        parts += [os.path.realpath(path).encode() for path in tools]
        stamp = hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()
        mark = target / "stamp"
        if not mark.exists() or mark.read_text() != stamp:
            shutil.rmtree(target, ignore_errors=True)
            target.mkdir()
            install(source, target)
            mark.write_text(stamp)
    return target


def curl_client():
    return [str(HERE / "curl/everyday")]


def python_client():
    """The command that runs python/everyday.py with the current hvac."""
    python = "/usr/bin/python3"

    def install(source, target):
        attempt([python, "-m", "venv", str(target)], source)
        attempt([str(target / "bin/pip"), "install", "--disable-pip-version-check", "--no-input",
                 "--only-binary=:all:", "--require-hashes", "-r", "requirements.txt"],
                source)  # fmt: skip

    target = installed("python", [python], install)
    return [str(target / "bin/python"), "-I", str(HERE / "python/everyday.py")]


def debian_python_client():
    """The same script with Debian's hvac."""
    return ["/usr/bin/python3", "-I", str(HERE / "python/everyday.py")]


def node_folder():
    """Where node finds node-vault."""
    node, npm = tool("node"), tool("npm")

    def install(source, target):
        for name in ("package.json", "package-lock.json", "everyday.js", "database.js"):
            shutil.copy(source / name, target)
        attempt([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], target)

    return installed("node", [node, npm], install)


def node_client():
    return [tool("node"), str(node_folder() / "everyday.js")]


def build_go(source, program, caches):
    # -modcacherw: or `rm -rf build` could not take its own files away.
    attempt([tool("go"), "build", "-buildvcs=false", "-modcacherw", "-o", str(program), "."], source,
            GOPATH=str(caches / "path"), GOCACHE=str(caches / "cache"), GOFLAGS="", GOWORK="off",
            GOTOOLCHAIN="local", CGO_ENABLED="0")  # fmt: skip


def go_folder():
    """Where the Go script's program, everyday, and what it was built of are."""
    return installed("go", [tool("go")],
                     lambda source, target: build_go(source, target / "everyday", target))  # fmt: skip


def go_client():
    return [str(go_folder() / "everyday")]


def run(command, vault):
    """Runs a client's script with the root token; gives the names of the steps that it did."""
    aside = ("VAULT_", "BAO_", "COFFER_", "NODE_", "HTTP_", "HTTPS_", "ALL_")
    environment = {k: v for k, v in os.environ.items() if not k.upper().startswith(aside)}
    done = subprocess.run([*command, str(vault.socket_path)], input=vault.root_token + "\n", text=True,
                          capture_output=True, timeout=60, env=environment, check=False)  # fmt: skip
    assert done.returncode == 0, f"after {done.stdout.split(chr(10))}:\n{done.stderr}"
    return done.stdout.splitlines()
