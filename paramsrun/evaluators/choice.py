"""The evaluator that an input asks for."""

from collections.abc import Callable
from pathlib import Path

from paramsrun.errors import UsageError
from paramsrun.evaluators import memory
from paramsrun.evaluators.automatic import PROCESSES, Automatic
from paramsrun.evaluators.contract import Evaluates
from paramsrun.evaluators.contract import Evaluator as Evaluating
from paramsrun.evaluators.cores import cores
from paramsrun.evaluators.inline import Inline
from paramsrun.evaluators.ordered import Ordered
from paramsrun.evaluators.processes import Processes
from paramsrun.evaluators.spread import spread
from paramsrun.settings.running import Evaluator, ParallelLevels


def evaluator_of(
    problem: Evaluates,
    settings: Evaluator,
    levels: ParallelLevels,
    chosen: str | None,
    on_choice: Callable[[str, str], None],
    folder: Path = Path(),
) -> Evaluating:
    """Return the evaluator of a problem.

    Parameters
    ----------
    chosen
        What Automatic chose in an earlier session of the run.
    on_choice
        Told of what Automatic chooses and why, before it acts; at the first task at the earliest.
    folder
        Where the files are that the settings name.

    Raises
    ------
    UsageError
        Where this system cannot do what is asked.
    RunError
        Where a cluster cannot be used.
    """
    if settings.memory is not None and not memory.KNOWN:
        raise UsageError("Evaluator%Memory works on Linux only; leave it out")
    within = _within(problem, settings, levels, chosen, on_choice, folder)
    return Ordered(within) if settings.ordered else within


def n_workers(settings: Evaluator, levels: ParallelLevels) -> int:
    """Return the number of workers that settings mean on this machine, at least 1."""
    return settings.workers or max(1, cores() // max(1, levels.threads))


def _within(
    problem: Evaluates,
    settings: Evaluator,
    levels: ParallelLevels,
    chosen: str | None,
    on_choice: Callable[[str, str], None],
    folder: Path,
) -> Evaluating:
    def processes() -> Evaluating:
        workers = Processes(
            problem,
            n_workers(settings, levels),
            timeout_s=settings.timeout,
            memory_mb=settings.memory,
            retries=settings.retries,
            threads=levels.threads,
        )
        return spread(problem, workers, levels.jobs)

    if settings.type == "Inline":
        return Inline(problem)
    if settings.type == "Dask":
        from paramsrun.evaluators.cluster.start import start  # needs an extra

        n_here = n_workers(settings, levels)
        cluster = start(problem, settings, n_here, levels.threads, folder)
        return spread(problem, cluster, levels.jobs)
    if settings.type == PROCESSES or chosen == PROCESSES:
        return processes()
    why = _why_at_once(settings, levels)
    if why is None and n_workers(settings, levels) == 1:
        return Inline(problem)
    return Automatic(problem, processes, on_choice, why)


def _why_at_once(settings: Evaluator, levels: ParallelLevels) -> str | None:
    """Return which setting only workers can heed, if one is given."""
    if settings.timeout is not None:
        return "Timeout is given"
    if settings.memory is not None:
        return "Memory is given"
    return None if levels.threads in (1, -1) else "ParallelLevels%Threads is given"
