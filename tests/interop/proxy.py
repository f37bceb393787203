"""A proxy between the program and a server that writes down every request.

It passes bytes on as they are, closes when the server closes, and can hold an answer back (to kill
the program at a known moment) or exchange a body (to present a sync token of another life).
"""

import re
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Seen:
    """One request as the server saw it; `status` is 0 until it has answered."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    status: int = 0

    def __str__(self) -> str:
        return f"{self.method} {self.path} -> {self.status or 'no answer'}"


@dataclass
class Hold:
    """Keeps back the answers to the requests that `when` picks, until released."""

    when: Callable[[Seen], bool]
    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)


class Proxy:
    """Listens on a free loopback port in front of the server at `port`."""

    def __init__(self, port: int) -> None:
        self.upstream = ("127.0.0.1", port)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/"
        self.lock = threading.Lock()
        self.log: list[Seen] = []
        self.holding: Hold | None = None
        self.exchange: Callable[[Seen], bytes] | None = None
        threading.Thread(target=self._accept, daemon=True).start()

    def mark(self) -> int:
        """How many requests there were so far, for `since`."""
        with self.lock:
            return len(self.log)

    def since(self, mark: int) -> list[Seen]:
        """The requests after `mark`, oldest first."""
        with self.lock:
            return self.log[mark:]

    def hold(self, when: Callable[[Seen], bool]) -> Hold:
        """Starts holding; the caller waits for `reached` and must call `release`."""
        self.holding = Hold(when)
        return self.holding

    def release(self) -> None:
        """Lets every held answer go and holds no more."""
        if self.holding:
            self.holding.released.set()
        self.holding = None

    def close(self) -> None:
        """Stops listening; connections end with their peers."""
        self.release()
        # A blocked accept keeps the port open on Linux until the socket is shut down.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            with client, socket.create_connection(self.upstream, timeout=120) as server:
                for peer in (client, server):
                    peer.settimeout(120)
                    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with client.makefile("rb") as requests, server.makefile("rb") as replies:
                    while self._pass_on(client, server, requests, replies):
                        pass
        except (OSError, ValueError):
            # A killed program or a stopped server: both ends are closed by the `with`.
            return

    def _pass_on(self, client, server, requests, replies) -> bool:
        """Passes one request and its answer on; says whether the connection lives."""
        first, headers, raw = read_head(requests)
        if not first:
            return False
        method, path, _ = first.split(" ", 2)
        body = read_body(requests, headers, until_close=False)
        seen = Seen(method, path, headers, body)
        with self.lock:
            self.log.append(seen)
        if self.exchange:
            body = self.exchange(seen)
            raw = re.sub(rb"(?i)(\r\ncontent-length:)[ \d]+", rb"\1 %d" % len(body), raw)
        server.sendall(raw + body)
        answer, lives = self._answer(seen, replies)
        holding = self.holding
        if holding and holding.when(seen):
            holding.reached.set()
            holding.released.wait(120)
        client.sendall(answer)
        return lives

    def _answer(self, seen: Seen, replies) -> tuple[bytes, bool]:
        """Reads the final answer: its bytes, and whether the server keeps the connection."""
        before = b""
        while True:
            first, headers, raw = read_head(replies)
            if not first:
                raise OSError("the server closed without an answer")
            status = int(first.split(" ", 2)[1])
            if status >= 200:
                break
            before += raw
        empty = seen.method == "HEAD" or status in (204, 304)
        sized = "content-length" in headers or "transfer-encoding" in headers
        body = b"" if empty else read_body(replies, headers, until_close=True)
        seen.status = status
        lives = first.startswith("HTTP/1.1") and headers.get("connection", "").lower() != "close"
        return before + raw + body, lives and (sized or empty)


def read_head(stream) -> tuple[str, dict[str, str], bytes]:
    """The first line, the fields by their names in small letters, and the bytes of both."""
    raw, headers = b"", {}
    first = stream.readline()
    raw += first
    while first:
        line = stream.readline()
        raw += line
        if line in (b"\r\n", b"\n", b""):
            break
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    return first.decode("latin-1").strip(), headers, raw


def read_body(stream, headers: dict[str, str], until_close: bool) -> bytes:
    """The body as it stood on the wire (chunks keep their frames)."""
    if "chunked" in headers.get("transfer-encoding", "").lower():
        raw, size = b"", 1
        while size:
            line = stream.readline()
            size = int(line.split(b";")[0], 16)
            raw += line + stream.read(size) + stream.readline()
        return raw
    if "content-length" in headers:
        return stream.read(int(headers["content-length"]))
    return stream.read() if until_close else b""
