"""From the files that an input names to the problem; all mistakes of all files are noted."""

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from paramsrun.errors import Findings, Place
from paramsrun.input import Block, Key, Word
from paramsrun.problem.assemble import Assembler, Set
from paramsrun.problem.black_box import BlackBox, ReportsProgress, Surroundings
from paramsrun.problem.constraint import Constraint, check_initial
from paramsrun.problem.constraint_parser import read_constraints
from paramsrun.problem.contract import Engine
from paramsrun.problem.data_set import read_data_set
from paramsrun.problem.documents import Stream, read_stream
from paramsrun.problem.header import engine_of_header
from paramsrun.problem.jobs import JobCollection, read_engines, read_jobs
from paramsrun.problem.parameters import ParameterInterface, read_parameters
from paramsrun.problem.problem import Objective, Problem
from paramsrun.problem.subset import split
from paramsrun.problem.type_check import check_engine, check_optimizers, check_spaces
from paramsrun.settings.data_set import DataSet as DataSetSettings
from paramsrun.settings.data_set import LoggingInterval, evaluate_every, logging_of, named
from paramsrun.settings.families import engines, generators, optimizers
from paramsrun.settings.job import JobSettings
from paramsrun.settings.look_alikes import look_alike
from paramsrun.settings.read import numbered

VALIDATION_SET = "validation_set"


def load_problem(
    settings: JobSettings,
    resolve: Callable[[str], Path],
    search: Sequence[Path],
    findings: Findings,
    seed: int,
    tree: Block | None = None,
    run_code: bool = False,
    is_new: bool = True,
) -> Problem | None:
    """Return the problem of a job; None if there are mistakes.

    Parameters
    ----------
    resolve
        Where a file is that the input names.
    search
        The folders in which a user's module is looked for before the Python path.
    seed
        The run's, for the split and the subsets.
    tree
        The input, so that mistakes are told where it names a file.
    run_code
        Whether a user's module may be imported, to find now what is wrong with it.
    is_new
        Whether the run begins with this problem: then its initial values are checked.
    """
    loader = _Loader(settings, resolve, findings, seed, tree, is_new)
    return loader.problem(tuple(search), run_code)


