"""Radicale and Xandikos, from PyPI in a virtual environment."""

import base64
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from dav import Dav
from server import HERE, PASSWORD, USER, Server

VENV = Path(os.environ.get("CONTACTCMD_VENV", HERE.parents[1] / ".venv"))

WANTED = ["radicale==3.9.0", "xandikos==0.4.10"]
"""Pinned: a new release of a server must not turn an unchanged program red."""


class FromPyPI(Server):
    """A server written in Python."""

    def install(self) -> None:
        stamp = VENV / "contactcmd-interop"
        wanted = "\n".join([sys.version, *WANTED])
        if not stamp.exists() or stamp.read_text() != wanted:
            subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
            pip = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--quiet"]
            subprocess.run([*pip, "--disable-pip-version-check", *WANTED], check=True, timeout=600)
            stamp.write_text(wanted)

    def python(self, *words: str | Path) -> None:
        """Starts the Python of the environment."""
        self.spawn(VENV.absolute() / "bin" / "python", *words)


class Radicale(FromPyPI):
    """Rewrites every card it is given, closes after every answer, forgets tokens when told."""

    name = "radicale"
    forgetful = True
    # It reads every card of the book again for each PUT: a thousand take it minutes.
    many = 300

    def launch(self) -> None:
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
        self.python("-m", "radicale", "--config", config)

    def home(self) -> str:
        return f"/{USER}/"

    def forget_tokens(self) -> None:
        # Tokens and the history of deletions are a cache, which administrators do clear.
        for folder in list(self.data.rglob(".Radicale.cache")):
            shutil.rmtree(folder)


class Xandikos(FromPyPI):
    """Keeps every byte, answers a token it does not know with 412, keeps connections."""

    name = "xandikos"
    # Each PUT is a commit of the whole book to git.
    many = 300

    def launch(self) -> None:
        users = self.folder / "users"
        # The only form of htpasswd that Xandikos reads without another package.
        digest = base64.b64encode(hashlib.sha1(PASSWORD.encode()).digest()).decode()
        users.write_text(f"{USER}:{{SHA}}{digest}\n")
        self.python(HERE / "xandikos_with_password.py", self.data, str(self.port), users, USER)

    def home(self) -> str:
        return f"/{USER}/contacts/"

    def prepare(self, dav: Dav) -> None:
        dav.request("MKCOL", f"/{USER}/contacts/")
        dav.request("MKCOL", f"/{USER}/calendars/")
