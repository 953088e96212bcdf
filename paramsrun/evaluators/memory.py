"""How much memory a process occupies; 0 where the system does not tell (only Linux does)."""

from pathlib import Path

KNOWN = Path("/proc/self/status").exists()
"""Whether this system tells."""


def resident_mb(pid: int) -> float:
    """Return what a process has in memory now."""
    return _field(f"/proc/{pid}/status", b"VmRSS:")


def peak_mb() -> float:
    """Return the most that this process ever had in memory."""
    return _field("/proc/self/status", b"VmHWM:")


def _field(path: str, name: bytes) -> float:
    try:
        with open(path, "rb") as file:
            for line in file:
                if line.startswith(name):
                    return int(line.split()[1]) * 1024 / 1e6
    except OSError:  # it has ended
        pass
    return 0.0
