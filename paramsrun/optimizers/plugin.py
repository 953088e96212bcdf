"""An optimizer of the user's own: a subclass of `paramsrun.BaseOptimizer`, named in the input."""

import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np

from paramsrun.arrays import Matrix, Vector
from paramsrun.errors import Findings, Place, RunError, UsageError, nearest
from paramsrun.input import Block, Key
from paramsrun.optimizers.contract import Proposer, Saved
from paramsrun.optimizers.knowing import knowing
from paramsrun.problem.scaling import Kind
from paramsrun.problem.user_code import UserCode, is_call
from paramsrun.settings.families import optimizers
from paramsrun.settings.keys import free, key
from paramsrun.settings.parameter_types import round_integers
from paramsrun.settings.read import joined, numbered
from paramsrun.settings.record import from_record
from paramsrun.settings.values import cut_word


@optimizers.member("Plugin")
@dataclass(frozen=True, kw_only=True)
class Plugin:
    """An optimizer of your own: a subclass of BaseOptimizer.

    Its module is looked for beside the input file, then on the Python path. It runs in a thread,
    and its calls of the function are evaluated like those of any other optimizer.
    """

    starts_again: ClassVar[bool] = True
    """Where it cannot be restored, another one starts from its best point."""

    class_: str = key(name="Class", takes="module:ClassName", doc="The class, as module:ClassName.")
    round_integers: bool = round_integers()
    settings: Mapping[str, Any] = free(doc="Keyword arguments of the class.")
    call_settings: Mapping[str, Any] = free(doc="Keyword arguments of its method minimize.")
    workers: int = key(
        1,
        at_least=1,
        doc="From how many threads it may call the function at once: its attribute workers. Calls "
        "that come together are evaluated together.",
    )
    patience: float = key(
        600.0,
        above=0.0,
        unit="s",
        doc="If it neither evaluates nor ends for so long, it is taken to hang and is ended.",
    )
    log_detailed: bool = key(
        False,
        doc="Whether the residuals of each evaluation are written into the journal, and are the "
        "second value of `function.detailed_call(x)`: its attribute is_log_detailed. The loss must "
        "be a sum of squares.",
    )

    @property
    def needs_residuals(self) -> bool:
        """Whether it is told the residuals of each evaluation."""
        return self.log_detailed

    @property
    def random_seed(self) -> None:
        """None: the run's seed decides, and a seed among the settings is the user's affair."""
        return

    @property
    def scaler(self) -> Kind | None:
        """The space that the class asks for, if the class can be had."""
        try:
            scaler: Kind | None = self.load().needscaler
        except (ImportError, TypeError):
            return None  # told when it starts
        return scaler

    @property
    def code(self) -> UserCode:
        """Where the class is found."""
        code: UserCode = vars(self).get("_code") or UserCode(self.class_, ())
        return code

    def located(self, folders: Sequence[Path]) -> "Plugin":
        """Return the same plugin, its module looked for in these folders first."""
        return knowing(self, "_code", UserCode(self.class_, tuple(folders)))

    def mistakes(self) -> Iterator[str]:
        """Yield what is wrong with the keys."""
        if not is_call(self.class_):
            yield f"Class must be module:ClassName, such as walk:RandomWalk, not {self.class_}"
        for block, given in (("Settings", self.settings), ("CallSettings", self.call_settings)):
            for name in given:
                if name.startswith("_"):
                    yield f"{block} {name} begins with an underscore: the run gives what does"

    def load(self) -> Any:
        """Return the class; ImportError or TypeError, in words for the user, where it is none."""
        from paramsrun.optimizers.plugins.base_optimizer import BaseOptimizer

        found = self.code.load()
        if not isinstance(found, type) or not issubclass(found, BaseOptimizer):
            raise TypeError("it is no subclass of paramsrun.BaseOptimizer")
        if inspect.isabstract(found):
            missing = " and ".join(sorted(found.__abstractmethods__))
            raise TypeError(f"it has no method {missing}")
        if found.needscaler not in (None, "linear", "std", "none"):
            raise TypeError(
                f"its needscaler must be 'linear', 'std', 'none' or None, not {found.needscaler!r}"
            )
        return found

    def start(self, bounds: Matrix, x0: Vector, rng: np.random.Generator) -> Proposer:
        """Return a proposer that runs the class."""
        from paramsrun.optimizers.plugins.played import Played

        return Played(self, bounds, x0, rng)

    def resume(
        self, bounds: Matrix, x0: Vector, rng: np.random.Generator, saved: Saved
    ) -> Proposer:
        """Return a proposer that goes on from what the class wrote of itself."""
        from paramsrun.optimizers.plugins.played import Played

        return Played(self, bounds, x0, rng, saved)


