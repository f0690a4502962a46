"""HTTP byte by byte: sends what no decent client would, and holds refusals against the one error shape."""
import json
import socket

CODES = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
         405: "UNIMPLEMENTED", 409: ("ALREADY_EXISTS", "ABORTED"), 413: "INVALID_ARGUMENT", 415: "INVALID_ARGUMENT",
         422: "FAILED_PRECONDITION", 429: "RESOURCE_EXHAUSTED", 431: "INVALID_ARGUMENT"}


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)


def read_answer(sock, head_only=False):
    """One answer of the connection; None when the server closed it without one."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = sock.recv(65536)
        if not piece:
            assert not data, data
            return None
        data += piece
    head, body = data.split(b"\r\n\r\n", 1)
    lines = head.decode("latin-1").split("\r\n")
    headers = {}
    for line in lines[1:]:
        name, value = line.split(":", 1)
        headers[name.strip().lower()] = value.strip()
    length = 0 if head_only else int(headers.get("content-length", 0))
    while len(body) < length:
        piece = sock.recv(65536)
        assert piece, "the server closed the connection inside an answer"
        body += piece
    return Answer(int(lines[0].split(" ")[1]), headers, body[:length])


def exchange(port, data, shut=False):
    """Sends the bytes over a connection of its own; `shut` says that no more will come."""
    with socket.create_connection(("127.0.0.1", port), 10) as sock:
        try:
            sock.sendall(data)
            if shut:
                sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # refused before all was sent: the answer is there
        return read_answer(sock)


def request_bytes(method, path, headers, body=b""):
    lines = [f"{method} {path} HTTP/1.1"] + [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body


def sign_in(suite):
    """The headers of a browser that has signed in, and its CSRF token."""
    port = suite.layout.ports["http"]
    host = f"127.0.0.1:{port}"
    body = ('{"token":"' + suite.environment["BALLAST_TOKEN"] + '"}').encode()
    answer = exchange(port, request_bytes(
        "POST", "/api/session", {"Host": host, "Origin": f"http://{host}", "Content-Type": "application/json",
                                 "Content-Length": str(len(body))}, body))
    assert answer.status == 200, answer.body
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
    return {"Cookie": cookie.split(";")[0], "Origin": f"http://{host}"}, answer.json["csrf_token"]


def check_refusal(protos, what, answer, code, field=None):
    """The one error shape, complete and without contradiction; `field`: one of its violations."""
    assert answer is not None, f"{what}: no answer"
    assert answer.status == code, f"{what}: {answer.status} instead of {code}: {answer.body[:300]}"
    assert answer.headers["content-type"] == "application/json", what
    assert answer.headers["x-content-type-options"] == "nosniff", what
    # Who may not is told how, who cannot is told what is possible.
    assert code != 401 or answer.headers["www-authenticate"] == "Bearer", what
    assert code != 405 or answer.headers["allow"], what
    error = answer.json["error"]
    assert set(error) == {"status", "code", "message", "reason", "violations", "request_id"}, what
    assert error["code"] == code and error["status"] in CODES[code], f"{what}: {error}"
    assert error["message"] and error["request_id"] == answer.headers["x-request-id"], f"{what}: {error}"
    reasons = protos.type.RejectReason.keys()
    assert error["reason"] in reasons, f"{what}: {error}"
    for violation in error["violations"]:
        assert set(violation) == {"field", "reason", "message"} and violation["reason"] in reasons, f"{what}: {error}"
        assert violation["message"], f"{what}: {error}"
    if field is not None:
        assert field in [violation["field"] for violation in error["violations"]], f"{what}: {error}"
    # Nobody is helped by the inside, and it is nobody's business.
    for word in ("pqxx", "SELECT", "exception", "/work", "std::", "ipv4:"):
        assert word not in error["message"], f"{what}: {error}"
