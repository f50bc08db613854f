"""Whoever follows the README gets what it promises: its commands, as they stand, in one shell."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import pytest

from harness import ROOT, Client, bin_dir

BLOCK = re.compile(r"^```sh\n(.*?)^```", re.M | re.S)

# What would run this test inside of itself, or build where a built tree is under test.
STAND_INS = {
    "./scripts/test": "./scripts/test --plan",
    "cmake --preset release && cmake --build --preset release --target programs": (
        "cmake --list-presets=build | grep -q release && grep -q programs src/rooms.cmake"
    ),
    'export PATH="$PWD/build/release/bin:$PATH"': 'export PATH="$COFFER_BIN_DIR:$PATH"',
}


def readme_script():
    lines = "".join(BLOCK.findall((ROOT / "README.md").read_text())).splitlines()
    for command in STAND_INS:
        assert command in lines, f"the README no longer says {command}"
    return "\n".join(STAND_INS.get(line, line) for line in lines)


def run(script, home, **environment):
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("COFFER_", "VAULT_", "XDG_"))}
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=ROOT, text=True, capture_output=True,
        env={**kept, "HOME": str(home), "COFFER_BIN_DIR": str(bin_dir()), **environment},
        timeout=180, check=False,
    )  # fmt: skip


@pytest.fixture
def home():
    path = pathlib.Path(tempfile.mkdtemp(prefix="coffer-"))
    yield path
    pid = path / ".local/share/coffer/dev/cofferd.pid"
    if pid.exists():
        subprocess.run(["kill", pid.read_text().strip()], check=False, stderr=subprocess.DEVNULL)
    shutil.rmtree(path, ignore_errors=True)


def dev_directory(home):
    return home / ".local/share/coffer/dev"


def test_every_command_of_the_readme_works(home):
    done = run(readme_script(), home)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "both read the same 24 characters" in done.stdout
    assert "shop" in done.stdout
    assert '"username":"shop"' in done.stdout.replace(" ", ""), "curl's answer"
    peer = re.search(r"^display_name +unix-shop$.*?^uid +(\d+)$", done.stdout, re.M | re.S)
    assert int(peer.group(1)) == os.geteuid(), "known without a token"
    assert re.search(r"^allowed +false$", done.stdout, re.M), "the policy reads only"


def test_quickstart_a_second_time_changes_nothing(home):
    first = run("./scripts/quickstart", home)
    assert first.returncode == 0, first.stdout + first.stderr
    directory = dev_directory(home)
    pid = (directory / "cofferd.pid").read_text()
    with_header = (directory / "curl-header").read_text()
    secret = read_secret(directory)

    second = run("./scripts/quickstart", home)
    assert second.returncode == 0, second.stdout + second.stderr
    assert (directory / "cofferd.pid").read_text() == pid, "no second daemon"
    assert (directory / "curl-header").read_text() == with_header, "the same root token"
    assert read_secret(directory) == secret


def test_quickstart_starts_a_vault_that_was_stopped_and_keeps_its_data(home):
    run("./scripts/quickstart", home)
    directory = dev_directory(home)
    secret = read_secret(directory)
    stopped = run(
        f'pid=$(cat "{directory}/cofferd.pid"); kill "$pid"; '
        'for i in $(seq 100); do kill -0 "$pid" 2>/dev/null || exit 0; sleep 0.1; done; exit 1',
        home,
    )
    assert stopped.returncode == 0
    again = run("./scripts/quickstart", home)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "is there already: it stays" in again.stdout
    assert read_secret(directory) == secret


def test_quickstart_keeps_secrets_from_others(home):
    done = run("./scripts/quickstart", home)
    directory = dev_directory(home)
    password = read_secret(directory)["data"]["password"]
    token = (directory / "root-token").read_text().strip()
    assert password not in done.stdout + done.stderr
    assert token not in done.stdout + done.stderr
    for name in ("root-token", "curl-header"):
        assert (directory / name).stat().st_mode & 0o077 == 0, name
    log = (directory / "cofferd.log").read_text()
    assert password not in log
    assert token not in log


def test_quickstart_says_why_when_the_daemon_cannot_start(home):
    directory = dev_directory(home)
    directory.mkdir(parents=True)
    directory.chmod(0o700)
    (directory / "store.db").write_text("this is no database, and it is long enough to be read as one")
    done = run("./scripts/quickstart", home)
    assert done.returncode != 0
    assert "cofferd doesn't answer" in done.stderr
    assert " error " in done.stderr, "the daemon's own words"


def read_secret(directory):
    client = Client(directory / "coffer.sock", (directory / "root-token").read_text().strip())
    try:
        return client.get("secret/data/app/db").data
    finally:
        client.close()