class Start(Protocol):
    """How an optimizer was started, as a journal tells it."""

    @property
    def o(self) -> int:
        """Its number."""

    @property
    def type(self) -> str:
        """Its type."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """The record of its settings."""


def check_plugins(
    members: Sequence[object],
    tree: Block,
    folders: Sequence[Path],
    findings: Findings,
    run: bool,
    stored: Path | None = None,
) -> None:
    """Note what is wrong with the classes that an input names.

    members are the Optimizer blocks of the tree. Only if run is True may modules be executed, and
    not those that an input in the folder stored names: the log does first (see `check_stored`).
    """
    blocks = [entry for entry in tree.all("Optimizer") if isinstance(entry, Block)]
    if len(blocks) != len(members):
        return  # a block is wrong, and told
    for i, (member, block) in enumerate(zip(members, blocks, strict=True), 1):
        own = block.get("Plugin")
        if isinstance(member, Plugin) and isinstance(own, Block) and not any(member.mistakes()):
            path = joined(numbered("Optimizer", i, len(blocks)), "Plugin")
            is_stored = stored is not None and Path(own.place.file).is_relative_to(stored)
            for place, text in _mistakes(member.located(folders), own, run and not is_stored):
                findings.mistake(place, f"{path}%{text}")


def check_recorded(starts: Iterable[Start], folders: Sequence[Path]) -> None:
    """Raise UsageError where the class of a living optimizer of an earlier run is not there.

    starts are records of how optimizers were started. No module is executed.
    """
    for start in starts:
        if start.type != "Plugin":
            continue
        try:
            plugin: Plugin = from_record(Plugin, start.settings)
            if not is_call(str(plugin.class_)):
                raise ValueError(f"{plugin.class_!r:.60} is no module:name")
            plugin = plugin.located(folders)
            plugin.code.find()
        except ValueError as error:
            raise UsageError(
                f"Optimizer {start.o} is a Plugin, and the journal is damaged where it tells of "
                f"its settings: {error}"
            ) from None
        except ImportError as error:
            raise UsageError(
                f"Optimizer {start.o} is a Plugin of Class {plugin.class_}: {error}. Its code is "
                "not stored: put the module beside the input"
            ) from None


def check_stored(plugins: Iterable[Plugin]) -> None:
    """Import the classes that a run goes on with; RunError where one cannot be had."""
    for plugin in plugins:
        try:
            plugin.load()
        except (ImportError, TypeError) as error:
            raise RunError(
                f"Optimizer%Plugin%Class {plugin.class_}: {error}. Mend it, and go on with "
                "ResumeCheckpoint"
            ) from None


def _mistakes(plugin: Plugin, block: Block, run: bool) -> Iterator[tuple[Place, str]]:
    at = block.get("Class")
    place = at.value.place if isinstance(at, Key) and at.value is not None else block.place
    try:
        plugin.code.find()
        cls = plugin.load() if run else None
    except (ImportError, TypeError) as error:
        yield place, f"Class {plugin.class_}: {error}"
        return
    if cls is None:
        return
    wrong = [
        *_refused(block, "Settings", cls, plugin.settings),
        *_refused(block, "CallSettings", cls.minimize, plugin.call_settings, (None,) * 4),
    ]
    yield from wrong
    if not wrong:
        yield from _raised(plugin, block)


def _refused(
    block: Block, name: str, called: Any, given: Mapping[str, Any], first: tuple[object, ...] = ()
) -> Iterator[tuple[Place, str]]:
    """Yield each keyword that a callable does not take, and those it lacks."""
    try:
        signature = inspect.signature(called)
    except (ValueError, TypeError):  # it does not tell; the call itself will
        return
    for word in given:
        try:
            signature.bind_partial(*first, **{word: None})
        except TypeError:
            known = _keywords(signature, len(first))
            yield _place(block, name, word), _unknown(name, word, called, known)
    missing = [
        p.name
        for k, p in enumerate(signature.parameters.values())
        if k >= len(first)
        and p.default is p.empty
        and p.kind in _NAMED
        and p.name not in given
        and not p.name.startswith("_")
    ]
    if missing:
        text = f"{name} lacks {', '.join(missing)}, which {called.__qualname__} needs"
        yield _place(block, name), text


def _raised(plugin: Plugin, block: Block) -> Iterator[tuple[Place, str]]:
    """Yield what the constructor says of its arguments; it is called once for that."""
    from paramsrun.optimizers.plugins.base_optimizer import UnknownNames
    from paramsrun.optimizers.plugins.played import constructed

    try:
        constructed(plugin, np.random.default_rng(0))
    except UnknownNames as error:  # those that **kwargs took in
        cls = plugin.load()
        for word in error.names:
            yield _place(block, "Settings", word), _unknown("Settings", word, cls, _taken(cls))
    except (Exception, SystemExit) as error:
        text = f"Settings: {plugin.class_} raised {type(error).__name__}: {error}"
        yield _place(block, "Settings"), text


def _unknown(name: str, word: str, called: Any, known: Sequence[str]) -> str:
    has = ", ".join(known) or "none"
    told = f"{name}%{word} is no keyword argument of {called.__qualname__} (it has: {has})"
    return told + nearest(word, known)


def _taken(cls: type) -> list[str]:
    """Return the keywords of a class and of the bases that it passes its **kwargs on to."""
    found: dict[str, None] = {}
    for base in cls.__mro__:
        if "__init__" in vars(base) and base is not object:
            signature = inspect.signature(vars(base)["__init__"])
            found.update(dict.fromkeys(_keywords(signature, 1)))
            if all(p.kind is not p.VAR_KEYWORD for p in signature.parameters.values()):
                break
    return list(found)


def _keywords(signature: inspect.Signature, n_first: int) -> list[str]:
    names = [p.name for p in signature.parameters.values() if p.kind in _NAMED]
    return [name for name in names[n_first:] if not name.startswith("_")]


def _place(block: Block, name: str, word: str = "") -> Place:
    """Return where a free block, or a name in it, stands; the whole block where neither does."""
    free = block.get(name)
    if not isinstance(free, Block):
        return block.place
    lines = (line.place for line in free.lines if cut_word(line.text)[0] == word)
    return next(lines, free.place)


_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
