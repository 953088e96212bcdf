"""Asking a running job for something, and waiting until it is done: `stop` and `checkpoint`."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep

from paramsrun.errors import RunError, UsageError
from paramsrun.manager.events import Checkpoint
from paramsrun.manager.state import RunState
from paramsrun.results import lock
from paramsrun.results.folder import JOURNAL
from paramsrun.results.growing import Growing
from paramsrun.results.log import evaluations
from paramsrun.results.reader import read, take
from paramsrun.results.requests import CHECKPOINT, EXIT, stop_file

PATIENCE_S = 10.0
"""A job is not waited for longer than this: it may be inside a long evaluation."""
POLL_S = 0.1


def stop_job(folder: Path) -> str:
    """End the job of a results folder; return what came of it."""
    job = RunningJob(folder)
    return job.ask(EXIT, lambda: None) or job.how_it_ended()


def stop_optimizer(folder: Path, o: int) -> str:
    """Stop one optimizer of a job; return what came of it."""
    job = RunningJob(folder)
    job.check_alive(o)

    def stopped() -> str | None:
        optimizer = job.state.optimizers[o]
        if optimizer.end is None:
            return None
        meanwhile = "" if optimizer.end.how == "stopped" else " meanwhile"
        made = evaluations(optimizer.n_evaluations)
        return f"{folder}: optimizer {o} {optimizer.end.how}{meanwhile} after {made}"

    return job.ask(stop_file(o), stopped) or f"{job.how_it_ended()}, and optimizer {o} with it"


def make_checkpoint(folder: Path) -> str:
    """Let a job make a checkpoint; return its name."""
    job = RunningJob(folder)
    n_before = job.state.n_checkpoints

    def made() -> str | None:
        if job.state.n_checkpoints > n_before:
            return f"{folder}: checkpoint {job.latest_checkpoint} made"
        if job.n_when_taken is not None and job.state.n_evaluations > job.n_when_taken:
            raise RunError(f"{folder}: the checkpoint was not made; job.log says why")
        return None

    answer = job.ask(CHECKPOINT, made)
    if answer is None:
        raise RunError(f"{job.how_it_ended()}, before it made the checkpoint")
    return answer


class RunningJob:
    """A job that runs in another process. Raises UsageError where a folder holds none."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        reading = read(folder)
        self.state: RunState = reading.state
        self._growing = Growing(folder / JOURNAL, self.state.n_events)
        self.latest_checkpoint = ""
        """The name of the last checkpoint since it is looked at."""
        self.n_when_taken: int | None = None
        """Evaluations when the file that asks was found gone: the job acts before the next one."""
        self._go_on()  # a long journal takes its time to read
        if reading.driver is None:
            how = "it was cut short" if self.state.exit is None else "it has ended"
            raise UsageError(f"{folder}: the job is not running, {how}")

    def check_alive(self, o: int) -> None:
        """Raise UsageError unless that optimizer lives."""
        optimizer = self.state.optimizers.get(o)
        if optimizer is not None and optimizer.end is None:
            return
        living = ", ".join(map(str, sorted(self.state.living))) or "none"
        was = f"there is no optimizer {o}"
        if optimizer is not None and optimizer.end is not None:
            was = f"optimizer {o} has ended already: {optimizer.end.how}"
        raise UsageError(f"{self._folder}: {was}; alive now: {living}")

    def ask(self, name: str, answer: Callable[[], str | None]) -> str | None:
        """Make a file and wait for the answer; None where the job ends without one.

        answer is asked as the state goes on. After PATIENCE_S the user is told to be patient.
        """
        file = self._folder / name
        try:
            os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666))
        except OSError as error:
            raise RunError(f"{file} cannot be made: {error}") from error
        until = monotonic() + PATIENCE_S
        while True:
            is_taken, runs = not os.path.lexists(file), lock.alive(self._folder) is not None
            self._go_on()
            if is_taken and self.n_when_taken is None:
                self.n_when_taken = self.state.n_evaluations
            told = answer()
            if told is not None or not runs:
                with suppress(OSError):  # the job could not remove it either, and said so
                    file.unlink(missing_ok=True)
                return told
            if monotonic() >= until:
                return self._patience(file)
            sleep(POLL_S)

    def how_it_ended(self) -> str:
        """Return how a job ended that runs no more; RunError where it was not in order."""
        ended = self.state.exit
        made = evaluations(self.state.n_evaluations)
        if ended is None:
            raise RunError(f"{self._folder}: the job was cut short after {made}")
        if ended.how == "error":
            raise RunError(f"{self._folder}: the job ended by an error: {ended.reason}")
        by_itself = "" if ended.how in ("request", "signal") else " by itself"
        return f"{self._folder}: the job ended{by_itself} after {made}"

    def _go_on(self) -> None:
        """Take what the journal has grown by."""
        at = self._folder / JOURNAL
        for event in self._growing.events():
            take(event, self.state, at)
            if type(event) is Checkpoint:
                self.latest_checkpoint = event.name

    def _patience(self, file: Path) -> str:
        if os.path.lexists(file):
            return (
                f"{self._folder}: the job has not looked at {file.name} yet; "
                "it will after the evaluation under way"
            )
        return f"{self._folder}: the job has taken {file.name} and is at it; see job.log"
