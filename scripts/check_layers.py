#!/usr/bin/env python3
"""Checks that every #include goes down the house, never up or across.

ROOMS is the table of docs/architecture.md, in order. A room may include its own headers, `base`, and
the rooms that its row names: edges aren't transitive. LIBRARIES says which room may include which
outside library. The USES of src/rooms.cmake are held to the same table.

    scripts/check_layers.py [ROOT]     prints every bad edge; exit 1 if there is one
"""

import pathlib
import re
import sys

# Room: the rooms that it may use beside `base`. `engines/*` and `faces/*` are rows of their own; an
# engine adds by name what it needs beyond the common row.
ROOMS = {
    "base": (),
    "model": (),
    "crypto": (),
    "pkcs11": ("crypto",),
    "store": (),
    "backup": ("crypto",),
    "policy": ("model",),
    "audit": ("model", "crypto"),
    "envelope": ("crypto", "pkcs11", "store"),
    "lifecycle": ("model", "crypto", "envelope", "audit"),
    "programs": ("model", "lifecycle"),
    "identity": ("model", "crypto", "envelope"),
    "auth": ("model", "crypto", "envelope", "policy", "lifecycle", "identity"),
    "connectors": ("model", "crypto"),
    "engine": ("model", "audit", "envelope"),
    "engines/kv": ("engine", "model", "lifecycle", "crypto"),
    "engines/token": ("engine", "model", "lifecycle", "auth", "identity", "crypto"),
    "engines/unix": ("engine", "model", "lifecycle", "auth", "identity", "crypto"),
    "engines/transit": ("engine", "model", "lifecycle", "crypto", "pkcs11"),
    "engines/database": ("engine", "model", "lifecycle", "crypto", "connectors"),
    "engines/ssh": ("engine", "model", "lifecycle", "crypto", "pkcs11"),
    "engines/totp": ("engine", "model", "lifecycle", "crypto"),
    "engines/approle": ("engine", "model", "lifecycle", "auth", "identity", "crypto"),
    "engines/userpass": ("engine", "model", "lifecycle", "auth", "identity", "crypto"),
    "engines/cert": ("engine", "model", "lifecycle", "auth", "identity", "crypto"),
    "engines/jwt": ("engine", "model", "lifecycle", "auth", "identity", "crypto"),
    "core": (
        "model", "crypto", "pkcs11", "store", "backup", "policy", "audit", "envelope", "lifecycle",
        "identity", "auth", "connectors", "engine",
    ),
    "sys": (
        "model", "crypto", "pkcs11", "store", "backup", "policy", "audit", "envelope", "lifecycle",
        "identity", "auth", "connectors", "engine", "core",
    ),
    "faces/vault": ("model", "crypto", "core"),
    "daemon": "all above",
    "coffer-token": ("crypto", "pkcs11"),
    "coffer-exec": ("programs",),
    "cli": ("model", "crypto", "policy", "backup"),
    "coffer-audit": ("model", "crypto", "audit"),
    "ceremony": ("model", "crypto", "pkcs11", "envelope", "audit"),
}  # fmt: skip

# Header prefix: the rooms that may include it. A library that isn't here may be used nowhere.
LIBRARIES = {
    "openssl/": ("crypto",),
    "sodium": ("crypto",),
    "zxcvbn.h": ("crypto",),
    "p11-kit/": ("pkcs11",),
    "seccomp.h": ("coffer-token",),
    "sqlite3": ("store",),
    "libpq-fe.h": ("connectors",),
    "mysql": ("connectors",),
    "mariadb/": ("connectors",),
    "hiredis/": ("connectors",),
    "nlohmann/": ("model",),
    "date/": ("lifecycle",),
    "boost/asio": ("daemon",),
    "boost/beast": ("daemon",),
    "boost/system/": ("daemon",),
    "boost/program_options": ("daemon", "cli", "coffer-audit", "ceremony"),
    "toml++/": ("model",),
    "systemd/": ("daemon",),
    "prometheus/": ("sys",),
    "zstd.h": ("audit",),
    "archive.h": ("cli", "coffer-audit", "ceremony"),
    "archive_entry.h": ("cli", "coffer-audit", "ceremony"),
    "curl/": ("cli", "daemon"),
    "tl/": ("base",),
    "spdlog/": ("base",),
    "fmt/": tuple(ROOMS),
    "libgfshare.h": ("ceremony",),
}

