"""A PostgreSQL of its own for the servers that keep their cards in one."""

import os
import signal
from pathlib import Path

from server import Daemon


class WithPostgres(Daemon):
    """Its database listens on a socket in the server's folder and nowhere else."""

    packages = ("postgresql",)

    def set_up(self) -> None:
        super().set_up()
        self.tables, self.socket = self.data / "postgres", self.give(self.folder / "socket")
        self.programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        new = ["--username", "postgres", "--auth", "trust", "--locale", "C.UTF-8", "--no-sync"]
        self.call(self.programs / "initdb", "--pgdata", self.tables, *new)
        self.start_database()

    def launch(self) -> None:
        if not self.running:
            self.start_database()
        super().launch()

    def start_database(self) -> None:
        only_here = f"unix_socket_directories={self.socket}"
        settings = [only_here, "listen_addresses=", "fsync=off", "shared_buffers=16MB"]
        options = [word for setting in settings for word in ("-c", setting)]
        # SIGINT ends it without waiting for those who are connected.
        self.spawn(self.programs / "postgres", "-D", self.tables, *options, stop=signal.SIGINT)
        if not self.within(20, lambda: (self.socket / ".s.PGSQL.5432.lock").exists() and self.ready()):
            raise RuntimeError("PostgreSQL does not start")

    def ready(self) -> bool:
        try:
            self.sql("SELECT 1")
            return True
        except RuntimeError:
            return False

    def sql(self, text: str, database: str = "postgres") -> None:
        """Runs statements as the database's superuser."""
        self.call("psql", "-qX", "-v", "ON_ERROR_STOP=1", "-d", database, input=text.encode())

    def environment(self) -> dict[str, str]:
        where = {}
        if hasattr(self, "programs"):
            where = {
                "PGHOST": str(self.socket),
                "PGPORT": "5432",
                "PGUSER": "postgres",
                # Before Debian's wrappers, which look for the databases of the system.
                "PATH": f"{self.programs}{os.pathsep}{os.environ['PATH']}",
            }
        return super().environment() | where


def literal(text: str) -> str:
    """`text` as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"
