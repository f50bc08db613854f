"""docs/clients.md: each example prints what it says."""

import re
import shutil
import subprocess

import client_kit
import pytest

EXAMPLES = dict(re.findall(r"```(\w+)\n(.*?)```", (client_kit.ROOT / "docs/clients.md").read_text(), re.S))


def shell(text, _):
    return ["bash", "-euo", "pipefail", "-c", text]


def debian_python(text, _):
    return ["/usr/bin/python3", "-I", "-c", text]


def python(text, _):
    return [client_kit.python_client()[0], "-I", "-c", text]


def node(text, folder):
    (folder / "example.js").write_text(text)
    (folder / "node_modules").symlink_to(client_kit.node_folder() / "node_modules")
    return [client_kit.tool("node"), str(folder / "example.js")]


def go(text, folder):
    for name in ("go.mod", "go.sum"):
        shutil.copy(client_kit.HERE / "go" / name, folder)
    (folder / "main.go").write_text(text)
    client_kit.build_go(folder, folder / "example", client_kit.go_folder())
    return [str(folder / "example")]


WAYS = [("sh", shell), ("python", debian_python), ("python", python), ("js", node), ("go", go)]


def test_each_example_has_its_way_to_be_run():
    assert set(EXAMPLES) == {language for language, _ in WAYS}


@pytest.mark.parametrize("language, way", WAYS)
def test_an_example_prints_the_username(shared_vault, directory, language, way):
    shared_vault.put("shop/db", {"username": "shop"})
    command = way(EXAMPLES[language], directory)
    done = subprocess.run(command, env=shared_vault.command_environment(), capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=60, check=False)  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "shop\n"), done.stderr
