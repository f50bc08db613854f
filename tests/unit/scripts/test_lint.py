"""Each rule of the lint catches what it forbids and lets pass what only looks like it."""

import importlib.util
import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]


def load(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / f"scripts/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


lint = load("lint")
check_links = load("check_links")


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("src/core/a.cpp", "if (memcmp(a, b, 32) == 0) return;"),
        ("src/core/a.cpp", 'if (as_text(pin.expose(Reveal{"check"})) == given) return;'),
        ("src/core/a.cpp", 'log::info(as_text(pin.expose(Reveal{"x"})));'),
        ("src/core/a.cpp", "return found.value();"),
        ("tests/unit/a.cpp", "std::regex words(text);"),
        ("src/core/a.cpp", "const int n = std::stoi(text);"),
        ("src/core/a.cpp", "co_return 1;"),
        ("src/core/a.cpp", "std::filesystem::create_directories(path);"),
        ("tests/unit/a.cpp", 'GTEST_SKIP() << "no token";'),
        ("tests/unit/a.cpp", "TEST(Store, DISABLED_survives) {}"),
        ("tests/e2e/test_a.py", "@pytest.mark.skipif(True)"),
        ("src/core/a.cpp", "// TODO: later"),
        ("scripts/a", "cd /home/me/coffer"),
    ],
)
def test_catches(name, line):
    problems = list(lint.check_text(name, line + "\n"))
    assert len(problems) == 1
    assert problems[0].startswith(f"{name}:1: ")


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("src/core/a.cpp", "// memcmp would leak the length of the common prefix."),
        ("src/core/a.cpp", 'if (key.expose(Reveal{"size"}).empty()) return;'),
        ("src/core/a.cpp", "std::filesystem::create_directories(path, error);"),
        ("src/core/a.cpp", "const std::filesystem::path path(name);"),
        ("src/core/a.cpp", "return row.value;"),
        ("tests/unit/a.cpp", 'EXPECT_EQ(as_text(pin.expose(Reveal{"test"})) == "1234", true);'),
        ("src/core/a.cpp", 'return "/var/lib/coffer/homework";'),
    ],
)
def test_lets_pass(name, line):
    assert list(lint.check_text(name, line + "\n")) == []


def test_a_header_says_pragma_once():
    assert "pragma once" in next(lint.check_text("include/coffer/base/a.h", "int x;\n"))


def test_a_file_of_500_lines_is_the_longest():
    assert list(lint.check_text("src/core/a.cpp", "\n" * 500)) == []
    assert "501 lines" in next(lint.check_text("src/core/a.cpp", "\n" * 501))


def test_links_that_lead_nowhere_are_found(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/keys.md").write_text("# Keys\n\n## On the token\n")
    (tmp_path / "README.md").write_text(
        "[a](docs/keys.md) [b](docs/keys.md#on-the-token) [c](https://example.org/)\n"
        "[d](docs/gone.md) [e](docs/keys.md#elsewhere) `docs/keys.md` `src/gone.cpp`\n"
        "```sh\necho '[f](gone)'\n```\n"
    )
    said = list(check_links.check_tree(tmp_path))
    assert said == [
        "README.md: dead link docs/gone.md",
        "README.md: no heading for docs/keys.md#elsewhere",
        "README.md: names src/gone.cpp, which isn't there",
    ]
