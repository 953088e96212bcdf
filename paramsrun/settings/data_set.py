"""The reference data that is fitted, and how often results are written."""

from dataclasses import dataclass, replace
from typing import Literal

from paramsrun.settings.keys import block, key

IN_PLACE = "jobs are run within the evaluation itself"


@dataclass(frozen=True, kw_only=True)
class LoggingInterval:
    """How often results are written, counted in evaluations of one optimizer.

    An evaluation is logged as well when it is that optimizer's lowest so far.
    """

    general: int = key(
        10,
        at_least=1,
        doc="Log every n-th evaluation: a row of running_loss.txt and running_stats.txt, and the "
        "folder latest, which is of the latest logged evaluation. The validation set is evaluated "
        "as often, unless its EvaluateEvery says otherwise.",
    )
    parameters: int = key(
        500,
        at_least=1,
        doc="Write a row of running_active_parameters.txt every n-th evaluation.",
    )
    history: int = key(
        500, at_least=1, doc="Write every n-th evaluation into a folder of its own in history."
    )
    flush: int = key(
        10,
        at_least=1,
        doc="The text logs reach the disk at the latest every n-th evaluation of the run, "
        "whatever its optimizer. The folders best and latest are written once a second, at the "
        "next evaluation. The journal never waits for this.",
    )


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """Reference data and the loss function that compares predictions with them.

    The first block is the training set, which is minimised. The second, if there is one, is the
    validation set: it is evaluated beside the training set and influences nothing.
    """

    name: str = key(
        "",
        doc="The set's name: training_set for the first block, validation_set for the second, as "
        "is assumed where it is left out.",
    )
    path: str = key(
        "",
        path=True,
        takes="a YAML file",
        doc="The YAML file of the data set. Left out, it is the set's name with .yaml.",
    )
    loss_function: Literal["sse", "sae", "mae", "rmse"] = key(
        "sse",
        doc="How deviations d make one number. sse and sae: the sum of weight*(d/sigma)^2, or of "
        "weight*|d/sigma|, over all elements of all entries. mae: the mean of weight*|d/sigma| "
        "over the elements of each entry, and of that over the entries. rmse: the root of the "
        "same mean of weight*(d/sigma)^2. Weights are not normalised.",
    )
    batch_size: int = key(
        0,
        at_least=0,
        doc="Entries used in an evaluation, drawn at random each time; 0 means all.",
    )
    max_jobs: int = key(
        0,
        at_least=0,
        doc="The most jobs run in an evaluation; entries that need others are left out of it. 0 "
        "means all.",
    )
    max_jobs_shuffle: bool = key(
        False,
        doc="Draw the jobs of MaxJobs anew for each evaluation; otherwise they are the first ones.",
    )
    evaluate_every: int = key(
        1,
        at_least=1,
        doc="Evaluate the validation set every n-th time. It is counted in evaluations of one "
        "optimizer and rounded to the nearest multiple of LoggingInterval%General, never below it: "
        "the default 1 means every General-th. The training set is evaluated every time: 1.",
    )
    logging_interval: LoggingInterval | None = block(
        LoggingInterval,
        optional=True,
        doc="LoggingInterval for this data set alone; it wins over the block of the top level.",
    )
    use_pipe: bool = key(True, ignored=IN_PLACE, doc="How ParAMS hands jobs to its workers.")


def evaluate_every(data_set: DataSet, logging: LoggingInterval) -> int:
    """Return after how many evaluations a validation set is due: a multiple of General."""
    general = logging.general
    return general * max(1, (2 * data_set.evaluate_every + general) // (2 * general))


def logging_of(data_set: DataSet, top_level: LoggingInterval) -> LoggingInterval:
    """Return the logging interval that holds for a data set."""
    return top_level if data_set.logging_interval is None else data_set.logging_interval


def named(data_sets: tuple[DataSet, ...]) -> tuple[DataSet, ...]:
    """Return the data sets with the names and files that are assumed where they are left out."""
    complete = []
    for data_set, assumed in zip(data_sets, ("training_set", "validation_set"), strict=False):
        name = data_set.name or assumed
        complete.append(replace(data_set, name=name, path=data_set.path or f"{name}.yaml"))
    return tuple(complete)
