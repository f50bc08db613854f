"""Malformed HTTP, JSON and paths: a clear 4xx, nothing written, no value echoed, still serving."""

import socket

import pytest

CANARY = "echo-canary"


def raw(vault, message, timeout=20):
    """Sends bytes, gives the status and everything that came back until the daemon closed."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
        s.settimeout(timeout)
        s.connect(str(vault.socket_path))
        s.sendall(message)
        answer = b""
        try:
            while chunk := s.recv(65536):
                answer += chunk
        except ConnectionResetError:
            pass
    return int(answer.split(b" ")[1]) if answer else None, answer


def head(vault, *lines, method="GET", path="/v1/secret/data/x"):
    fields = "".join(f"{line}\r\n" for line in lines)
    return (f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nX-Vault-Token: {vault.root_token}\r\n"
            f"{fields}\r\n").encode()  # fmt: skip


@pytest.fixture(autouse=True)
def nothing_happened(shared_vault):
    sequence = len(shared_vault.client.list("secret/metadata/").body)
    yield
    assert shared_vault.client.get("sys/health").status == 200
    assert len(shared_vault.client.list("secret/metadata/").body) == sequence


@pytest.mark.parametrize(
    "lines",
    [
        ["Content-Length: 1", "Transfer-Encoding: chunked"],
        ["Content-Length: 1", "Content-Length: 2"],
        ["Content-Length: +1"],
        ["Content-Length: 0x1"],
        ["Content-Length: 99999999999999999999"],
        ["Transfer-Encoding: gzip, chunked"],
        ["X-A: a\r\n folded"],
        ["X-A : a"],
        ["X-A: a\nX-B: b"],
        ["X-A: \x01"],
        ["Host: other"],
        ["X-Vault-Token: other"],
        ["no colon"],
    ],
)
def test_heads_that_could_mean_two_things(shared_vault, lines):
    status, answer = raw(shared_vault, head(shared_vault, *lines))
    assert status == 400, answer
    assert b'{"errors":["' in answer and b"Connection: close" in answer


@pytest.mark.parametrize("start", ["GET /v1/x HTTP/1.0", "GET /v1/x HTTP/2.0", "GET  /v1/x HTTP/1.1",
                                   "GET http://h/v1/x HTTP/1.1", "GET v1/x HTTP/1.1", "GET /v1/x",
                                   "GET /v1/x#f HTTP/1.1", "G\x00T /v1/x HTTP/1.1", "\x16\x03\x01"])  # fmt: skip
def test_request_lines(shared_vault, start):
    status, _ = raw(shared_vault, f"{start}\r\nHost: a\r\n\r\n".encode())
    assert status == 400


def test_limits_of_the_head(shared_vault):
    long_line = head(shared_vault, path="/v1/secret/data/" + "a" * 4096)
    many = head(shared_vault, *[f"X-{n}: a" for n in range(65)])
    large = head(shared_vault, *[f"X-{n}: {'a' * 1000}" for n in range(17)])
    for message in (long_line, many, large):
        status, answer = raw(shared_vault, message)
        assert status == 413, answer[:200]


def test_limits_of_the_body(shared_vault):
    over = head(shared_vault, f"Content-Length: {1024 * 1024 + 1}", method="PUT")
    assert raw(shared_vault, over)[0] == 413
    login = head(shared_vault, f"Content-Length: {64 * 1024 + 1}", method="PUT",
                 path="/v1/auth/userpass/login/bob")  # fmt: skip
    assert raw(shared_vault, login)[0] == 413


def test_pipelined_requests_are_refused(shared_vault):
    status, answer = raw(shared_vault, head(shared_vault) * 2)
    assert status == 400 and b"pipelined" in answer


def test_slow_heads_are_cut_after_five_seconds(shared_vault):
    status, answer = raw(shared_vault, b"GET /v1/sys/health HTTP/1.1\r\nX-A: ", timeout=12)
    assert status is None and answer == b""


@pytest.mark.parametrize(
    "body",
    [
        b"{", b"[]", b'"x"', b"1", b"{}x", b"\xef\xbb\xbf{}", b'{"data":{"a":NaN}}',
        b'{"data":{"a":1e999}}', b'{"data":{"a":"\xff"}}', b'{"data":{"a":"\\ud800"}}',
        b'{"data":{},"data":{}}', b'{"data":{"a":1,"a":2}}', b'{"data":{"a":' + b"[" * 40 + b"]" * 40 + b"}}",
        b'{"data":' + b"[" * 100000, b'{"data":{"a":"\x01"}}', b'{"data":{"a":\'x\'}}',
    ],
)  # fmt: skip
def test_json_that_is_none(shared_vault, body):
    answer = shared_vault.client.post("secret/data/x", body.replace(b"x", CANARY.encode()))
    assert answer.status == 400
    assert CANARY not in answer.body.decode()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "data"), ({"data": None}, "data"), ({"data": CANARY}, "data"), ({"data": [CANARY]}, "data"),
        ({"data": 1}, "data"), ({"data": True}, "data"),
        ({"data": {}, "options": CANARY}, "options"), ({"data": {}, "options": [1]}, "options"),
        ({"data": {}, "options": {"cas": CANARY}}, "cas"), ({"data": {}, "options": {"cas": 1.5}}, "cas"),
        ({"data": {}, "options": {"cas": []}}, "cas"), ({"data": {}, "options": {"cas": {}}}, "cas"),
        ({"data": {}, "options": {"cas": True}}, "cas"),
    ],
)  # fmt: skip
def test_wrong_types_name_the_field_and_not_the_value(shared_vault, body, field):
    answer = shared_vault.client.post("secret/data/x", body)
    assert answer.status == 400
    assert field in answer.errors[0]
    assert CANARY not in answer.body.decode()


@pytest.mark.parametrize("query", [f"version={CANARY}", "version=-1", "version=1.5", "version=1&version=2",
                                   "version=99999999999999999999", "list=maybe"])  # fmt: skip
def test_bad_queries(shared_vault, query):
    answer = shared_vault.client.get(f"secret/data/x?{query}")
    assert answer.status == 400
    assert CANARY not in answer.body.decode()


@pytest.mark.parametrize(
    "path",
    ["..", "a/../b", "a/./b", "a//b", "%2e%2e/b", "a/%2e%2e/b", "a/%252e%252e/b", "a%00b", "a%0ab",
     "a%5cb", "a\\b", "%c0%ae", "%ff", "%ef%bc%8f", "a%", "a%2", "a%zz", "%20a", "a%20", "a.", "a/.",
     "a" * 256, "/".join(["a"] * 40)],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "LIST"])
def test_paths_have_one_form(shared_vault, method, path):
    body = {"data": {}} if method == "PUT" else None
    kind = "metadata" if method == "LIST" else "data"
    answer = shared_vault.request(method, f"secret/{kind}/{path}", body)
    assert answer.status == 400, (method, path, answer.body)


def test_bodies_that_are_not_json_are_415(shared_vault):
    for headers in (
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Encoding": "gzip"},
    ):
        answer = shared_vault.client.post("secret/data/x", b"a=b", headers=headers)
        assert answer.status == 415
    assert shared_vault.request("PATCH", "secret/data/x", {"data": {}}).status == 415


@pytest.mark.parametrize("header", ["X-Vault-Wrap-TTL", "X-Vault-Namespace"])
def test_headers_that_would_change_the_meaning_are_not_ignored(shared_vault, header):
    assert shared_vault.client.get("secret/data/x", headers={header: "60"}).status == 400
