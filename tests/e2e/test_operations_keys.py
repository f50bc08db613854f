"""The commands of docs/operations.md and docs/keys.md about keys and a second token, as they stand on the page."""

import re
import shutil
import subprocess

import pytest

from harness import ROOT, bin_dir
from test_second_token import MODULE, all_read, configured, fill, model, second, vault_id  # noqa: F401


def blocks(section):
    """The blocks of commands below a heading."""
    page = (ROOT / "docs/operations.md").read_text()
    text = page.split(f"\n## {section}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^```\n(.*?)^```", text, re.M | re.S)


def run(vault, script, replacements=(), **environment):
    for old, new in replacements:
        assert old in script, f"docs/operations.md no longer says {old}"
        script = script.replace(old, str(new))
    around = vault.command_environment(**environment)
    around["PATH"] = f"{bin_dir()}:{around['PATH']}"
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], text=True, capture_output=True, timeout=120,
                          env=around, check=False)  # fmt: skip
    assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_the_commands_of_a_rotation(vault):
    fill(vault)
    (script,) = blocks("Rotate keys")
    said = run(vault, script)
    assert "each by the token" in said
    assert vault.client.get("sys/key-status").data["term"] == 2
    refused = vault.coffer("operator", "rotate-key", "-retire=1")
    assert refused.returncode == 2, "it was destroyed by the page's last line"
    all_read(vault)


@pytest.mark.parametrize("kind", ["kek", "sign"])
def test_the_commands_for_a_key_that_is_left_over_and_wrong(vault, kind):
    """As other software makes one: its attributes aren't what its role demands."""
    made, mark, option = {"kek": ("--keygen --key-type AES:32", "6b", ()),
                          "sign": ("--keypairgen --key-type EC:prime256v1", "73", ("-key=sign",))}[kind]  # fmt: skip
    key = vault_id(vault).replace("-", "") + mark + "00000002"
    token = f"--module {MODULE} --token-label coffer-dev --login"
    around = {"SOFTHSM2_CONF": str(vault.directory / "token/softhsm2.conf")}
    pin = f" --pin {(vault.directory / 'pin').read_text().strip()}"
    run(vault, f"pkcs11-tool {token}{pin} {made} --label 'coffer {kind} v2' --id {key}", **around)

    refused = vault.coffer("operator", "rotate-key", *option)
    assert refused.returncode == 2
    assert re.search(r"a key on the token isn't what its role demands: CKA_\w+ differs", refused.stderr), refused.stderr
    assert "pre-activation" in vault.coffer("key", "list").stdout
    page = (ROOT / "docs/keys.md").read_text()
    (script,) = re.findall(r"^```\n(pkcs11-tool.*?)^```", page, re.M | re.S)
    named = [("/usr/lib/…/module.so", MODULE), ("LABEL", "coffer-dev"), ("--login", f"--login{pin}"), ("--id ID", f"--id {key}")]
    if kind == "kek":
        script = "".join(script.splitlines(keepends=True)[:2]).replace("privkey", "secrkey")
    assert key in run(vault, script, named, **around)
    rotated = vault.coffer("operator", "rotate-key", *option)
    assert rotated.returncode == 0, rotated.stderr
    vault.restart()


def test_the_commands_of_a_second_token(configured, second):  # noqa: F811
    vault = configured.start()
    fill(vault)
    first = vault.client.get("sys/token-enrolments?list=true").data["keys"]
    enrol, enroll, give_up = blocks("A second token")
    out = second.directory / "second.json"
    run(vault, enrol, [("-vault=ID", f"-vault={vault_id(vault)}"), ("/usr/lib/…/module.so", MODULE),
                       ("pkcs11:serial=…", "pkcs11:token=second"),
                       ("-out=second.json", f"-profile=generic-oaep-sha1 -pin-file={second.pin} -out={out}")],
        SOFTHSM2_CONF=str(second.conf))  # fmt: skip
    run(vault, enroll, [("second.json", out)])
    vault.stop()
    shutil.rmtree(vault.directory / "token/objects")
    second.serve(vault)
    vault.start()
    all_read(vault)
    run(vault, give_up, [("retire ID", f"retire {first[0]}")])
    assert first[0] not in vault.client.get("sys/token-enrolments?list=true").data["keys"]
    all_read(vault)
