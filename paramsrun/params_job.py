"""A job for Python: an input that is changed as attributes, a run, and its results."""

import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias

from paramsrun.apart import Apart
from paramsrun.errors import Findings, ParamsrunError, Place, UsageError
from paramsrun.following import following, has_run, is_false_start
from paramsrun.input import Source, read_source
from paramsrun.job import Job, say
from paramsrun.job_input import FilePath, JobInput
from paramsrun.manager.state import RunState
from paramsrun.params_results import ParAMSResults
from paramsrun.results import lock
from paramsrun.results.folder import INPUTS, JOURNAL, check_free, job_name
from paramsrun.results.reader import read
from paramsrun.threads import one_thread

Status: TypeAlias = Literal["created", "running", "successful", "failed", "interrupted"]

ENDED_WELL = ("conditions", "exhausted", "request")
LOOK_S = 0.05


class ParAMSJob(JobInput):
    """A job, made and run from Python.

    Parameters
    ----------
    name
        Its results appear in ``<name>.results`` in the current folder.
    input
        What its input says, as the text of one or a dict; nothing, if it is left out. Files that it
        names are relative to the current folder.

    Raises
    ------
    InputError
        With every mistake in a text.
    UsageError
        Where the name is none for a folder.

    Examples
    --------
    >>> job = ParAMSJob.from_inputfile("params.in", name="second")
    >>> job.settings.input.Optimizer[0].CMAES.Sigma0 = 0.3
    >>> job.settings.input.ExitCondition = []
    >>> job.add_exit_condition("MaxTotalFunctionCalls", 400)
    >>> results = job.run()
    >>> evaluations, losses = results.get_running_loss()
    """

    __slots__ = ("_apart", "_at", "_over", "_results", "name")

    def __init__(self, name: str = "params", input: str | Mapping[str, Any] | None = None) -> None:
        super().__init__()
        self.name = _named(name)
        self._at: Path | None = None
        self._apart: Apart | None = None
        self._over: tuple[str, str] | None = None
        """The input of a run that came to its end, and a sentence that says so."""
        self._results: ParAMSResults | None = None
        if isinstance(input, str):
            self.take(Source(input, Place("input", 1, 1)), self.folder)
        elif input is not None:
            self.settings.input = input

    @classmethod
    def from_inputfile(cls, path: FilePath, name: str | None = None) -> "ParAMSJob":
        """Return the job of an input file, named like the file unless a name is given.

        The files it names become absolute paths. Raises InputError with every mistake in the file;
        UsageError where the name is none for a folder.
        """
        at = Path(path).absolute()
        findings = Findings()
        source = read_source(Path(path), findings)
        findings.check()
        assert source is not None
        job = cls(at.stem if name is None else name)
        job.take(source, at.parent)
        return job

    @classmethod
    def load_external(cls, path: FilePath, name: str | None = None) -> "ParAMSJob":
        """Return the job of a results folder, whoever runs or ran it.

        Its input is the stored one, and its results are those in the folder. Raises UsageError
        where there is no such folder, or it is no results folder.
        """
        folder = Path(path).absolute()
        stored = folder / INPUTS / "params.in"
        if not stored.is_file():
            raise UsageError(f"{path} is no results folder: it has no {INPUTS}/params.in")
        job = cls.from_inputfile(stored, folder.name.removesuffix(".results"))
        job.name = job.name if name is None else _named(name)
        job._at = folder
        return job

    @staticmethod
    def run_exists(name: str) -> bool:
        """Return whether the current folder has results of a job of that name, ``<name>.results``.

        A run that ended at its initial loss, as that was not finite, has none to go on with: where
        a job of its name is run anew, that is its next session.

        Raises UsageError where the name is none for a folder.
        """
        return has_run(_named(name))

    @classmethod
    def load_run(cls, name: str) -> "ParAMSJob":
        """Return the job that goes on with the latest results of a job of that name.

        Its input is the stored one, and may be changed: blocks given anew replace what was stored.
        It runs as ``<name>.2``, ``<name>.3`` and so on, as ``--resume auto`` does; until then its
        results and its status are the latest there are. Where these came to their end, `run`
        says so and does nothing, unless the input was changed. A TimeLimit is no end: it holds for
        one session.

        Raises UsageError where there are none.

        Examples
        --------
        A script that may be started again and again, until the run has come to its end::

            if ParAMSJob.run_exists("search"):
                job = ParAMSJob.load_run("search")
            else:
                job = ParAMSJob.from_inputfile("search.in")
            results = job.run()
        """
        following_name, latest, over, anew = following(_named(name))
        if anew is not None:
            raise UsageError(f"{anew} if its input is run")
        if latest is None:
            raise UsageError(f"There is no run {name} here: the folder has no {name}.results")
        job = cls.load_external(latest, following_name)
        job.resume_checkpoint = latest
        job.settings.input.ResultsDirectory = None
        if over is not None:
            told = (
                f"{latest} ended already, and there is nothing to do: change ExitCondition to go on"
            )
            job._over = job._text, told
        return job

    def __repr__(self) -> str:
        return f"<ParAMSJob {self.name}>"

    # Running it

    def run(self, wait: bool = True, echo: Callable[[str], None] = say) -> ParAMSResults:
        """Run the job in this process, to its end; return the results.

        Linear algebra takes one thread meanwhile, as in every run. SIGINT (Ctrl-C) and SIGTERM end
        the run in order, and are then raised anew for whoever answered them before.

        Parameters
        ----------
        wait
            If not, the job runs in a process of its own, which shows nothing and outlives this one;
            the results can be read at once, while they grow. See `wait`.
        echo
            Shows a line of the log; the default prints it.

        Raises
        ------
        InputError
            With every mistake in the input and in the files it names.
        UsageError
            Where the results folder is there already, or what is to be resumed cannot be.
        RunError
            Where the run had to end early.
        """
        self._check_not_running()
        self._step_over(echo)
        if self._over is not None and self._over[0] == self._text:
            echo(self._over[1])
        elif wait:
            self._ended(self._run(echo))
        else:
            self._start()
        return self.results

    def wait(self, timeout_s: float | None = None) -> ParAMSResults:
        """Wait until the job does not run any more, whichever process runs it; return the results.

        Raises RunError where a run that this job started failed, UsageError where its time is up.
        """
        until = None if timeout_s is None else time.monotonic() + timeout_s
        while self._is_alive():
            if until is not None and time.monotonic() >= until:
                raise UsageError(f"{self.name} still runs after {timeout_s} s")
            time.sleep(LOOK_S)
        self._check_apart()
        return self.results

    def status(self) -> Status:
        """Return what became of the job.

        ``created`` has no results yet, ``running`` is alive in this or any process, ``successful``
        ended by its exit conditions, for want of optimizers or on request, ``failed`` by an error;
        ``interrupted`` was ended by a signal or killed, and can be resumed.
        """
        if self._is_alive():
            return "running"
        if not (self.results.path / JOURNAL).is_dir():
            return "created" if self._apart is None else "failed"
        ended = read(self.results.path).state.exit
        if ended is None or ended.how == "signal":
            return "interrupted"
        return "successful" if ended.how in ENDED_WELL else "failed"

    def check(self) -> bool:
        """Return whether it ran to its end and found a finite loss."""
        return self.status() == "successful" and bool(read(self.results.path).state.best.o > 0)

    @property
    def results(self) -> ParAMSResults:
        """Its results, which need not be there yet."""
        at = self._at or self._default_folder()
        if self._results is None or self._results.path != at:
            self._results = ParAMSResults(at)
        return self._results

    # How it is done

    def _source(self) -> Source:
        return Source(self._text, Place("settings.input", 1, 1))

    def _load(self, run_code: bool = True) -> Job:
        return Job.load(
            self.folder / "params.in", self.name, run_code=run_code, source=self._source()
        )

    def _run(self, echo: Callable[[str], None]) -> RunState:
        with one_thread(), self._load() as job:
            check_free(job.folder)
            self._at = job.folder.absolute()
            return job.run(echo)

    def _ended(self, state: RunState) -> None:
        """Pass on the signal that ended a run."""
        assert state.exit is not None
        if state.exit.how == "signal":
            signal.raise_signal(signal.Signals[state.exit.reason.rpartition(" ")[2]])

    def _start(self) -> None:
        """Run the job in a process of its own; return once its results folder is there."""
        with self._load(run_code=False) as job:
            folder = job.folder.absolute()
        check_free(folder)
        self._at = folder
        self._apart = Apart(self.name, self._text, self.folder)
        while self._apart.is_alive() and not folder.is_dir():
            time.sleep(LOOK_S)
        if not folder.is_dir():
            self._check_apart()

    def _step_over(self, echo: Callable[[str], None]) -> None:
        """Take the name of the next session, if this one ended at its initial loss."""
        given = self.settings.input
        if given.ResultsDirectory or given.ResumeCheckpoint:
            return
        if is_false_start(self._default_folder()):
            after = following(self.name)
            echo(after.anew or "")
            self.name, self._at = after.name, None

    def _check_not_running(self) -> None:
        if self._apart is not None and self._apart.is_alive():
            raise UsageError(f"{self.name} runs already, as process {self._apart.pid}")

    def _check_apart(self) -> None:
        """Raise what ended a process that failed."""
        failure = None if self._apart is None else self._apart.failure()
        if failure is not None:
            raise type(failure)(f"The run of {self.name} failed: {failure}")

    def _is_alive(self) -> bool:
        if self._apart is not None and self._apart.is_alive():
            return True
        return lock.alive(self.results.path) is not None

    def _default_folder(self) -> Path:
        given = self.settings.input.ResultsDirectory
        return Path(given or f"{self.name}.results").absolute()


def _named(name: object) -> str:
    """Return the name of a job; UsageError where it is none for a folder."""
    if not isinstance(name, str):
        raise UsageError(f"The name of a job must be a text, not {name!r}")
    return job_name(name)


def run_sent(name: str, text: str, folder: str) -> None:
    """Run a job that another process sent, and exit with the code of its error."""
    job = ParAMSJob(name, text)
    job.folder = Path(folder)
    try:
        job.run(echo=lambda line: None)
    except KeyboardInterrupt:
        sys.exit("Ended by SIGINT")
    except ParamsrunError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
