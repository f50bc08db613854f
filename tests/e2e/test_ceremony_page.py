"""Every command of docs/ceremonies.md, as it stands there."""

import json
import os
import re
import subprocess

from harness import ROOT, bin_dir

VAULT = "5f0c1c6e-2f5e-4d0c-9d3a-3c8f7f0e6b11"


def blocks():
    text = (ROOT / "docs/ceremonies.md").read_text()
    return re.findall(r"^```(sh|json)\n(.*?)^```$", text, re.S | re.M)


def read_public_key(directory, environment):
    """The token's sign key, as the token gives it."""
    module = ["pkcs11-tool", "--module", "/usr/lib/softhsm/libsofthsm2.so"]
    identity = VAULT.replace("-", "") + "7300000001"
    for command in ([*module, "--read-object", "--type=pubkey", f"--id={identity}", "--output-file=signer.der"],
                    ["openssl", "pkey", "-pubin", "-inform=DER", "-in=signer.der", "-out=signer.pem"]):  # fmt: skip
        subprocess.run(command, cwd=directory, env=environment, check=True, capture_output=True)


def test_the_commands_of_the_page_run_in_order(tmp_path):
    (tmp_path / "objects").mkdir()
    conf = tmp_path / "softhsm2.conf"
    conf.write_text(f"directories.tokendir = {tmp_path}/objects\nlog.level = ERROR\n")
    (tmp_path / "scripts").symlink_to(ROOT / "scripts")
    environment = {**os.environ, "SOFTHSM2_CONF": str(conf), "PATH": f"{bin_dir()}:{os.environ['PATH']}"}
    answers = json.loads(next(text for kind, text in blocks() if kind == "json"))
    for name in ("answers", "rehearsal-answers"):
        pins = tmp_path / f"{name}-pins"
        pins.mkdir(mode=0o700)
        (tmp_path / f"{name}.json").write_text(json.dumps({**answers, "secrets": str(pins)}))
    (tmp_path / "share-1").write_text("0102030405060708" * 13)
    ran = 0
    for kind, text in blocks():
        if kind != "sh":
            continue
        if "-sign-key=signer.pem" in text:
            read_public_key(tmp_path, environment)
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", text], cwd=tmp_path, env=environment,
                              text=True, capture_output=True, timeout=120, check=False)  # fmt: skip
        assert done.returncode == 0, (text, done.stdout, done.stderr)
        ran += 1
    assert ran == 9
    assert json.loads((tmp_path / "plan.json").read_text())["vault"] == VAULT
    assert "result      good" in done_verify(tmp_path, environment)


def done_verify(directory, environment):
    return subprocess.run(
        ["coffer-ceremony", "verify-bundle", "ceremony"], cwd=directory, env=environment, text=True,
        capture_output=True, check=True,
    ).stdout  # fmt: skip
