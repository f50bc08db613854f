"""The commands of docs/rotation.md, as they stand on the page."""

import re
import subprocess

from harness import ROOT, bin_dir

PAGE = (ROOT / "docs/rotation.md").read_text()


def test_the_commands_of_the_page(vault):
    blocks = re.findall(r"^```\n(coffer .*?)^```", PAGE, re.M | re.S)
    assert len(blocks) >= 4
    around = vault.command_environment()
    around["PATH"] = f"{bin_dir()}:{around['PATH']}"
    for script in blocks:
        if "rotator=exec" in script:
            continue  # test_secret_rotation.py has a program for it
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], text=True, capture_output=True,
                              timeout=60, env=around, check=False)  # fmt: skip
        nobody = "rotation readers" in script and done.returncode == 2  # nobody has read it
        assert done.returncode == 0 or nobody, f"{script}\n{done.stdout}{done.stderr}"


def test_the_program_of_the_page_understands_what_it_is_asked():
    (text,) = re.findall(r"^```\n(#!/usr/bin/python3\n.*?)^```", PAGE, re.M | re.S)
    text = text.replace('"/usr/local/bin/set-password", "app"', '"/usr/bin/grep", "-qx", "new"')
    for secret, step, code in (("secret/app/db", "setSecret", 0), ("secret/app/db", "testSecret", 0),
                               ("secret/app/other", "setSecret", 1)):  # fmt: skip
        asked = '{"SecretId":"%s","Step":"%s","Pending":{"password":"new"}}' % (secret, step)
        done = subprocess.run(["/usr/bin/python3", "-c", text], input=asked, text=True, check=False)
        assert done.returncode == code
