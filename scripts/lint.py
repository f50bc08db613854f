#!/usr/bin/env python3
"""Rules of docs/conventions.md that a pattern can hold, and the length of files.

    scripts/lint.py [ROOT]     prints every breach; exit 1 if there is one
"""

import pathlib
import re
import subprocess
import sys

MAX_LINES = 500

CODE = r"^(src|include|pkcs11)/.*\.(h|cpp)$"
CODE_AND_TESTS = r"^(src|include|pkcs11|tests)/.*\.(h|cpp|cc)$"
ANY_TEXT = r"\.(h|cpp|cc|py|sh|bats|md|cmake|txt|json)$|^scripts/|^\.ci/"

# Rule: files it holds for, the pattern, what is said.
RULES = [
    (CODE, r"\bmemcmp\s*\(", "memcmp leaks by its time: crypto::equal_constant_time for secrets, "
                             "std::equal for the rest"),
    (CODE, r"expose\(.*\).*[^=!<>]([=!]=)(?!=)", "comparison of an exposed secret: "
                                                 "crypto::equal_constant_time"),
    (CODE, r"\blog::\w+\(.*expose\(", "a secret in the log"),
    (CODE, r"\.value\(\)", ".value() throws: look first, or COFFER_TRY"),
    (CODE_AND_TESTS, r"\bstd::regex\b", "std::regex recurses on its input"),
    (CODE, r"\bstd::sto(i|l|ll|ul|ull|f|d|ld)\b", "std::sto* throws: std::from_chars"),
    (CODE, r"\b(co_await|co_return|co_yield)\b", "coroutines: callbacks (docs/architecture.md)"),
    (CODE, r"std::filesystem::(?!path\b|file_status|file_time|perms|perm_options|"
           r"copy_options|directory_options|space_info)\w+\((?!.*\b(ec|error|failed)\b)",
     "throwing std::filesystem: pass a std::error_code named error"),
    (CODE, r"^#include\s*<(regex|experimental/\S+)>", "header that this tree does without"),
    (r"^(src|include|pkcs11|tests)/", r"\b(GTEST_SKIP|DISABLED_\w+|pytest\.mark\.(skip|xfail)\w*|"
     r"pytest\.skip)\b", "a test that doesn't run doesn't pass"),
    (r"^(src|include|pkcs11|tests|scripts)/", r"\b(TODO|FIXME|XXX)\b", "unfinished work: do it, "
                                                                      "or write an issue"),
    (ANY_TEXT, r"(^|[\s\"'=(])/(work|home)/\w", "a path of one machine"),
]  # fmt: skip

# The rules quote what they forbid.
EXEMPT = {"scripts/lint.py", "tests/unit/scripts/test_lint.py"}
LONG_BY_NATURE = re.compile(r"^(LICENSE|tests/data/|tests/golden/)")


def tracked_files(root):
    """Tracked files and new ones that aren't ignored."""
    command = ["git", "-C", str(root), "ls-files", "-co", "--exclude-standard", "-z"]
    listing = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return sorted(name for name in listing.split("\0") if name and (root / name).is_file())


def strip_comment(name, line):
    """Prose may name what code may not do."""
    return line.split("//", 1)[0] if name.endswith((".h", ".cpp", ".cc")) else line


def check_text(name, text):
    """All breaches in one file, one line each."""
    lines = text.splitlines()
    if len(lines) > MAX_LINES and not LONG_BY_NATURE.match(name):
        yield f"{name}: {len(lines)} lines, over {MAX_LINES}: more than one concept"
    if name.startswith(("include/", "src/", "pkcs11/")) and name.endswith(".h"):
        if "#pragma once" not in lines:
            yield f"{name}: no #pragma once"
    if name in EXEMPT:
        return
    rules = [(re.compile(rule), said) for files, rule, said in RULES if re.search(files, name)]
    for number, line in enumerate(lines, 1):
        for rule, said in rules:
            unfinished = "unfinished" in said or "machine" in said
            if rule.search(line if unfinished else strip_comment(name, line)):
                yield f"{name}:{number}: {said}"


def check_tree(root):
    for name in tracked_files(root):
        if LONG_BY_NATURE.match(name):
            continue
        try:
            text = (root / name).read_text()
        except UnicodeDecodeError:
            continue
        yield from check_text(name, text)


def main():
    default = pathlib.Path(__file__).resolve().parent.parent
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    problems = list(check_tree(root))
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
