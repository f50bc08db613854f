"""The tables of docs/api.md and docs/api/, as data: which paths there are, who may use them, and
which fields they take. Tests hold the server against them."""

import dataclasses
import pathlib
import re

from harness import ROOT

PAGES = [ROOT / "docs/api.md", ROOT / "docs/api/sys.md", ROOT / "docs/api/ssh.md", ROOT / "docs/api/totp.md",
         ROOT / "docs/api/leases.md", ROOT / "docs/api/database.md",
         ROOT / "docs/api/leaks.md"]
OPERATIONS = {
    "GET": "read", "LIST": "list", "SCAN": "scan", "POST": "update", "PATCH": "patch",
    "DELETE": "delete",
}  # fmt: skip
MOUNTS = ["secret/", "kv/", "ssh/", "totp/", "database/", "auth/token/", "auth/unix/", "sys/"]
# Of these, what a development vault has to be given: path by type.
TO_ENABLE = {"kv": "kv-v1", "ssh": "ssh", "totp": "totp", "database": "database"}

# Of fields that stand in a row itself; those of longer lists have their type beside them.
TYPES = {
    "integer": ["version", "depth", "options.cas", "max_versions", "activecode", "sealedcode",
                "uninitcode", "tokendowncode", "rows", "bytes", "offset", "after_version"],
    "boolean": ["cas_required", "reset", "force", "passed"],
    "duration": ["delete_version_after", "increment", "wait"],
    "object": ["data", "custom_metadata"],
    "list": ["versions", "paths", "path", "files"],
    "string": ["token", "accessor", "key", "from", "to", "policy", "rules", "input", "format",
               "source", "algorithm", "after", "code", "lease_id", "stage", "challenge", "backup", "note",
               "kind", "reason", "serial", "mount"],
}  # fmt: skip
TYPE_OF = {field: kind for kind, fields in TYPES.items() for field in fields}

_ROW = re.compile(r"^`([A-Z]+) ([^` ]+)`( \(open\)| \(sudo\))?$")
_NAME = re.compile(r"`([a-z_.]+)`")
_LINK = re.compile(r"\[[^\]]+\]\(#([a-z-]+)\)")


@dataclasses.dataclass(frozen=True)
class Row:
    method: str
    path: str  # as the page spells it: auth/token/roles/ROLE
    open: bool
    sudo: bool
    fields: dict  # by dotted name, the type

    def __str__(self):
        return f"{self.method} {self.path}"

    @property
    def mount(self):
        return next(mount for mount in MOUNTS if self.path.startswith(mount))

    @property
    def rule(self):
        """As the router has it: "read auth/token/roles/+"."""
        parts = ["*" if p == "PATH" else "+" if p.isupper() else p for p in self.path.split("/")]
        listing = self.method in ("LIST", "SCAN") and parts[-1] != "*"
        return f"{OPERATIONS[self.method]} {'/'.join(parts)}{'/' if listing else ''}"

    def concrete(self, **names):
        """A path to send: capitals replaced by a name, or by the one that is given for them."""
        return "/".join(names.get(p, "inventory") if p.isupper() else p for p in self.path.split("/"))


SSH_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGEIh4eCheTS4va1ZYfVv0kOg7nXlAeNzTvhviCBOsQM"


def enable_all(client):
    """And what requests to these lean on."""
    for path, kind in TO_ENABLE.items():
        answer = client.post(f"sys/mounts/{path}", {"type": kind})
        assert answer.status == 204, answer.body
    assert client.post("ssh/config/ca", {}).status == 200
    role = {"key_type": "ca", "allow_user_certificates": True, "allowed_users": "u", "allow_user_key_ids": True}
    assert client.post("ssh/roles/inventory", role).status == 204
    seed = {"generate": True, "issuer": "i", "account_name": "a"}
    assert client.post("totp/keys/inventory", seed).status == 200


def _cells(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _field_tables(lines):
    """{anchor: {field: type}} of the tables that begin with | field | type |."""
    tables, anchor, inside = {}, None, False
    for line in lines:
        if line.startswith("#"):
            anchor = line.lstrip("# ").strip().lower().replace(" ", "-")
        inside = line.startswith("| field | type |") or (inside and line.startswith("|"))
        if inside and (name := _NAME.match(_cells(line)[0])):
            tables.setdefault(anchor, {})[name[1]] = _cells(line)[1]
    return tables


def _fields(cell, tables):
    if link := _LINK.search(cell):
        return tables[link[1]]
    return {name: TYPE_OF[name] for name in _NAME.findall(cell)}


def rows():
    """Every path that the pages name."""
    found = []
    for page in PAGES:
        lines = pathlib.Path(page).read_text().splitlines()
        tables = _field_tables(lines)
        for line in lines:
            if not line.startswith("| `") or not (match := _ROW.match(_cells(line)[0])):
                continue
            method, path, mark = match.groups()
            fields = _fields(_cells(line)[1], tables)
            found.append(Row(method, path, "open" in (mark or ""), "sudo" in (mark or ""), fields))
    return found
