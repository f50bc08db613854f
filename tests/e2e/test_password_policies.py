"""docs/password-policies.md: its policy, written with its commands, and the passwords that come of it."""

import collections
import re
import subprocess

from harness import ROOT, bin_dir

PAGE = (ROOT / "docs/password-policies.md").read_text()


def block(language):
    return re.search(rf"^```{language}\n(.*?)^```", PAGE, re.M | re.S)[1]


def test_the_commands_of_the_page(vault):
    (vault.directory / "shop.hcl").write_text(block("hcl"))
    around = vault.command_environment()
    around["PATH"] = f"{bin_dir()}:{around['PATH']}"
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", block("sh")], text=True, capture_output=True, env=around,
                          cwd=vault.directory, timeout=60, check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    password = done.stdout.split()[-1]
    assert len(password) == 20
    assert re.search("[a-z]", password) and len(re.findall("[0-9_-]", password)) >= 2


def test_both_forms_are_the_same_policy_and_none_comes_twice(vault):
    for name, language in (("hcl", "hcl"), ("json", "json")):
        path = f"sys/policies/password/{name}"
        assert vault.client.request("PUT", path, {"policy": block(language)}).status == 204
        assert vault.client.get(path).data["policy"] == block(language)
        made = [vault.client.get(f"{path}/generate").data["password"] for _ in range(50)]
        assert len(set(made)) == 50
        seen = collections.Counter("".join(made))
        assert set(seen) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_")
    log = "".join(path.read_text(errors="replace") for path in vault.audit_directory.iterdir() if path.is_file())
    assert "sys/policies/password/hcl/generate" in log and not any(one in log for one in made)
