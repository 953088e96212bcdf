"""A user's Python object, named ``module:name``: found without running anything, loaded later."""

import ast
import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

from paramsrun.errors import nearest


def is_call(text: str) -> bool:
    """Return whether a text is ``module:name``."""
    module, _, name = text.partition(":")
    return all(word.isidentifier() for word in (*module.split("."), *name.split(".")))


def module_folder(call: str, path: Path) -> Path | None:
    """Return where the module of a call was looked for and found; None for one without a file."""
    if not path.name:
        return None
    depth = call.partition(":")[0].count(".") + (path.name == "__init__.py")
    return path.parents[depth] if depth < len(path.parents) else None


def command_folder(word: str, path: Path) -> Path | None:
    """Return the folder from which a word of a command line means this file, if it is relative."""
    end, text = f"/{Path(word)}", str(path)
    if Path(word).is_absolute() or not text.endswith(end):
        return None
    return Path(text.removesuffix(end) or "/")


class UserCode:
    """A callable in a module that is looked for in folders, then on the Python path.

    It is imported at the first `load` of each process: pickled, it is only its name.
    """

    def __init__(self, call: str, folders: tuple[Path, ...]) -> None:
        self.call = call
        self.folders = tuple(folder.resolve() for folder in folders)
        self._loaded: Callable[..., Any] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {"call": self.call, "folders": self.folders, "_loaded": None}

    def load(self) -> Callable[..., Any]:
        """Return the callable; ImportError, in words for the user, where there is none."""
        if self._loaded is None:
            self._loaded = self._load()
        return self._loaded

    def digest(self) -> str | None:
        """Return the SHA-256 of the module's file, or None for one without source; see `find`."""
        path = self.find()
        return None if path is None else hashlib.sha256(path.read_bytes()).hexdigest()

    def find(self) -> Path | None:
        """Return the module's file, or None for one without source; nothing is executed.

        Raises ImportError where the module is not there, is no Python or does not hold the name.
        """
        module, _, name = self.call.partition(":")
        spec = self._spec(module)
        if spec.origin is None or not spec.origin.endswith(".py"):
            return None
        path = Path(spec.origin)
        try:
            names = set(_names(ast.parse(path.read_bytes(), str(path)).body))
        except SyntaxError as error:
            raise ImportError(_no_python(error, str(path))) from None
        except (OSError, ValueError) as error:
            raise ImportError(f"the module {path} cannot be read: {error}") from None
        except (RecursionError, MemoryError):
            raise ImportError(f"the module {path} is nested too deeply") from None
        first = name.split(".")[0]
        if first not in names and not names & {"*", "__getattr__"}:
            raise ImportError(f"{path} holds no {first}{nearest(first, sorted(names))}")
        return path

    def _load(self) -> Callable[..., Any]:
        module_name, _, name = self.call.partition(":")
        found: Any = self._module(module_name)
        for word in name.split("."):
            if not hasattr(found, word):
                where = getattr(found, "__file__", None) or module_name
                raise ImportError(f"{where} holds no {word}{nearest(word, dir(found))}")
            found = getattr(found, word)
        if not callable(found):
            raise ImportError(f"{name} is no function but of type {type(found).__name__}")
        loaded: Callable[..., Any] = found
        return loaded

    def _module(self, name: str) -> ModuleType:
        top, _, inner = name.partition(".")
        spec = self._spec(top)
        self._add_to_path()
        taken = sys.modules.get(top)
        if inner and taken is not None and not _is_from(taken, spec):
            raise ImportError(f"another package {top} is in use already; give it another name")
        try:
            module = _imported(spec)
            return importlib.import_module(name) if inner else module
        except SyntaxError as error:
            raise ImportError(_no_python(error, error.filename or name)) from None
        except (Exception, SystemExit) as error:
            raise ImportError(
                f"the module cannot be imported: {type(error).__name__}: {error}"
            ) from error

    def _spec(self, name: str) -> ModuleSpec:
        """Return where a module is, without importing the packages around it."""
        path: list[str] | None = [*map(str, self.folders), *sys.path]
        spec: ModuleSpec | None = None
        for depth in range(name.count(".") + 1):
            part = ".".join(name.split(".")[: depth + 1])
            spec = PathFinder.find_spec(part, path)
            if spec is None and depth == 0:
                spec = importlib.util.find_spec(part) if part in sys.builtin_module_names else None
            if spec is None:
                raise ImportError(self._not_found(part))
            path = list(spec.submodule_search_locations or ())
        assert spec is not None
        return spec

    def _not_found(self, name: str) -> str:
        places = " and ".join(dict.fromkeys(map(str, self.folders)))
        near = [path.stem for folder in self.folders for path in folder.glob("*.py")]
        hint = nearest(name, near)
        return f"there is no module {name} in {places} or on the Python path{hint}"

    def _add_to_path(self) -> None:
        """Let the module import its neighbours, but never in place of an installed module."""
        for folder in map(str, self.folders):
            if folder not in sys.path:
                sys.path.append(folder)


def _no_python(error: SyntaxError, file: str) -> str:
    at = ":".join([file, *(str(n) for n in (error.lineno, error.offset) if n and n > 0)])
    return f"the module is no Python at {at}: {error.msg}"


def _is_from(module: ModuleType, spec: ModuleSpec) -> bool:
    return getattr(module, "__file__", None) == spec.origin


def _imported(spec: ModuleSpec) -> ModuleType:
    """Return the module of a spec, under another name where its own is taken by another file."""
    name = spec.name
    for name in (spec.name, f"paramsrun_user_{spec.name}"):
        taken = sys.modules.get(name)
        if taken is None:
            break
        if _is_from(taken, spec):
            return taken
    if spec.origin is None or not spec.has_location:
        return importlib.import_module(spec.name)
    own = spec if name == spec.name else importlib.util.spec_from_file_location(name, spec.origin)
    assert own is not None
    assert own.loader is not None
    module = importlib.util.module_from_spec(own)
    sys.modules[name] = module
    try:
        own.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _names(body: list[ast.stmt]) -> Iterator[str]:
    """Iterate over the names that statements at the top of a module may bind."""
    for statement in body:
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield statement.name
            case ast.Import() | ast.ImportFrom():
                yield from ((a.asname or a.name).split(".")[0] for a in statement.names)
            case _:
                for node in ast.walk(statement):
                    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                        yield node.id
                for inner in ast.iter_child_nodes(statement):
                    if isinstance(inner, ast.ExceptHandler):
                        yield from _names(inner.body)
                yield from _names(
                    [s for s in ast.iter_child_nodes(statement) if isinstance(s, ast.stmt)]
                )
