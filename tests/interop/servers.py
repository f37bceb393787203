"""The real servers: started on a free loopback port with a password, stopped by their own handle."""

import base64
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from dav import Dav

USER = "alice"
PASSWORD = "colon: blank +/ %41 é"
"""Hard on a client: Basic splits at the first colon, and RFC 7617 wants UTF-8."""

HERE = Path(__file__).parent


class Server:
    """One running server. Subclasses say how it is started and what it calls things."""

    name = ""
    forgetful = False
    """Whether `forget_tokens` can be asked for."""
    many = 1000
    """Cards of the first push."""

    def __init__(self, venv: Path, folder: Path) -> None:
        self.bin = venv / "bin"
        self.folder = folder
        self.data = folder / "data"
        self.log = folder / "server.log"
        self.data.mkdir(parents=True)
        self.process: subprocess.Popen[bytes] | None = None
        self.port = 0

    def command(self) -> list[str]:
        raise NotImplementedError

    def home(self) -> str:
        """The path below which the books are."""
        raise NotImplementedError

    def prepare(self, dav: Dav) -> None:
        """What must be there before a book can be created."""

    def forget_tokens(self) -> None:
        """Makes the server forget every sync token it gave, and which cards it once had."""
        raise NotImplementedError

    def start(self) -> None:
        """Starts the server and returns when it answers a login; raises with its log if it never does."""
        # Another process may take the port between the question and the start.
        for _ in range(3):
            self.port = free_port()
            with self.log.open("ab") as log:
                self.process = subprocess.Popen(
                    self.command(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=os.environ | {"HOME": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"},
                    start_new_session=True,
                )
            if self._answers():
                return
            self.stop()
        raise RuntimeError(f"{self.name} does not start:\n{self.log.read_text()[-2000:]}")

    def dav(self) -> Dav:
        """The other client, at the server itself and not through the proxy."""
        return Dav(f"http://127.0.0.1:{self.port}/", USER, PASSWORD)

    def stop(self) -> None:
        """Stops the server and what it started, by its process group."""
        if self.process is None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, number)
                self.process.wait(10)
                break
            except ProcessLookupError:
                break
            except subprocess.TimeoutExpired:
                continue
        self.process = None

    def _answers(self) -> bool:
        for _ in range(150):
            if self.process is None or self.process.poll() is not None:
                return False
            try:
                if self.dav().request("PROPFIND", "/", Depth="0").status == 207:
                    return True
            except OSError:
                pass
            time.sleep(0.1)
        return False


class Radicale(Server):
    """Rewrites every card it is given, closes after every answer, forgets tokens when told."""

    name = "radicale"
    forgetful = True
    # It reads every card of the book again for each PUT: a thousand take it minutes.
    many = 300

    def command(self) -> list[str]:
        users = self.folder / "users"
        users.write_text(f"{USER}:{PASSWORD}\n", encoding="utf-8")
        config = self.folder / "config"
        config.write_text(
            f"[server]\nhosts = 127.0.0.1:{self.port}\n"
            f"[auth]\ntype = htpasswd\nhtpasswd_filename = {users}\n"
            # The default delay after a wrong password is a second: only slower, not different.
            "htpasswd_encryption = plain\ndelay = 0.1\n"
            f"[storage]\nfilesystem_folder = {self.data}\n"
            "[logging]\nlevel = warning\n"
        )
        return [str(self.bin / "python"), "-m", "radicale", "--config", str(config)]

    def home(self) -> str:
        return f"/{USER}/"

    def forget_tokens(self) -> None:
        # Tokens and the history of deletions are a cache, which administrators do clear.
        for folder in list(self.data.rglob(".Radicale.cache")):
            shutil.rmtree(folder)


class Xandikos(Server):
    """Keeps every byte, answers a token it does not know with 412, keeps connections."""

    name = "xandikos"

    def command(self) -> list[str]:
        users = self.folder / "users"
        # The only form of htpasswd that Xandikos reads without another package.
        digest = base64.b64encode(hashlib.sha1(PASSWORD.encode()).digest()).decode()
        users.write_text(f"{USER}:{{SHA}}{digest}\n")
        script = str(HERE / "xandikos_with_password.py")
        return [str(self.bin / "python"), script, str(self.data), str(self.port), str(users), USER]

    def home(self) -> str:
        return f"/{USER}/contacts/"

    def prepare(self, dav: Dav) -> None:
        dav.request("MKCOL", f"/{USER}/contacts/")
        dav.request("MKCOL", f"/{USER}/calendars/")


SERVERS = {server.name: server for server in (Radicale, Xandikos)}

PACKAGES = ["radicale==3.9.0", "xandikos==0.4.10"]
"""Pinned: a new release of a server must not turn an unchanged program red."""


def environment(folder: Path) -> Path:
    """A virtual environment in `folder` with the servers, made on the first call."""
    stamp = folder / "contactcmd-interop"
    wanted = "\n".join([sys.version, *PACKAGES])
    if not stamp.exists() or stamp.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, "--disable-pip-version-check", *PACKAGES], check=True, timeout=600)
        stamp.write_text(wanted)
    return folder


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]