class _Loader:
    def __init__(
        self,
        settings: JobSettings,
        resolve: Callable[[str], Path],
        findings: Findings,
        seed: int,
        tree: Block | None,
        is_new: bool,
    ) -> None:
        self._settings = settings
        self._resolve = resolve
        self._findings = findings
        self._seed = seed
        self._tree = tree
        self._is_new = is_new
        self._files: dict[str, Path] = {}

    def problem(self, search: tuple[Path, ...], run_code: bool) -> Problem | None:
        parameters = self._parameters()
        constraints = () if parameters is None else self._constraints(parameters)
        engine = self._engine(parameters)
        if parameters is not None:
            check_optimizers(self._settings.optimizer, parameters, self._at, self._findings)
            if self._is_new:
                check_spaces(self._settings.optimizer, parameters, self._at, self._findings)
            if engine is not None:
                check_engine(engine, parameters, self._findings)
        if isinstance(engine, BlackBox):
            return self._black_box(engine, parameters, constraints, search, run_code)
        collection = self._jobs()
        sets = self._data_sets()
        assembler = Assembler(engine, parameters, collection, self._findings, self._at, self._seed)
        training, *rest = self._split(sets)
        objective = assembler.objective(training)
        validation = assembler.objective(rest[0]) if rest else None
        if objective is not None:
            self._check_needs(objective)
        if parameters is None or objective is None or self._findings.mistakes:
            return None
        every = evaluate_every(rest[0].settings, self._logging()) if rest else 1
        return Problem(parameters, objective, validation, every, self._files, constraints)

    def _check_needs(self, objective: Objective) -> None:
        """Note each optimizer that needs more of the loss than it can give."""
        members = self._settings.optimizer
        for i, member in enumerate(members, 1):
            path = numbered("Optimizer", i, len(members))
            name = optimizers.name_of(member)
            if getattr(member, "needs_residuals", False) and objective.no_squares is not None:
                text = f"Type {name} needs a sum of squares: {objective.no_squares}"
                self._findings.mistake(self._at(path), f"{path}%{text}")
            if getattr(member, "needs_progress", False) and not _reports(objective):
                text = f"{name}%Pruner needs Engine Command with ProgressPattern or Repeats"
                self._findings.mistake(self._at(path), f"{path}%{text}")

    def _logging(self) -> LoggingInterval:
        first = self._set_settings()[0]
        return logging_of(first, self._settings.logging_interval)

    # The files

    def _at(self, path: str) -> Place:
        """Return where the input gives a key, such as ``DataSet[2]%Path``."""
        return self._found(path)[0]

    def _found(self, path: str) -> tuple[Place, bool]:
        """Return where the input gives a key, or should, and whether it does."""
        if self._tree is None:
            return Place("input"), True
        place, block = self._tree.place, self._tree
        for step in path.split("%"):
            name, _, number = step.partition("[")
            entries = list(block.all(name))
            position = int(number.removesuffix("]") or 1) - 1
            if position >= len(entries):
                break
            entry = entries[position]
            if isinstance(entry, Key):
                return (entry.value or entry).place, True
            place, block = entry.place, entry
        return place, False

    def _is_given(self, name: str) -> bool:
        return self._tree is not None and self._tree.get(name) is not None

    def _file(self, given: str, key: str, block: str = "") -> Path | None:
        """Return a file that the input names by a key, and keep it in mind as one of its own.

        block is the name of the block that holds the key, where it has another than in the path.
        """
        path = self._resolve(given)
        told = f"{block}%{key.rpartition('%')[2]}" if block else key
        if block and self._settings.engine is None and self._is_outside(given):
            self._findings.mistake(
                self._at(key),
                f"{told}: {path} is not below the input's folder, and the parameter interface, "
                f"which names it, is stored as it is: give the input a block {block}",
            )
        if not os.path.isfile(path):
            place, is_given = self._found(key)
            which = path if is_given else f"{path} (the default)"
            text = f"{told}: {which} {_why_no_file(path)}{look_alike(given)}"
            self._findings.mistake(place, text)
            return None
        self._files[given] = path
        return path

    def _is_outside(self, given: str) -> bool:
        return Path(given).is_absolute() or ".." in Path(given).parts

    def _stream(self, given: str, key: str) -> Stream | None:
        path = self._file(given, key)
        return None if path is None else read_stream(path, self._findings, self._at(key))

    def _parameters(self) -> ParameterInterface | None:
        stream = self._stream(self._settings.parameter_interface, "ParameterInterface")
        return None if stream is None else read_parameters(stream, self._findings)

    def _constraints(self, parameters: ParameterInterface) -> tuple[Constraint, ...]:
        constraints = read_constraints(self._constraint_texts(), parameters, self._findings)
        if not self._is_new:
            return constraints
        if not self._settings.skip_x0:
            mend = ": change those, or set SkipX0 Yes to start without evaluating them"
            check_initial(constraints, parameters, self._findings.mistake, mend)
        elif isinstance(self._settings.generator, generators["SinglePoint"]):
            mend = ", where optimizers start: a Generator of another Type starts elsewhere"
            check_initial(constraints, parameters, self._findings.warn, mend)
        return constraints

    def _constraint_texts(self) -> list[Word]:
        texts = self._settings.constraint
        keys = [] if self._tree is None else list(self._tree.all("Constraint"))
        given = [key for key in keys if isinstance(key, Key) and key.value is not None]
        if len(given) != len(texts):
            return [Word(text, self._at("Constraint")) for text in texts]
        return [Word(text, _begin(key)) for text, key in zip(texts, given, strict=True)]

    def _jobs(self) -> JobCollection | None:
        stream = self._stream(self._settings.job_collection, "JobCollection")
        known = self._engine_collection()
        if stream is None:
            return None
        collection = read_jobs(stream, self._findings)
        if known is not None:
            collection.check_engines(known, self._findings)
        return collection

    def _engine_collection(self) -> Mapping[str, str] | None:
        """Return the reference engines; the file need not be there unless the input names it."""
        given = self._settings.engine_collection
        if not self._is_given("EngineCollection") and not os.path.exists(self._resolve(given)):
            return {}
        stream = self._stream(given, "EngineCollection")
        return None if stream is None else read_engines(stream, self._findings)

    def _data_sets(self) -> list[Set]:
        sets: list[Set] = []
        wanted = self._set_settings()
        for number, one in enumerate(wanted, 1):
            path = f"DataSet[{number}]" if len(wanted) > 1 else "DataSet"
            stream = self._stream(one.path, f"{path}%Path")
            found = None if stream is None else read_data_set(one.name, stream, self._findings)
            sets.append(Set(path, one, found))
        return sets

    def _split(self, sets: list[Set]) -> list[Set]:
        """Return the sets, with the validation set that the key Validation takes from the first."""
        fraction = self._settings.validation
        if fraction is None:
            return sets
        if len(sets) > 1:
            text = "Validation has no effect: a validation set is given"
            self._findings.warn(self._at("Validation"), text)
            return sets
        path, settings, data_set = sets[0]
        if data_set is None:
            return sets
        n = len(data_set.entries)
        if n < 2:
            text = f"Validation: a training set of {n} entries cannot be split"
            self._findings.mistake(self._at("Validation"), text)
            return sets
        taken = split(n, fraction, self._seed)
        rest = [i for i in range(n) if i not in taken]
        return [
            Set(path, settings, data_set.only(rest, data_set.name)),
            Set(path, settings, data_set.only(sorted(taken), VALIDATION_SET)),
        ]

    def _set_settings(self) -> tuple[DataSetSettings, ...]:
        given = self._settings.data_set
        if not given:
            default = os.path.exists(self._resolve(f"{VALIDATION_SET}.yaml"))
            given = (DataSetSettings(), DataSetSettings()) if default else (DataSetSettings(),)
        return named(given[:2])

    # The engine

    def _engine(self, parameters: ParameterInterface | None) -> Engine | BlackBox | None:
        """Return the engine of the input, or else that of the parameter interface."""
        given: Engine | BlackBox | None = self._settings.engine
        if parameters is None:
            return given
        chosen = parameters.engine
        if chosen is not None and chosen not in engines:
            self._findings.mistake(_dtype_place(parameters), engines.unknown(chosen))
            return given
        if given is None:
            return self._engine_of_interface(parameters, chosen)
        name = engines.name_of(given)
        if chosen is not None and chosen.casefold() != name.casefold():
            self._findings.mistake(
                self._at("Engine"),
                f"Engine {name} does not fit the parameters, which are {parameters.dtype} "
                f"({_dtype_place(parameters)}); give the parameters dtype: Parameters, "
                "or leave the block out",
            )
        return given

    def _engine_of_interface(
        self, parameters: ParameterInterface, chosen: str | None
    ) -> Engine | BlackBox | None:
        if chosen is None:
            known = ", ".join(engines)
            self._findings.mistake(
                _dtype_place(parameters),
                "these parameters name no engine: give the input a block Engine X ... EndEngine "
                f"(X is one of {known}), or the parameters dtype: XParameters",
            )
            return None
        engine: Engine | BlackBox = engine_of_header(chosen, parameters.header, self._findings)
        return engine

    def _black_box(
        self,
        engine: BlackBox,
        parameters: ParameterInterface | None,
        constraints: tuple[Constraint, ...],
        search: tuple[Path, ...],
        run_code: bool,
    ) -> Problem | None:
        name = f"Engine {engines.name_of(engine)}"
        for unused in ("DataSet", "JobCollection", "EngineCollection", "Validation"):
            if self._is_given(unused):
                text = f"{unused} has no effect with {name}, which gives the loss itself"
                self._findings.warn(self._at(unused), text)
        file = partial(self._file, block=name)
        objective = engine.objective(
            Surroundings(parameters, search, run_code, self._findings, self._at, file)
        )
        if objective is not None:
            self._check_needs(objective)
        if parameters is None or objective is None or self._findings.mistakes:
            return None
        return Problem(parameters, objective, files=self._files, constraints=constraints)


def _why_no_file(path: Path) -> str:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return "does not exist"
    except (OSError, ValueError) as error:
        return f"cannot be read: {getattr(error, 'strerror', None) or error}"
    return "is no file"


def _dtype_place(parameters: ParameterInterface) -> Place:
    if parameters.header is not None:
        return parameters.header.place_of("dtype")
    return Place(parameters.source.at.file)


def _begin(key: Key) -> Place:
    """Return where the text of a key begins, behind the quotes that hold all of it."""
    at = (key.value or key).place
    is_within = key.quoted and key.unit is None
    return Place(at.file, at.line, at.column + is_within)


def _reports(objective: Objective) -> bool:
    return isinstance(objective, ReportsProgress) and objective.reports_progress
