"""The layer check itself: each kind of bad edge is seen, each allowed one passes."""

import importlib.util
import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
SPEC = importlib.util.spec_from_file_location("check_layers", ROOT / "scripts/check_layers.py")
check_layers = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(check_layers)


def problems_of(tmp_path, files):
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return list(check_layers.check_tree(tmp_path))


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("src/model/fields.cpp", "#include <nlohmann/json.hpp>"),
        ("src/model/fields.cpp", '#include "coffer/model/fields.h"'),
        ("src/audit/log.cpp", '#include "coffer/crypto/digest.h"'),
        ("src/store/sqlite.cpp", "#include <sqlite3.h>"),
        ("src/store/sqlite.cpp", "#include <sys/stat.h>"),
        ("src/store/sqlite.cpp", "#include <vector>"),
        ("src/engines/kv/kv.cpp", '#include "coffer/engine/engine.h"'),
        ("src/engines/database/pg.cpp", '#include "coffer/connectors/postgres.h"'),
        ("src/daemon/main.cpp", '#include "coffer/engines/kv/kv.h"'),
        ("src/daemon/main.cpp", "#include <boost/beast/http.hpp>"),
        ("src/base/secure_bytes.cpp", "#include <openssl/crypto.h>"),
        ("pkcs11/src/module.cpp", "#include <p11-kit/pkcs11.h>"),
        ("pkcs11/include/coffer/pkcs11/token.h", '#include "coffer/base/result.h"'),
    ],
)
def test_allows_an_edge_of_the_table(tmp_path, path, line):
    assert problems_of(tmp_path, {path: line + "\n"}) == []


@pytest.mark.parametrize(
    ("path", "line", "said"),
    [
        ("src/model/a.cpp", '#include "coffer/crypto/digest.h"', "model may not use crypto"),
        ("src/base/a.cpp", '#include "coffer/model/fields.h"', "base may not use model"),
        ("src/core/a.cpp", '#include "coffer/engines/kv/kv.h"', "core may not use engines/kv"),
        ("src/engines/kv/a.cpp", '#include "coffer/store/store.h"', "may not use store"),
        ("src/engines/kv/a.cpp", '#include "coffer/engines/ssh/ssh.h"', "may not use engines/ssh"),
        ("src/faces/vault/a.cpp", '#include "coffer/daemon/config.h"', "may not use daemon"),
        ("src/audit/a.cpp", '#include "coffer/envelope/keyring.h"', "may not use envelope"),
        ("pkcs11/src/a.cpp", '#include "coffer/model/fields.h"', "pkcs11 may not use model"),
        ("include/coffer/store/a.h", '#include "coffer/crypto/aead.h"', "may not use crypto"),
        ("src/core/a.cpp", '#include "coffer/nowhere/x.h"', "no such room"),
        ("src/attic/a.cpp", "#include <vector>", "belongs to no room"),
    ],
)
def test_refuses_an_edge_between_rooms(tmp_path, path, line, said):
    (problem,) = problems_of(tmp_path, {path: line + "\n"})
    assert said in problem
    assert problem.startswith(path)


@pytest.mark.parametrize(
    ("path", "header"),
    [
        ("src/audit/a.cpp", "openssl/evp.h"),
        ("src/base/secure_bytes.cpp", "openssl/evp.h"),
        ("src/base/clock.cpp", "openssl/crypto.h"),
        ("src/crypto/a.cpp", "p11-kit/pkcs11.h"),
        ("src/envelope/a.cpp", "sqlite3.h"),
        ("src/store/a.cpp", "libpq-fe.h"),
        ("src/faces/vault/a.cpp", "nlohmann/json.hpp"),
        ("src/core/a.cpp", "boost/asio.hpp"),
        ("src/faces/vault/a.cpp", "boost/beast/http.hpp"),
        ("src/core/a.cpp", "curl/curl.h"),
        ("src/model/a.cpp", "boost/regex.hpp"),
        ("src/model/a.cpp", "some_new_library/x.h"),
    ],
)
def test_refuses_a_library_outside_of_its_room(tmp_path, path, header):
    (problem,) = problems_of(tmp_path, {path: f"#include <{header}>\n"})
    assert f"<{header}>" in problem


def test_names_file_and_line(tmp_path):
    text = '#include <vector>\n\n  #  include "coffer/core/door.h"\n'
    (problem,) = problems_of(tmp_path, {"src/store/a.cpp": text})
    assert problem.startswith("src/store/a.cpp:3: ")


def test_private_headers_stay_in_their_folder(tmp_path):
    files = {
        "src/store/a.cpp": '#include "rows.h"\n#include "../core/door.h"\n#include "gone.h"\n',
        "src/store/rows.h": "#pragma once\n",
        "src/core/door.h": "#pragma once\n",
    }
    assert [p.split(":")[1] for p in problems_of(tmp_path, files)] == ["2", "3"]


def test_sees_a_bad_link_in_the_build_files(tmp_path):
    cmake = (
        "coffer_room(base DIR src/base LIBRARIES x)\n"
        "coffer_room(crypto DIR src/crypto USES base LIBRARIES OpenSSL::Crypto)\n"
        "coffer_room(store DIR src/store USES base crypto\n            LIBRARIES sqlite)\n"
    )
    problems = problems_of(tmp_path, {"src/rooms.cmake": cmake})
    assert problems == ["src/rooms.cmake: store may not use crypto"]


def test_every_row_names_only_rooms_above_it():
    seen = []
    for room, row in check_layers.ROOMS.items():
        assert row == "all above" or set(row) <= set(seen), room
        seen.append(room)


def documented_rooms():
    rows = {}
    for line in (ROOT / "docs/architecture.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 3 and cells[0].startswith("`"):
            rows[cells[0].strip("`")] = cells[2]
    return rows


def test_the_architecture_page_tells_the_same_table():
    documented = documented_rooms()
    in_table = {
        room: row if row == "all above" else ", ".join(row)
        for room, row in check_layers.ROOMS.items()
        if room in documented or not room.startswith("engines/")
    }
    assert documented == in_table
    assert list(documented) == list(in_table), "the order of the house"
