"""The user's modules on their way to workers that do not see the driver's folders."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from paramsrun.evaluators.contract import Evaluates
from paramsrun.problem.black_box import RunsUserCode
from paramsrun.problem.user_code import is_call, module_folder

MOST_BYTES = 8_000_000
"""More than this is not sent: such a folder is no folder of modules."""


def sources_of(problem: Evaluates) -> dict[str, bytes]:
    """Return the modules that a problem's function needs and that lie beside it: path -> text.

    Empty where there is no such function, or where the modules are too many to be sent.
    """
    found: dict[str, bytes] = {}
    for name, where in _code(problem).items():
        path = Path(where.rpartition(" ")[0])
        folder = module_folder(name, path) if is_call(name) else None
        if folder is None or _is_installed(folder):
            continue
        for file in _files(folder, name.partition(":")[0].partition(".")[0]):
            found[file.relative_to(folder).as_posix()] = file.read_bytes()
            if sum(map(len, found.values())) > MOST_BYTES:
                return {}
    return found


def write(sources: Mapping[str, bytes], folder: Path) -> None:
    """Write modules into a folder."""
    for name, text in sources.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)


def _code(problem: Evaluates) -> Mapping[str, str]:
    training = getattr(problem, "training", None)
    return training.user_code() if isinstance(training, RunsUserCode) else {}


def _is_installed(folder: Path) -> bool:
    """Return whether a folder belongs to the interpreter, as it should to that of a worker."""
    return any(name in folder.parts for name in ("site-packages", "dist-packages")) or any(
        folder.is_relative_to(base) for base in {sys.prefix, sys.base_prefix} if base != "/usr"
    )


def _files(folder: Path, top: str) -> Iterator[Path]:
    yield from sorted(folder.glob("*.py"))
    if (folder / top).is_dir():
        yield from sorted((folder / top).rglob("*.py"))
