"""What runs in a worker process: takes points, sends back their losses.

It holds nothing of its driver but the two ends that the driver gave it: a socket for messages, and
as standard input a pipe that never carries anything and ends when the driver does.
"""

import fcntl
import os
import pickle
import select
import signal
import socket
from time import perf_counter

from paramsrun.errors import EvaluatorLost
from paramsrun.evaluators.contract import Evaluates, Task, failed
from paramsrun.evaluators.forks import end_fork
from paramsrun.evaluators.memory import peak_mb, resident_mb
from paramsrun.evaluators.messages import LENGTH, Broken, Computed, Over, Ready
from paramsrun.evaluators.spread import Divisible
from paramsrun.problem.contract import Evaluation


def serve(number: int) -> None:
    """Compute what comes through the socket of this number, until it closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_driver()
    home = os.getpid()
    connection = socket.socket(fileno=number)
    incoming = connection.makefile("rb")
    try:
        problem, watch_memory = pickle.load(incoming)
        if hasattr(problem, "prepare"):
            problem.prepare()
    except Exception as error:
        _send(connection, Broken(f"{type(error).__name__}: {error}"))
        return
    end_fork(home)
    _send(connection, Ready(resident_mb(os.getpid())))
    while True:
        try:
            task = pickle.load(incoming)
        except EOFError:
            return
        began = perf_counter()
        try:
            evaluation = evaluated(problem, task)
        except EvaluatorLost as error:
            _send(connection, Over(error))
            return
        end_fork(home)
        elapsed = perf_counter() - began
        _send(connection, Computed(evaluation, elapsed, peak_mb() if watch_memory else 0.0))


def evaluated(problem: Evaluates, task: Task) -> Evaluation:
    """Return the loss of a task; what a problem should never do is a failed point.

    Only EvaluatorLost goes on.
    """
    try:
        evaluation = _of(problem, task)
    except EvaluatorLost:
        raise
    except (Exception, SystemExit) as error:
        return failed(f"{type(error).__name__}: {error}")
    return failed("the loss is not a number") if evaluation.fx != evaluation.fx else evaluation


def _of(problem: Evaluates, task: Task) -> Evaluation:
    if task.part is None:
        return problem.evaluate(task.x, task.key)
    assert isinstance(problem, Divisible)
    return problem.part(task.x, task.key, *task.part)


def end_with_driver() -> None:
    """Let the system end this process group, whatever it computes, when standard input ends.

    No thread could: one evaluation in compiled code keeps all others from running.
    """
    life = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(life, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(life, fcntl.F_SETFL, fcntl.fcntl(life, fcntl.F_GETFL) | os.O_ASYNC)
    if select.select([life], [], [], 0)[0]:  # it ended before this was in place
        os._exit(1)


def _send(
    connection: socket.socket,
    message: Ready | Broken | Over | Computed,
) -> None:
    try:
        data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        assert isinstance(message, Computed)
        unsent = failed(f"its result cannot be sent: {type(error).__name__}: {error}")
        data = pickle.dumps(message._replace(evaluation=unsent), pickle.HIGHEST_PROTOCOL)
    connection.sendall(LENGTH.pack(len(data)) + data)
