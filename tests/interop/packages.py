"""Debian packages of the servers: installed when they are missing, and left asleep.

A package of a server starts it and enables it for the next boot. Here nothing of the sort may stay
behind: the tests start what they need from folders of their own.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

POLICY = Path("/usr/sbin/policy-rc.d")
"""What Debian's packages ask before they start a service; 101 is no."""

AUTOSTART = ("etc/systemd/system/*.wants/*", "etc/rc?.d/S*")

TIME_LIMIT = 600


class Missing(Exception):
    """Packages that are not there and could not be installed."""


def install(wanted: tuple[str, ...]) -> None:
    """Installs what is missing of `wanted`; raises `Missing` when it cannot be had."""
    missing = [package for package in wanted if not installed(package)]
    if not missing:
        return
    if os.geteuid() != 0:
        raise Missing(f"please install: {' '.join(missing)}")
    apt("update")
    with services_asleep():
        apt("install", "--yes", "--no-install-recommends", *missing)


def installed(package: str) -> bool:
    query = ["dpkg-query", "--show", "--showformat=${db:Status-Status}", package]
    return subprocess.run(query, capture_output=True).stdout == b"installed"


def apt(*words: str) -> None:
    # Another run of apt on the machine is waited for.
    command = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300", *words]
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        command, env=quiet, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIME_LIMIT
    )
    if done.returncode != 0:
        said = (done.stdout + done.stderr).decode("utf-8", "replace")
        raise Missing(f"{' '.join(command)}: exit {done.returncode}\n{said[-1500:]}")


ASLEEP = "#!/bin/sh\n# of contactcmd's tests/interop\nexit 101\n"


@contextmanager
def services_asleep() -> Iterator[None]:
    """Within it no package starts a service; after it none is enabled that was not before."""
    before = autostart()
    kept = POLICY.with_suffix(".d-kept")
    # A run that was killed may have left its own.
    if POLICY.exists() and POLICY.read_text() != ASLEEP:
        POLICY.rename(kept)
    POLICY.write_text(ASLEEP)
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()
        if kept.exists():
            kept.rename(POLICY)
        for link in autostart() - before:
            link.unlink()


def autostart() -> set[Path]:
    """The links that make init start a service."""
    return {link for pattern in AUTOSTART for link in Path("/").glob(pattern)}
