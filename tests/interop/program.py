"""The program under test, run as a user would: a home of its own, the password by environment."""

import json
import os
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cards import plain, split

TIME_LIMIT = 400
"""Seconds after which one run of the program is given up."""


@dataclass(frozen=True)
class Outcome:
    """What one run left behind."""

    command: str
    code: int
    stdout: str
    stderr: str

    def book(self) -> dict[str, Any]:
        """The one book of a `sync --json` report."""
        try:
            [book] = json.loads(self.stdout)["books"]
        except (ValueError, KeyError) as error:
            raise ValueError(f"no report of one book: {self}") from error
        return book

    def here(self) -> tuple[int, int, int]:
        """What the run created, updated and deleted here."""
        counts = self.book()["here"]
        return counts["created"], counts["updated"], counts["deleted"]

    def __str__(self) -> str:
        return f"$ {self.command}\nexit {self.code}\n{self.stdout[-1500:]}\n{self.stderr[-1500:]}"


class Program:
    """One installation: a binary, a home, a database, and the book it is to sync."""

    def __init__(self, binary: Path, home: Path, url: str, account: tuple[str, str, str]) -> None:
        self.binary = binary
        self.home = home
        self.url = url
        self.username, self.password, self.book = account
        self.database = home / "contacts.db"
        self.outcomes: list[Outcome] = []
        home.mkdir(parents=True)

    def command(self, *arguments: str) -> list[str]:
        """The whole command line."""
        return [str(self.binary), "--database", str(self.database), *arguments]

    def run(self, *arguments: str, password: str | None = None) -> Outcome:
        """Runs the program to its end."""
        done = subprocess.run(
            self.command(*arguments),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIME_LIMIT,
            env=self.environment(password),
        )
        shown = " ".join(["contactcmd", *arguments])
        stdout, stderr = (stream.decode("utf-8", "replace") for stream in (done.stdout, done.stderr))
        self.outcomes.append(Outcome(shown, done.returncode, stdout, stderr))
        return self.outcomes[-1]

    def sync(self, *options: str, password: str | None = None) -> Outcome:
        """`sync carddav --json` of the book."""
        return self.run(*self.sync_words(), "--json", *options, password=password)

    def start_sync(self, *options: str) -> subprocess.Popen[bytes]:
        """The same without waiting for it; its output goes nowhere."""
        quiet = subprocess.DEVNULL
        return subprocess.Popen(
            self.command(*self.sync_words(), "--json", *options),
            stdin=quiet,
            stdout=quiet,
            stderr=quiet,
            env=self.environment(),
        )

    def book_names(self) -> Outcome:
        """`sync carddav --list-addressbooks`, which needs no book named."""
        return self.run(*self.sync_words()[:-2], "--list-addressbooks")

    def contacts(self) -> list[dict[str, Any]]:
        """`list --json`."""
        outcome = self.run("list", "--json")
        if outcome.code != 0:
            raise ValueError(str(outcome))
        return json.loads(outcome.stdout)

    def hrefs(self) -> list[str]:
        """The href of every contact that is linked to a server."""
        links = [link for contact in self.contacts() for link in contact["external_ids"]["carddav"]]
        return sorted(link["href"] for link in links)

    def stored(self) -> Counter[bytes]:
        """Every card as `export vcard --all` writes it, counted, line ends apart."""
        return Counter(map(plain, split(self._export("--all"))))

    def card(self, contact: str) -> bytes:
        """One card as `export vcard WHO` writes it, line ends apart."""
        return plain(self._export(contact))

    def files(self) -> dict[str, bytes]:
        """The bytes of every file in the home, the database among them."""
        paths = [path for path in self.home.rglob("*") if path.is_file()]
        return {str(path.relative_to(self.home)): path.read_bytes() for path in paths}

    def sync_words(self) -> list[str]:
        """`sync carddav` with the server, the user and, last, the book."""
        where = ["--server", self.url, "--username", self.username]
        return ["sync", "carddav", *where, "--addressbook", self.book]

    def _export(self, *what: str) -> bytes:
        file = self.home / "export.vcf"
        outcome = self.run("export", "vcard", *what, "--output", str(file))
        if outcome.code != 0:
            raise ValueError(str(outcome))
        data = file.read_bytes()
        file.unlink()
        return data

    def environment(self, password: str | None = None) -> dict[str, str]:
        """Nothing of the caller's but PATH: no proxy, no session bus whose keychain might answer."""
        return {
            "PATH": os.environ.get("PATH", ""),
            "LANG": "C.UTF-8",
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "XDG_DATA_HOME": str(self.home / "data"),
            "CONTACTCMD_PASSWORD": self.password if password is None else password,
        }
