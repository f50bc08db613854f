#!/usr/bin/env python3
"""Every relative link and every `path/in/this/tree` of the documents leads somewhere.

    scripts/check_links.py [ROOT]     prints every dead one; exit 1 if there is one
"""

import pathlib
import re
import sys

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
# `src/core/pipeline.cpp`, `scripts/test`: a path in backquotes that starts with a folder of ours.
QUOTED_PATH = re.compile(r"`((?:src|include|pkcs11|tests|scripts|docs|\.ci)/[\w./-]*)`")
HEADING = re.compile(r"^#+\s+(.*)$", re.M)
FENCE = re.compile(r"^```.*?^```", re.M | re.S)


def anchor(heading):
    """The id that a renderer gives a heading."""
    text = re.sub(r"[`*]", "", heading.strip().lower())
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def anchors(path):
    return {anchor(heading) for heading in HEADING.findall(FENCE.sub("", path.read_text()))}


def check_link(document, target):
    if re.match(r"[a-z]+:", target):
        return None  # another site: not ours to hold up
    name, _, fragment = target.partition("#")
    path = document.parent / name if name else document
    if not path.exists():
        return f"dead link {target}"
    if fragment and path.suffix == ".md" and fragment not in anchors(path):
        return f"no heading for {target}"
    return None


def check_document(root, document):
    name = document.relative_to(root).as_posix()
    text = document.read_text()
    for target in LINK.findall(FENCE.sub("", text)):
        if wrong := check_link(document, target):
            yield f"{name}: {wrong}"
    for quoted in QUOTED_PATH.findall(text):
        if not (root / quoted).exists():
            yield f"{name}: names {quoted}, which isn't there"


def check_tree(root):
    for document in sorted([*root.glob("*.md"), *root.glob("docs/**/*.md")]):
        yield from check_document(root, document)


def main():
    default = pathlib.Path(__file__).resolve().parent.parent
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    problems = list(check_tree(root))
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
