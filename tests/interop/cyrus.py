"""Cyrus IMAP's httpd, which is what Fastmail runs."""

import imaplib
import shutil
from pathlib import Path

from server import PASSWORD, USER, Daemon, daemon_user, free_port

REALM = "localhost"


class Cyrus(Daemon):
    """Serves 4.0 cards as 3.0 unless asked for 4.0, and answers `/` without a login."""

    name = "cyrus"
    packages = ("cyrus-imapd", "cyrus-caldav", "sasl2-bin")
    root = f"/dav/addressbooks/user/{USER}/"

    def install(self) -> None:
        # Cyrus insists on a program that sends mail, and never runs it here: dma is the smallest.
        if shutil.which("sendmail", path="/usr/sbin:/usr/lib") is None:
            self.packages += ("dma",)
        super().install()

    def set_up(self) -> None:
        for name in ("config", "config/db", "config/socket", "spool"):
            self.give(self.data / name)
        self.users = self.folder / "users"
        password = ["/usr/sbin/saslpasswd2", "-p", "-c", "-f", self.users, "-u", REALM, USER]
        self.call(*password, input=PASSWORD.encode())

    def launch(self) -> None:
        self.imap_port = free_port()
        settings, services = self.folder / "imapd.conf", self.folder / "cyrus.conf"
        settings.write_text(self.settings())
        services.write_text(self.services(settings))
        master = Path("/usr/lib/cyrus/bin/master")
        self.spawn(master, "-D", "-C", settings, "-M", services, "-p", self.folder / "master.pid")

    def answers(self) -> bool:
        # Without an inbox nobody has an address book, and logging in to IMAP makes one.
        return self.logs_in() and super().answers()

    def logs_in(self) -> bool:
        try:
            with imaplib.IMAP4("127.0.0.1", self.imap_port, timeout=20) as imap:
                imap.authenticate("PLAIN", lambda _: f"\0{USER}\0{PASSWORD}".encode())
            return True
        except (OSError, imaplib.IMAP4.error):
            return False

    def home(self) -> str:
        return self.root

    def calendars(self) -> str:
        return f"/dav/calendars/user/{USER}/"

    def settings(self) -> str:
        lines = {
            "cyrus_user": daemon_user(),
            "servername": REALM,
            "configdirectory": self.data / "config",
            "partition-default": self.data / "spool",
            "temp_path": self.data,
            "proc_path": self.data / "proc",
            "mboxname_lockpath": self.data / "lock",
            "idlesocket": self.data / "config/socket/idle",
            "notifysocket": self.data / "config/socket/notify",
            "httpmodules": "caldav carddav",
            "allowplaintext": "yes",
            "autocreate_quota": "0",
            "sasl_mech_list": "PLAIN",
            "sasl_pwcheck_method": "auxprop",
            "sasl_auxprop_plugin": "sasldb",
            "sasl_sasldb_path": self.users,
        }
        return "".join(f"{name}: {value}\n" for name, value in lines.items())

    def services(self, settings: Path) -> str:
        # The children of the master do not know which settings it was given.
        return (
            f'START {{\n recover cmd="ctl_cyrusdb -C {settings} -r"\n}}\n'
            "SERVICES {\n"
            f' imap cmd="imapd -C {settings}" listen="127.0.0.1:{self.imap_port}" prefork=0\n'
            f' http cmd="httpd -C {settings}" listen="127.0.0.1:{self.port}" prefork=1\n'
            "}\n"
            "EVENTS {\n}\n"
        )
