"""What decides the value of the training loss, as one hash: equal hashes mean comparable losses."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from itertools import chain

from paramsrun.errors import Findings
from paramsrun.problem.black_box import Identified
from paramsrun.problem.data_set import Entry
from paramsrun.problem.header import engine_of_header
from paramsrun.problem.objective import DataSetObjective
from paramsrun.problem.problem import Problem
from paramsrun.settings.data_set import DataSet, named
from paramsrun.settings.families import engines
from paramsrun.settings.job import JobSettings
from paramsrun.settings.record import record


def fingerprint(settings: JobSettings, problem: Problem, seed: int) -> str:
    """Return the SHA-256 of the constraints, the engine, the jobs, the entries and their loss.

    The code of a user's function is not part of it, nor are the parameters.
    """
    return _digest(_parts(settings, problem, seed))


def validation_fingerprint(
    settings: JobSettings, problem: Problem, seed: int, training: str
) -> str:
    """Return the SHA-256 of the entries of the validation set and their loss; empty without one.

    training is the `fingerprint`, which is part of it.
    """
    if not isinstance(problem.validation, DataSetObjective):
        return ""
    of = named(settings.data_set or (DataSet(),))[-1]
    entries = problem.validation.data_set.entries
    return _digest((training.encode(), _loss(of, seed), *chain.from_iterable(map(_entry, entries))))


def _digest(parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()


def _parts(settings: JobSettings, problem: Problem, seed: int) -> Iterator[bytes]:
    parameters = problem.parameters
    if problem.constraints:
        yield json.dumps(
            ["Constraint", *sorted({c.condensed for c in problem.constraints})]
        ).encode()
    if isinstance(problem.training, Identified):
        yield problem.training.identity()
        return
    engine = settings.engine
    if engine is None and parameters.engine is not None:
        engine = engine_of_header(parameters.engine, parameters.header, Findings())
    if engine is not None:
        yield json.dumps([engines.name_of(engine), record(engine)]).encode()
    if not isinstance(problem.training, DataSetObjective):
        return
    yield _loss(named(settings.data_set[:1] or (DataSet(),))[0], seed)
    yield problem.files[settings.job_collection].read_bytes()
    for entry in problem.training.data_set.entries:
        yield from _entry(entry)


def _loss(of: DataSet, seed: int) -> bytes:
    """Return how deviations from a data set make one number."""
    drawn = of.batch_size or of.max_jobs
    return json.dumps(
        [of.loss_function, of.batch_size, of.max_jobs, of.max_jobs_shuffle, seed if drawn else None]
    ).encode()


def _entry(entry: Entry) -> Iterator[bytes]:
    yield json.dumps([entry.expression, entry.sigma, entry.unit, entry.factor]).encode()
    yield entry.weight.tobytes()
    yield entry.reference.tobytes()
