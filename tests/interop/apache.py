"""What runs behind Apache: sabre/dav and DAViCal."""

import hashlib
import shutil
import sqlite3
from pathlib import Path
from xml.sax.saxutils import escape

from postgres import WithPostgres, literal
from server import HERE, PASSWORD, USER, Daemon

LIBRARIES = Path("/usr/lib/apache2/modules")


class BehindApache(Daemon):
    """An Apache of our own, with its settings and logs in the server's folder."""

    packages = ("apache2-bin",)
    modules = ("alias", "authz_core", "dir", "env", "mpm_prefork")

    def site(self) -> str:
        """What Apache is to serve, in its own words."""
        raise NotImplementedError

    def launch(self) -> None:
        settings = self.folder / "apache.conf"
        modules = "".join(f"LoadModule {name}_module {LIBRARIES}/mod_{name}.so\n" for name in self.modules)
        settings.write_text(
            f"{modules}"
            f"ServerRoot {self.folder}\nServerName localhost\nListen 127.0.0.1:{self.port}\n"
            f"PidFile {self.folder}/apache.pid\nDefaultRuntimeDir {self.folder}\n"
            f"Mutex file:{self.folder}\nErrorLog {self.log}\nLogLevel warn\n"
            # The settings of Debian's apache2, which is not installed here.
            "Timeout 300\nKeepAlive On\nMaxKeepAliveRequests 100\nKeepAliveTimeout 5\n"
            f"{self.site()}"
        )
        self.spawn("/usr/sbin/apache2", "-D", "FOREGROUND", "-f", settings)


class BehindPHP(BehindApache):
    """A server written in PHP, as a module of Apache."""

    packages = ("libapache2-mod-php",)

    def php(self) -> str:
        """The language itself; what it complains of goes to the log and never into an answer."""
        module = max(LIBRARIES.glob("libphp*.so"))
        return (
            f"LoadModule php_module {module}\n"
            "php_admin_flag display_errors off\nphp_admin_flag log_errors on\n"
            # Code of 2015 uses much that PHP 8 deprecates: E_ALL without E_DEPRECATED.
            "php_admin_value error_reporting 24575\n"
            f"php_admin_value sys_temp_dir {self.folder}\n"
            '<FilesMatch "[.]php$">\nSetHandler application/x-httpd-php\n</FilesMatch>\n'
        )


class Sabre(BehindPHP):
    """The engine of Nextcloud, ownCloud and Baikal in its first generation: a login by Digest, no
    sync-collection, no well-known path, and a multiget that fails whole when one card is gone."""

    name = "sabre"
    packages = (*BehindPHP.packages, "php-sabre-dav", "php-sqlite3", "php-mbstring", "php-xml")
    handshake = 1

    def set_up(self) -> None:
        self.database = self.data / "db.sqlite"
        principal = f"principals/{USER}"
        secret = hashlib.md5(f"{USER}:{REALM}:{PASSWORD}".encode()).hexdigest()
        database = sqlite3.connect(self.database)
        database.executescript((HERE / "sabre.sql").read_text())
        database.execute("INSERT INTO users (username, digesta1) VALUES (?, ?)", (USER, secret))
        database.execute("INSERT INTO principals (uri, displayname) VALUES (?, ?)", (principal, USER))
        database.commit()
        database.close()
        self.give(self.database)
        # The source folder may be one that only its owner can read.
        self.front = shutil.copy(HERE / "sabre.php", self.folder)

    def site(self) -> str:
        return (
            f"{self.php()}"
            f'SetEnv DATABASE "{self.database}"\nSetEnv REALM {REALM}\n'
            f"AliasMatch ^ {self.front}\n"
            f"<Directory {self.folder}>\nRequire all granted\n</Directory>\n"
        )

    def home(self) -> str:
        return f"/addressbooks/{USER}/"

    def calendars(self) -> str:
        return f"/calendars/{USER}/"


class DAViCal(WithPostgres, BehindPHP):
    """Gives no ETag for a PUT, lists everything for a token it does not know and no deletions with it,
    and is found by its well-known path only."""

    name = "davical"
    packages = (*WithPostgres.packages, *BehindPHP.packages, "davical", "php-pgsql", "php-xml")
    modules = (*BehindPHP.modules, "headers", "rewrite")
    root = f"/davical/caldav.php/{USER}/"

    def set_up(self) -> None:
        super().set_up()
        self.call("sh", "/usr/share/davical/dba/create-database.sh", "davical", "no password")
        self.sql(
            "INSERT INTO dav_principal (username, password, fullname, email, type_id, user_active)"
            f" VALUES ({literal(USER)}, {literal('**' + PASSWORD)}, 'Alice', 'alice@example.org', 1, TRUE)",
            "davical",
        )

    def site(self) -> str:
        # As an administrator does it: with the site and the settings that the package brings. They
        # name no host of the database, so that it is the one of our environment.
        return f"{self.php()}Include /etc/apache2/sites-available/davical.conf\n"

    def home(self) -> str:
        return self.root

    def called(self, path: str, name: str) -> str:
        # It escapes a name that is escaped already.
        return escape(name)


REALM = "contactcmd"