# One file each, and why stands in the decision record.
EXCEPTIONS = {
    ("src/base/secure_bytes.cpp", "openssl/crypto.h"),  # docs/decisions/0001
}

SYSTEM_DIRECTORIES = ("sys/", "linux/", "netinet/", "arpa/", "net/", "bits/", "asm/")
TREES = ("include", "src", "pkcs11")
SUFFIXES = {".h", ".hpp", ".cpp", ".cc"}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
HAS_FOLDERS = ("engines", "faces")


def allowed(room):
    """The rooms that `room` may include, itself and base among them."""
    row = ROOMS[room]
    if row == "all above":
        row = tuple(list(ROOMS)[: list(ROOMS).index(room)])
    return {room, "base", *row}


def room_of_parts(parts):
    if not parts:
        return None
    if parts[0] in HAS_FOLDERS and len(parts) > 1:
        return f"{parts[0]}/{parts[1]}"
    return parts[0]


def room_of_file(path):
    """`path` is relative to the root; None for a file that belongs to no room."""
    parts = pathlib.PurePosixPath(path).parts
    if parts[0] == "pkcs11":
        return "pkcs11"
    if parts[0] == "src":
        return room_of_parts(parts[1:-1])
    if parts[:2] == ("include", "coffer"):
        return room_of_parts(parts[2:-1])
    return None


def check_project_include(room, target):
    used = room_of_parts(pathlib.PurePosixPath(target).parts[1:-1])
    if used not in ROOMS:
        return f"includes {target}: no such room"
    if used not in allowed(room):
        return f"includes {target}: {room} may not use {used}"
    return None


def check_private_include(root, path, target):
    if ".." in pathlib.PurePosixPath(target).parts:
        return f'includes "{target}": private headers of another folder stay private'
    if not (root / path).parent.joinpath(target).is_file():
        return f'includes "{target}": not a private header beside it, nor "coffer/..."'
    return None


def check_library_include(room, path, target):
    if (path, target) in EXCEPTIONS:
        return None
    for prefix, rooms in LIBRARIES.items():
        if target.startswith(prefix):
            if room in rooms:
                return None
            return f"includes <{target}>: only {', '.join(rooms)} may"
    if "/" in target and not target.startswith(SYSTEM_DIRECTORIES):
        return f"includes <{target}>: a library that no room has been given"
    return None


def check_include(root, room, path, bracket, target):
    """What is wrong with one #include, or None."""
    if target.startswith("coffer/"):
        return check_project_include(room, target)
    if bracket == '"':
        return check_private_include(root, path, target)
    return check_library_include(room, path, target)


def check_file(root, path):
    room = room_of_file(path)
    if room not in ROOMS:
        yield f"{path}: belongs to no room of the table"
        return
    for number, line in enumerate((root / path).read_text().splitlines(), 1):
        match = INCLUDE.match(line)
        if match and (wrong := check_include(root, room, path, *match.groups())):
            yield f"{path}:{number}: {wrong}"


def check_cmake(root):
    """src/rooms.cmake links no room to one that its row doesn't name, transitive ones aside."""
    rooms_cmake = root / "src/rooms.cmake"
    if not rooms_cmake.is_file():
        return
    text = rooms_cmake.read_text()
    calls = re.findall(r"^coffer_room\((\S+)\s+DIR\s+(\S+)([^)]*)\)", text, re.M | re.S)
    room_by_target = {name: room_of_file(directory + "/x") for name, directory, _ in calls}
    for name, _, rest in calls:
        uses = re.search(r"USES\s+(.*?)(?:LIBRARIES|$)", rest, re.S)
        room = room_by_target[name]
        for used in uses.group(1).split() if uses else ():
            if room not in ROOMS or room_by_target.get(used) not in allowed(room):
                yield f"src/rooms.cmake: {name} may not use {used}"


def check_tree(root):
    """All that is wrong in the tree, one line each."""
    for tree in TREES:
        for path in sorted((root / tree).rglob("*")):
            if path.suffix in SUFFIXES:
                yield from check_file(root, path.relative_to(root).as_posix())
    yield from check_cmake(root)


def main():
    default = pathlib.Path(__file__).resolve().parent.parent
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    problems = list(check_tree(root))
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
