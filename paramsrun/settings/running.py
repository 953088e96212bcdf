"""Blocks that say how much runs at once, where it runs, and when checkpoints are made."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from os.path import normpath
from typing import Literal

from paramsrun.settings.keys import key
from paramsrun.settings.naming import NamingFormat

_ADDRESS = re.compile(r"(tcp|tls|ucx|ws|wss)://[^/\s]+:[0-9]+")


@dataclass(frozen=True, kw_only=True)
class ParallelLevels:
    """How much is computed at the same time, level by level; the cores needed are the product."""

    optimizations: int = key(
        1,
        at_least=1,
        doc="The most optimizers that live at once; others are started as they end.",
    )
    parameter_vectors: int = key(
        0,
        at_least=0,
        doc="Evaluations in flight for each optimizer. It matters to those that propose several "
        "candidates at once. 0 is as many as this machine has cores, settled when the run first "
        "starts and kept on resume.",
    )
    jobs: int = key(
        0,
        at_least=0,
        doc="The most parts that the jobs of one evaluation are dealt into, to be computed by "
        "several workers at once; 0 sets no limit. It happens where evaluations take 0.2 s or more "
        "and workers would idle, and changes no result. 1 keeps them together.",
    )
    processes: int = key(
        1,
        at_least=-1,
        doc="Processes of each job, for engines that use MPI; -1 leaves it to the environment. No "
        "engine uses it yet.",
    )
    threads: int = key(
        1,
        at_least=-1,
        doc="Threads of each process (OMP_NUM_THREADS and the like in workers); -1 leaves it to "
        "the environment.",
    )

    def mistakes(self) -> Iterator[str]:
        """Yield what no level can be."""
        for name, number in (("Processes", self.processes), ("Threads", self.threads)):
            if number == 0:
                yield f"{name} must be at least 1, or -1 to leave it to the environment, not 0"


@dataclass(frozen=True, kw_only=True)
class Evaluator:
    """Where evaluations of the loss run."""

    type: Literal["Automatic", "Inline", "Processes", "Dask"] = key(
        "Automatic",
        doc="In the job's own process (Inline), in workers on this machine (Processes), or on the "
        "workers of a dask cluster (Dask), which may come and go. Workers may crash or hang "
        "without harm to the job. Automatic begins in the job's own process and goes over to "
        "workers for good once evaluations take 2 ms or more and several wait; at once where "
        "Timeout, Memory or ParallelLevels%Threads needs workers.",
    )
    workers: int = key(
        0,
        at_least=0,
        doc="The most workers at once; 0 is the number of cores, divided by "
        "ParallelLevels%Threads, or all that a cluster named by Address or SchedulerFile has. "
        "Processes are started as there is work for them.",
    )
    timeout: float | None = key(
        None,
        unit="s",
        above=0.0,
        doc="An evaluation that takes longer is given up: its loss is infinite. Where its jobs are "
        "dealt out (ParallelLevels%Jobs) that is the time of each part.",
    )
    memory: float | None = key(
        None,
        unit="MB",
        above=0.0,
        doc="A worker that takes more memory (as top shows it) is ended. The loss of its point is "
        "infinite if a fresh worker takes more, too. Linux only.",
    )
    retries: int = key(2, at_least=0, doc="How many more times a point is tried whose worker died.")
    scheduler_file: str | None = key(
        None,
        takes="a file",
        doc="The file in which `dask scheduler --scheduler-file` says where it is, for Type Dask; "
        "relative to the folder of the input. It may appear up to a minute after the job begins. "
        "With neither this nor Address the job starts a cluster of its own on this machine, and "
        "ends it.",
    )
    address: str | None = key(
        None,
        takes="an address",
        doc="The address of the scheduler, such as tcp://10.0.0.5:8786, for Type Dask.",
    )
    tls_ca_file: str | None = key(
        None,
        name="TLSCAFile",
        takes="a file",
        doc="The certificate of the authority that signed the others, a PEM file, for Type Dask. "
        "With it, TLSCertificate and TLSKey, all that is sent is encrypted, and only who has such "
        "a certificate takes part.",
    )
    tls_certificate: str | None = key(
        None, name="TLSCertificate", takes="a file", doc="The certificate of this job, a PEM file."
    )
    tls_key: str | None = key(
        None, name="TLSKey", takes="a file", doc="The private key of TLSCertificate, a PEM file."
    )
    ordered: bool = key(
        False,
        doc="Take results in the order of submission. A run is then the same for any number of "
        "workers.",
    )

    def mistakes(self) -> Iterator[str]:
        """Yield what the type cannot do, and what a cluster lacks."""
        yield from self._mistakes_of_cluster()
        if self.type != "Inline":
            return
        if self.workers > 1:
            yield f"Workers {self.workers} needs Type Processes or Automatic, not Inline"
        for name, given in (("Timeout", self.timeout), ("Memory", self.memory)):
            if given is not None:
                yield f"{name} needs Type Processes or Automatic: Inline cannot end an evaluation"

    def _mistakes_of_cluster(self) -> Iterator[str]:
        tls = {
            "TLSCAFile": self.tls_ca_file,
            "TLSCertificate": self.tls_certificate,
            "TLSKey": self.tls_key,
        }
        if self.type != "Dask":
            only = {"SchedulerFile": self.scheduler_file, "Address": self.address, **tls}
            for name, given in only.items():
                if given is not None:
                    yield f"{name} needs Type Dask, not {self.type}"
            return
        if find_spec("distributed") is None:
            yield (
                "Type Dask needs dask.distributed, which is not installed: "
                "pip install 'paramsrun[distributed]'"
            )
        if self.scheduler_file is not None and self.address is not None:
            yield "Address and SchedulerFile both name a scheduler: give one of them"
        if self.address is not None and not _ADDRESS.fullmatch(self.address):
            wanted = "tls://host:port" if all(tls.values()) else "tcp://host:port"
            yield f"Address must be {wanted}, not {self.address}"
        missing = [name for name, given in tls.items() if given is None]
        if missing and len(missing) < len(tls):
            given_one = next(name for name in tls if name not in missing)
            yield f"{given_one} needs {' and '.join(missing)}, too"


@dataclass(frozen=True, kw_only=True)
class CheckpointControl:
    """When checkpoints are made, how they are named and how many are kept."""

    at_initialisation: bool = key(False, doc="Make one before the first optimizer starts.")
    at_end: bool = key(False, doc="Make one when the exit conditions are met.")
    every_function_calls: int = key(
        -1, at_least=-1, doc="Make one at every n-th evaluation of the run; -1 or 0: none."
    )
    at_new_best: bool = key(
        False, doc="Make one at each evaluation that has the lowest loss of the run so far."
    )
    every_seconds: float = key(
        3600.0,
        unit="s",
        at_least=-1.0,
        doc="Make one when so long has passed since the last; 0: at every evaluation, -1: none.",
    )
    keep_past: int = key(
        0,
        at_least=-1,
        doc="Checkpoints kept besides the newest; older ones are deleted after the next has been "
        "written. -1 keeps all.",
    )
    naming_format: str = key(
        "glompo_checkpoint_%(date)_%(time)",
        takes="a file name",
        doc="Name of the files, without .tar.gz. %(date) is YYYYMMDD and %(time) is HHMMSS; their "
        "parts are %(year), %(yr) (two digits), %(month), %(day), %(hour), %(min) and %(sec); "
        "%(count) numbers the checkpoints from 000.",
    )
    checkpointing_directory: str = key(
        "checkpoints",
        takes="a folder",
        doc="Folder of the checkpoints, within the results folder; an absolute path may lie "
        "anywhere.",
    )
    raise_fail: bool = key(
        False, doc="End the job when a checkpoint cannot be written; otherwise warn and go on."
    )

    def mistakes(self) -> Iterator[str]:
        """Yield what is wrong with the names of checkpoints and their folder."""
        folder = self.checkpointing_directory
        if normpath(folder).split("/")[0] == "..":
            yield (
                f"CheckpointingDirectory must be within the results folder, not {folder}: leave "
                "out .., or give an absolute path"
            )
        try:
            NamingFormat(self.naming_format)
        except ValueError as error:
            yield str(error)


@dataclass(frozen=True, kw_only=True)
class ControlOptimizerSpawning:
    """When no further optimizers are started; those alive go on."""

    max_evaluations: int | None = key(
        None, at_least=1, doc="No more start once the run has made so many evaluations."
    )
    max_optimizers: int | None = key(
        None, at_least=1, doc="No more start once so many have been started."
    )


@dataclass(frozen=True, kw_only=True)
class Sensitivity:
    """Which parameters matter: the dependence of the loss on each, from random samples."""

    run_sampling: bool = key(False, doc="Draw and evaluate new samples.")
    number_samples: int = key(1000, at_least=1, doc="Samples, uniform within the ranges.")
    random_seed: int | None = key(None, at_least=0, doc="Seed of the samples.")
    save_residuals: bool = key(False, doc="Keep the residuals of each sample.")
    samples_directory: str | None = key(
        None, takes="a folder", doc="The folder of samples drawn before, without RunSampling."
    )
    number_calculation_samples: int | None = key(
        None, at_least=1, doc="Samples used in one calculation of the sensitivities."
    )
    number_bootstraps: int | None = key(
        None, at_least=1, doc="How often the calculation is repeated with other samples."
    )
    set_to_analyze: str | None = key(None, doc="The data set whose loss is looked at.")
    filter_infinite_values: bool = key(True, doc="Drop samples whose loss is not finite.")
    parameters_kernel: str | None = key(None, doc="The kernel of the parameters.")
    loss_values_kernel: str | None = key(None, doc="The kernel of the losses.")
    run_reweight_calculation: bool = key(
        False, doc="Suggest weights of data set entries; needs their residuals."
    )
