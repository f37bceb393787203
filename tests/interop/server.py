"""A real server for the tests: started on a free loopback port with a password, stopped by its own
handle."""

import getpass
import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import packages
from dav import Dav

USER = "alice"
PASSWORD = "colon: blank +/ %41 é"
"""Hard on a client: Basic splits at the first colon, and RFC 7617 wants UTF-8."""

HERE = Path(__file__).parent

PATIENCE = 60
"""Seconds that a server has to answer its first request."""


@dataclass(frozen=True)
class Running:
    """A process that was started, and the signal that makes it end well."""

    process: subprocess.Popen[bytes]
    stop: signal.Signals


class Server:
    """One running server. Subclasses say how it is started and what it calls things."""

    name = ""
    packages: tuple[str, ...] = ()
    """The Debian packages it needs."""
    root = "/"
    """A path that answers a PROPFIND with 207 when the server is up."""
    forgetful = False
    """Whether `forget_tokens` can be asked for."""
    handshake = 0
    """Requests at the start of a run that only learn how to log in."""
    shares_etags = False
    """Whether its ETags are counters, the same for many cards: they tell a change and no identity."""
    many = 1000
    """Cards of the first push."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.log = folder / "server.log"
        self.data.mkdir(parents=True)
        self.running: list[Running] = []
        self.port = 0

    def install(self) -> None:
        """Makes sure that the server is on this machine; raises when it cannot be had."""
        packages.install(self.packages)

    def set_up(self) -> None:
        """What is done once, before the first start."""

    def launch(self) -> None:
        """Starts the processes that make up the server, which is to listen at `self.port`."""

    def home(self) -> str:
        """The path below which the books are."""
        raise NotImplementedError

    def calendars(self) -> str:
        """The path below which calendars are: beside the books, unless the server forbids it."""
        return self.home()

    def called(self, path: str, name: str) -> str:
        """What the server says the collection at `path` is called, when it was made as `name`."""
        return name

    def prepare(self, dav: Dav) -> None:
        """What must be there before a book can be created."""

    def forget_tokens(self) -> None:
        """Makes the server forget every sync token it gave, and which cards it once had."""
        raise NotImplementedError

    def start(self) -> None:
        """Starts the server and returns when it answers a login; raises with its log if it never does."""
        self.install()
        self.set_up()
        # Another process may take the port between the question and the start.
        for _ in range(3):
            self.port = free_port()
            self.launch()
            if self.within(PATIENCE, self.answers):
                return
            self.stop()
        raise RuntimeError(f"{self.name} does not start:\n{self.log.read_text()[-2000:]}")

    def answers(self) -> bool:
        """Whether it answers a login."""
        try:
            return self.dav().request("PROPFIND", self.root, Depth="0").status == 207
        except OSError:
            return False

    def dav(self) -> Dav:
        """The other client, at the server itself and not through the proxy."""
        return Dav(f"http://127.0.0.1:{self.port}/", USER, PASSWORD)

    def stop(self) -> None:
        """Stops what was started, the last first, each by its process group."""
        while self.running:
            one = self.running.pop()
            for number in (one.stop, signal.SIGKILL):
                try:
                    os.killpg(one.process.pid, number)
                    one.process.wait(10)
                    break
                except ProcessLookupError:
                    break
                except subprocess.TimeoutExpired:
                    continue

    # For subclasses

    def spawn(self, *command: str | Path, stop: signal.Signals = signal.SIGTERM, **more) -> None:
        """Starts a process in a group of its own; what it says goes to the log."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment(),
                cwd=self.folder,
                start_new_session=True,
                **more,
            )
        self.running.append(Running(process, stop))

    def call(self, *command: str | Path, **more) -> bytes:
        """Runs a command to its end and returns what it said; raises with that when it fails."""
        done = subprocess.run(
            command,
            env=self.environment(),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE,
            **more,
        )
        if done.returncode != 0:
            said = done.stdout.decode(errors="replace")
            raise RuntimeError(f"{command}: exit {done.returncode}\n{said[-1500:]}")
        return done.stdout

    def environment(self) -> dict[str, str]:
        return os.environ | {"HOME": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"}

    def within(self, seconds: float, holds) -> bool:
        """Waits until `holds()`; gives up after `seconds`, or when a process has ended."""
        end = time.monotonic() + seconds
        while not holds():
            ended = any(one.process.poll() is not None for one in self.running)
            if ended or time.monotonic() > end:
                return False
            time.sleep(0.1)
        return True


class Daemon(Server):
    """A server that root must not or need not run: its processes and its folder are nobody's."""

    groups: tuple[str, ...] = ()
    """The groups of which its processes are members, to read what packages keep from others."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        # A server that opens its log again must be able to.
        self.log.touch()
        for path in (self.folder, self.data, self.log):
            self.give(path)

    def give(self, path: Path) -> Path:
        """Makes `path`, a folder unless it is there, the property of the processes."""
        if not path.exists():
            path.mkdir()
        if as_root():
            shutil.chown(path, NOBODY["user"], NOBODY["group"])
        return path

    def spawn(self, *command: str | Path, stop: signal.Signals = signal.SIGTERM, **more) -> None:
        super().spawn(*command, stop=stop, **more, **self.unprivileged())

    def call(self, *command: str | Path, **more) -> bytes:
        return super().call(*command, **more, **self.unprivileged())

    def unprivileged(self) -> dict:
        """How subprocess is told to give root's rights away, if there are any."""
        return NOBODY | {"extra_groups": self.groups} if as_root() else {}


NOBODY = {"user": "nobody", "group": "nogroup"}


def as_root() -> bool:
    return os.geteuid() == 0


def daemon_user() -> str:
    """Who the processes of a `Daemon` belong to."""
    return NOBODY["user"] if as_root() else getpass.getuser()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]
