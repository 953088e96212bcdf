"""One thread for linear algebra: it rounds otherwise with more, and runs would differ."""

import ctypes
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from paramsrun.evaluators.thread_variables import THREADS_OF

_PREFIXES = ("scipy_openblas", "openblas")
_SUFFIXES = ("64_", "")


@contextmanager
def one_thread() -> Iterator[None]:
    """Let linear algebra take one thread, then as many as before.

    A library that is loaded already is told directly; it is found on Linux, where it is OpenBLAS.
    """
    before = {name: os.environ.get(name) for name in THREADS_OF}
    os.environ.update(dict.fromkeys(THREADS_OF, "1"))
    pools = [(set_to, get()) for get, set_to in _pools()]
    try:
        for set_to, _ in pools:
            set_to(1)
        yield
    finally:
        for set_to, n in pools:
            set_to(n)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _pools() -> Iterator[tuple[Callable[[], int], Callable[[int], Any]]]:
    """Yield how to get and to set the number of threads of each library that is loaded."""
    for path in _loaded():
        library = ctypes.CDLL(path)
        for prefix in _PREFIXES:
            for suffix in _SUFFIXES:
                with suppress(AttributeError):
                    yield (
                        getattr(library, f"{prefix}_get_num_threads{suffix}"),
                        getattr(library, f"{prefix}_set_num_threads{suffix}"),
                    )


def _loaded() -> list[str]:
    """Return the files of the OpenBLAS libraries in this process."""
    try:
        maps = Path("/proc/self/maps").read_text(errors="surrogateescape").splitlines()
    except OSError:
        return []
    paths = {line.split(maxsplit=5)[5] for line in maps if "openblas" in line}
    return sorted(path for path in paths if ".so" in path and Path(path).is_file())
