"""What a process costs: wall time, CPU time, and the memory it needed at its highest."""

import os
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """Seconds of wall clock, seconds of CPU (user and system), and bytes."""

    wall: float
    cpu: float
    memory: int = 0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.wall + other.wall, self.cpu + other.cpu, max(self.memory, other.memory))


class Failed(Exception):
    """A measured process did not succeed: its figures mean nothing."""


def cost(command: list[str], env: dict[str, str] | None = None, file: Path | None = None) -> Cost:
    """Runs `command` to its end, with its standard input from `file`."""
    with (file or Path(os.devnull)).open("rb") as stdin:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, stdin=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=env
        )
        errors: list[bytes] = []
        reader = threading.Thread(target=lambda: errors.append(process.stderr.read()))
        reader.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
    reader.join()
    process.stderr.close()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise Failed(f"{command}: exit {process.returncode}\n{errors[0].decode(errors='replace')}")
    return Cost(wall, usage.ru_utime + usage.ru_stime)


def peak(command: list[str], env: dict[str, str]) -> Cost:
    """The same with the peak of resident memory.

    The kernel counts into a child's ru_maxrss what its parent had when it started it, which is
    this driver's memory, so the child's own high-water mark is read while it runs.
    """
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env)
    highest = 0
    while process.poll() is None:
        highest = max(highest, high_water(process.pid))
        time.sleep(0.01)
    if process.returncode != 0:
        raise Failed(f"{command}: exit {process.returncode}")
    return Cost(time.perf_counter() - began, 0.0, highest)


def high_water(pid: int) -> int:
    """Bytes of VmHWM; 0 when the process has just ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    lines = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(lines[0].split()[1]) * 1024 if lines else 0
