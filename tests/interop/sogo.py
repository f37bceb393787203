"""SOGo, with the PostgreSQL, memcached and Apache that it cannot do without."""

from apache import BehindApache
from postgres import WithPostgres, literal
from server import PASSWORD, USER, free_port


class SOGo(WithPostgres, BehindApache):
    """Overwrites what `If-None-Match: *` should protect, tells seconds as sync tokens, and names a
    book by its path."""

    name = "sogo"
    packages = (*WithPostgres.packages, *BehindApache.packages, "sogo", "memcached")
    modules = (*BehindApache.modules, "headers", "proxy", "proxy_http", "rewrite")
    # It wants to read the settings of the package, and then uses those on its command line.
    groups = ("sogo",)
    shares_etags = True
    root = f"/SOGo/dav/{USER}/"

    def set_up(self) -> None:
        super().set_up()
        self.sql("CREATE DATABASE sogo")
        user = ", ".join(map(literal, [USER, USER, PASSWORD, "Alice", "alice@example.org"]))
        self.sql(
            "CREATE TABLE sogo_users"
            " (c_uid TEXT PRIMARY KEY, c_name TEXT, c_password TEXT, c_cn TEXT, mail TEXT);"
            f"INSERT INTO sogo_users VALUES ({user})",
            "sogo",
        )

    def launch(self) -> None:
        super().launch()
        cache = self.socket / "memcached"
        self.spawn("/usr/bin/memcached", "-s", cache, "-m", "16")
        settings = {
            "WOPort": f"127.0.0.1:{self.behind}",
            "WOWorkersCount": "4",
            "WONoDetach": "YES",
            "WOLogFile": "-",
            "WOPidFile": self.folder / "sogo.pid",
            "SOGoMemcachedHost": cache,
            "SOGoTimeZone": "UTC",
            "SOGoProfileURL": self.table("sogo_user_profile"),
            "OCSFolderInfoURL": self.table("sogo_folder_info"),
            "OCSSessionsFolderURL": self.table("sogo_sessions_folder"),
            "OCSEMailAlarmsFolderURL": self.table("sogo_alarms_folder"),
            "SOGoUserSources": "({type = sql; id = users; canAuthenticate = YES; isAddressBook = NO;"
            f' userPasswordAlgorithm = none; viewURL = "{self.table("sogo_users")}";}})',
        }
        words = [word for name, value in settings.items() for word in (f"-{name}", str(value))]
        self.spawn("/usr/sbin/sogod", *words)

    def table(self, name: str) -> str:
        """A table as SOGo wants to be told; without a host it is the one of our environment."""
        return f"postgresql://postgres@/sogo/{name}"

    def site(self) -> str:
        self.behind = free_port()
        here = f"http://127.0.0.1:{self.port}"
        # What the package recommends, but for the port and https.
        return (
            "ProxyRequests Off\nProxyPreserveHost On\nSetEnv proxy-nokeepalive 1\n"
            f"ProxyPass /SOGo http://127.0.0.1:{self.behind}/SOGo retry=0 nocanon\n"
            f'RequestHeader set x-webobjects-server-port "{self.port}"\n'
            'RequestHeader set x-webobjects-server-name "127.0.0.1"\n'
            f'RequestHeader set x-webobjects-server-url "{here}"\n'
            "RequestHeader unset x-webobjects-remote-user\n"
            'RequestHeader set x-webobjects-server-protocol "HTTP/1.0"\n'
            "RewriteEngine On\n"
            "RewriteRule ^/.well-known/caldav/?$ /SOGo/dav [R=301]\n"
            "RewriteRule ^/.well-known/carddav/?$ /SOGo/dav [R=301]\n"
        )

    def home(self) -> str:
        return f"{self.root}Contacts/"

    def calendars(self) -> str:
        return f"{self.root}Calendar/"

    def called(self, path: str, name: str) -> str:
        # It takes no notice of the name in an extended MKCOL.
        return path.strip("/").rpartition("/")[2]
