"""Whoever follows docs/operations.md from a fresh machine to a served secret gets there: its commands,
as they stand, but for the places and the user, which are the test's own."""

import os
import re
import shutil
import subprocess

import pytest

from configured import CLIENT, GROUP, USER, make_users
from conftest import new_directory
from harness import ROOT, bin_dir
from peers import install_coffer

BLOCK = re.compile(r"^```sh\n(.*?)^```", re.M | re.S)


@pytest.fixture
def home():
    make_users()
    path = new_directory()
    os.chmod(path, 0o755)
    install_coffer(path)
    for beside in ("cofferd", "coffer-token"):  # coffer runs the one, and that the other
        shutil.copy2(bin_dir() / beside, path)
    yield path
    pid = path / "pid"
    if pid.exists():
        subprocess.run(["kill", "-9", pid.read_text().strip()], check=False,
                       stderr=subprocess.DEVNULL)  # fmt: skip
    shutil.rmtree(path, ignore_errors=True)


def replaced(text, old, new):
    assert old in text, f"docs/operations.md no longer says {old}"
    return text.replace(old, new)


def walk_through(home):
    script = "".join(BLOCK.findall((ROOT / "docs/operations.md").read_text()))
    script = replaced(script, "useradd --system --no-create-home --user-group coffer\n", "")
    script = replaced(script, "-o coffer -g coffer", f"-o {USER} -g {USER}")
    script = replaced(script, "chown -R coffer:coffer", f"chown -R {USER}:{USER}")
    script = replaced(script, 'user = "coffer"', f'user = "{USER}"')
    # What systemd does with Type=notify: it waits until the daemon is ready.
    start = f"""cofferd --config /etc/coffer/coffer.toml >/dev/null 2>"{home}/log" & echo $! >"{home}/pid"
for i in $(seq 300); do grep -q ' info ready' "{home}/log" && break; sleep 0.1; done"""
    script = replaced(script, "systemctl start cofferd", start)
    stop = f"""kill "$(cat "{home}/pid")"
for i in $(seq 300); do kill -0 "$(cat "{home}/pid")" 2>/dev/null || break; sleep 0.1; done"""
    script = replaced(script, "systemctl stop cofferd", stop)
    # systemd waits for the reload too; here the socket tells that it is over.
    reload = f"""kill -HUP "$(cat "{home}/pid")"
for i in $(seq 300); do [ -S /run/coffer/shop.sock ] && break; sleep 0.1; done"""
    script = replaced(script, "systemctl reload cofferd", reload)
    script = replaced(script, 'group = "shop"', f'group = "{GROUP}"')
    script = replaced(script, "id -u shop", f"id -u {CLIENT}")
    script = replaced(script, "runuser -u shop -- ", f"env -u COFFER_TOKEN_PATH HOME=/nonexistent "
                      f"setpriv --reuid={CLIENT} --regid={CLIENT} --groups={GROUP} ")  # fmt: skip
    for place, own in (("/etc/coffer", "etc"), ("/var/lib/coffer", "lib"), ("/run/coffer", "run")):
        script = replaced(script, place, str(home / own))
    return script


def test_every_command_of_the_walk_through_works(home):
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("COFFER_", "VAULT_"))}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", walk_through(home)], text=True, capture_output=True,
        env={**kept, "HOME": str(home), "PATH": f"{home}:{bin_dir()}:{os.environ['PATH']}"}, timeout=120,
        check=False,
    )  # fmt: skip
    log = (home / "log").read_text() if (home / "log").exists() else ""
    assert done.returncode == 0, done.stdout + done.stderr + log
    assert "the configuration is good" in done.stdout
    _, handed_over, backed_up, rest = done.stdout.rsplit("correct-horse", 3)
    assert "Success! Uploaded policy: shop" in handed_over
    assert "Success! Revoked token" in backed_up
    assert "restored; tokens from before are void" in backed_up
    assert "Success! Revoked token" in rest
    assert "correct-horse" not in log
    owners = {path.owner() for path in (home / "lib").rglob("*")}
    assert owners == {USER}
    assert (home / "run/coffer.sock").owner() == USER
    assert (home / "run/shop.sock").group() == GROUP
