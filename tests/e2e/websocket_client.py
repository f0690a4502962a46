"""A WebSocket client that reads only when asked to: what a slow reader does is under the test's control."""
import base64
import json
import os
import socket
import struct

import http_probe


class Closed(Exception):
    """The server said goodbye; `code` is its reason, None when the connection just ended."""

    def __init__(self, code, text=""):
        super().__init__(f"{code} {text}")
        self.code = code


class WebSocket:
    def __init__(self, port, path, headers, receive_bytes=None):
        self.sock = socket.socket()
        if receive_bytes:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.sock.settimeout(20)
        self.sock.connect(("127.0.0.1", port))
        self.sock.sendall(http_probe.request_bytes("GET", path, {
            "Host": f"127.0.0.1:{port}", "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(), **headers}))
        head = b""
        while not head.endswith(b"\r\n\r\n"):  # byte by byte: what follows are frames
            byte = self.sock.recv(1)
            assert byte, head
            head += byte
        assert head.startswith(b"HTTP/1.1 101 "), head

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            piece = self.sock.recv(count - len(data))
            if not piece:
                raise Closed(None)
            data += piece
        return data

    def _frame(self):
        first, second = self._exactly(2)
        length = second & 0x7F
        if length == 126:
            length, = struct.unpack(">H", self._exactly(2))
        elif length == 127:
            length, = struct.unpack(">Q", self._exactly(8))
        assert first & 0x80 and not second & 0x80, "servers send whole frames without a mask"
        return first & 0x0F, self._exactly(length)

    def _send(self, opcode, payload):
        mask = os.urandom(4)
        assert len(payload) < 126
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
        self.sock.sendall(bytes([0x80 | opcode, 0x80 | len(payload)]) + mask + masked)

    def read(self):
        """The next message as JSON; raises Closed. Pings are answered on the way."""
        while True:
            opcode, payload = self._frame()
            if opcode == 1:
                return json.loads(payload)
            if opcode == 8:
                code = struct.unpack(">H", payload[:2])[0] if len(payload) >= 2 else None
                raise Closed(code, payload[2:].decode())
            if opcode == 9:
                self._send(10, payload)

    def send_text(self, text):
        self._send(1, text.encode())

    def close(self):
        self.sock.close()
