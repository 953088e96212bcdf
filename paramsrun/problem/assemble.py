"""Data sets, jobs, parameters and an engine put together; what does not fit is noted."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from paramsrun.errors import Findings, Place, nearest
from paramsrun.problem.contract import Engine, Job, Model
from paramsrun.problem.data_set import DataSet, Entry
from paramsrun.problem.expression import Call
from paramsrun.problem.jobs import JobCollection
from paramsrun.problem.linear import Results, Unfit
from paramsrun.problem.loss import LOSS_FUNCTIONS
from paramsrun.problem.objective import DataSetObjective
from paramsrun.problem.parameters import ParameterInterface
from paramsrun.problem.plan import Compiled, Plan, compiled
from paramsrun.problem.subset import Sampler
from paramsrun.settings.data_set import DataSet as DataSetSettings
from paramsrun.settings.families import engines


class Set(NamedTuple):
    """A data set and the block of the input that asks for it."""

    path: str
    """Of the block, such as ``DataSet[2]``."""
    settings: DataSetSettings
    data_set: DataSet | None
    """None where it could not be read."""


class Assembler:
    """Makes objectives; what could not be read is None, and then the rest is checked."""

    def __init__(
        self,
        engine: Engine | None,
        parameters: ParameterInterface | None,
        collection: JobCollection | None,
        findings: Findings,
        at: Callable[[str], Place],
        seed: int,
    ) -> None:
        self._engine = engine
        self._parameters = parameters
        self._collection = collection
        self._findings = findings
        self._at = at
        self._seed = seed

    def objective(self, wanted: Set) -> DataSetObjective | None:
        """Return the objective of a set, or None where that cannot be made."""
        data_set = wanted.data_set
        if data_set is None:
            return None
        n_before = len(self._findings.mistakes)
        entries = [entry for entry in data_set.entries if self._fits(entry)]
        jobs = self._jobs(entries)
        sampler = self._sampler(wanted, entries)
        if self._engine is None or self._parameters is None or not entries:
            return None
        model = self._model(self._engine, self._parameters, jobs, entries)
        if model is None:
            return None
        results = Results(jobs, model.layout)
        ready = list(self._compiled(entries, results))
        if len(self._findings.mistakes) > n_before or len(ready) < len(data_set.entries):
            return None
        loss = LOSS_FUNCTIONS[wanted.settings.loss_function]
        return DataSetObjective(data_set, model, Plan(ready, results), loss, sampler)

    def _fits(self, entry: Entry) -> bool:
        """Return whether all jobs are there and the engine gives what the extractors need."""
        mistakes = [m for call in entry.calls if (m := self._misfit(call)) is not None]
        for call, text in mistakes:
            self._findings.mistake(call.place, text)
        known = self._collection.jobs if self._collection is not None else {}
        return not mistakes and all(job in known for job in entry.jobs)

    def _misfit(self, call: Call) -> tuple[Call, str] | None:
        ids = self._collection.ids if self._collection is not None else frozenset()
        if ids and call.job not in ids:
            hint = nearest(call.job, ids)
            return call, f"the job collection holds no job {call.job}{hint}"
        if self._engine is None:
            return None
        missing = sorted(call.extractor.needs - self._engine.provides)
        if not missing:
            return None
        name = engines.name_of(self._engine)
        others = [n for n in engines if engines[n].provides.issuperset(call.extractor.needs)]
        hint = f"; engines that do: {', '.join(others)}" if others else ""
        gives = ", ".join(sorted(self._engine.provides)) or "nothing"
        return call, (
            f"{call.name} needs {', '.join(missing)}, which {name} does not give "
            f"(it gives {gives}){hint}"
        )

    def _jobs(self, entries: Sequence[Entry]) -> dict[str, Job]:
        """Return the jobs that entries need, in the order of the collection."""
        used = frozenset[str]().union(*(entry.jobs for entry in entries))
        if self._collection is None:
            return {}
        return {name: job for name, job in self._collection.jobs.items() if name in used}

    def _model(
        self,
        engine: Engine,
        parameters: ParameterInterface,
        jobs: dict[str, Job],
        entries: Sequence[Entry],
    ) -> Model | None:
        wanted: dict[str, frozenset[str]] = dict.fromkeys(jobs, frozenset())
        for entry in entries:
            for call in entry.calls:
                wanted[call.job] |= call.extractor.needs
        try:
            return engine.bind(jobs, wanted, parameters.names)
        except ValueError as error:
            for line in str(error).splitlines():
                self._findings.mistake(self._place_of(line, jobs, parameters), line)
            return None

    def _place_of(self, line: str, jobs: dict[str, Job], parameters: ParameterInterface) -> Place:
        """Return where to tell what an engine said; about a job, it begins with its name."""
        for name, job in jobs.items():
            if line.startswith(f"job {name}:"):
                return job.place
        return Place(parameters.source.at.file)

    def _compiled(self, entries: Sequence[Entry], results: Results) -> Iterator[Compiled]:
        for entry in entries:
            try:
                yield compiled(entry, results)
            except Unfit as unfit:
                self._findings.mistake(*unfit.args)

    def _sampler(self, wanted: Set, entries: Sequence[Entry]) -> Sampler | None:
        settings = wanted.settings
        if not entries or not (settings.batch_size or settings.max_jobs):
            return None
        try:
            return Sampler(
                [entry.jobs for entry in entries],
                settings.batch_size,
                settings.max_jobs,
                settings.max_jobs_shuffle,
                self._seed,
            )
        except ValueError as error:
            path = f"{wanted.path}%MaxJobs"
            self._findings.mistake(self._at(path), f"{path} {settings.max_jobs} {error}")
            return None
