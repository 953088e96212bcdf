"""Optimizers as users write them, good and bad."""

import os
import random
import signal
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from paramsrun import BaseOptimizer, MinimizeResult


class Walk(BaseOptimizer):
    """A random walk that goes downhill."""

    def __init__(self, step=0.1, **kwargs):
        super().__init__(**kwargs)
        self.step = step
        self.is_stopped = False
        self.reason = None

    def minimize(self, function, x0, bounds, n=5000):
        x, fx = x0, function(x0)
        for _ in range(n):
            if self.is_stopped or self.step < 1e-3:
                break
            move = self.step * (bounds[:, 1] - bounds[:, 0]) * self.rng.normal(size=len(x))
            trial = np.clip(x + move, *bounds.T)
            f_trial = function(trial)
            self.step *= 1.5 if f_trial < fx else 0.95
            if f_trial < fx:
                x, fx = trial, f_trial
            self.check_messages()
            self._pause_signal.wait()
        self.message_manager(0, f"walked to {fx:.3g}")
        return MinimizeResult(success=True, x=x, fx=fx)

    def callstop(self, reason):
        self.is_stopped = True
        self.reason = reason


class Drifter(Walk):
    """One that moves towards the incumbent, so that injections matter."""

    def minimize(self, function, x0, bounds, n=5000):
        x = x0
        for _ in range(n):
            if self.is_stopped:
                break
            function(x)
            self.check_messages()
            self._pause_signal.wait()
            centre = self.incumbent["x"] if self.incumbent["x"] is not None else x0
            noise = 0.1 * (bounds[:, 1] - bounds[:, 0]) * self.rng.normal(size=len(x))
            x = np.clip(0.5 * (x + centre) + noise, *bounds.T)
        return MinimizeResult(success=True)


class Keeper(BaseOptimizer):
    """One that writes its own state; all of it is in attributes."""

    loads = 0

    def __init__(
        self,
        _opt_id=None,
        _signal_pipe=None,
        _results_queue=None,
        _pause_flag=None,
        _is_log_detailed=False,
        _workers=1,
        _backend="threads",
        step=0.1,
        **kwargs,
    ):
        super().__init__(
            _opt_id,
            _signal_pipe,
            _results_queue,
            _pause_flag,
            _is_log_detailed,
            _workers,
            _backend,
            **kwargs,
        )
        self.step = step
        self.x = None
        self.n = 0
        self.stop_called = False

    def minimize(self, function, x0, bounds, n=5000):
        if not self.is_restart:
            self.x = x0
        while self.n < n and not self.stop_called:
            function(self.x)
            self.n += 1
            noise = self.step * (bounds[:, 1] - bounds[:, 0]) * self.rng.normal(size=len(x0))
            self.x = np.clip(self.incumbent["x"] + noise, *bounds.T)
            self.check_messages()
            self._pause_signal.wait()
        return MinimizeResult(success=True, x=self.x)

    def callstop(self, reason):
        self.stop_called = True

    def checkpoint_save(self, path, force=None, block=None):
        super().checkpoint_save(path, force={"x", "rng"}, block=block)

    @classmethod
    def checkpoint_load(cls, path, **kwargs):
        Keeper.loads += 1
        return super().checkpoint_load(path, **kwargs)


class Entropic(Walk):
    """One that no seed makes repeat itself."""

    def minimize(self, function, x0, bounds, n=5000):
        entropy = random.SystemRandom()
        while not self.is_stopped:
            function(np.array([lo + (hi - lo) * entropy.random() for lo, hi in bounds]))
            self.check_messages()
        return MinimizeResult()


class EntropicKeeper(Keeper):
    """One that repeats itself from nowhere but its own state, and not even then."""

    def minimize(self, function, x0, bounds, n=5000):
        self.rng = np.random.default_rng(random.SystemRandom().getrandbits(64))
        return super().minimize(function, x0, bounds, n)


class Pool(Walk):
    """One that evaluates in threads of its own."""

    def minimize(self, function, x0, bounds, n=5, popsize=7):
        x = x0
        with ThreadPoolExecutor(self.workers) as pool:
            for _ in range(n):
                noise = self.step * self.rng.normal(size=(popsize, len(x0)))
                points = np.clip(x + noise * (bounds[:, 1] - bounds[:, 0]), *bounds.T)
                fx = list(pool.map(function, points))
                x = points[int(np.argmin(fx))]
                self.check_messages()
                if self.is_stopped:
                    break
        return MinimizeResult(success=True, x=x, fx=min(fx))


class Deaf(Walk):
    """Ignores every message."""

    def minimize(self, function, x0, bounds):
        while True:
            function(x0)


class Swallowing(Walk):
    """Ignores every message and every exception."""

    def minimize(self, function, x0, bounds):
        while True:
            with suppress(BaseException):
                function(x0)


class Asleep(Walk):
    """Calls its function once and never again."""

    release = threading.Event()

    def minimize(self, function, x0, bounds):
        function(x0)
        Asleep.release.wait()


class Stuck(Walk):
    """Waits for ever for a thread of its own, as a pool that joins its threads does."""

    def minimize(self, function, x0, bounds):
        with ThreadPoolExecutor(1) as pool:
            pool.submit(threading.Event().wait)


class Interrupting(Walk):
    """Has Ctrl-C pressed while it thinks for ever."""

    def minimize(self, function, x0, bounds):
        function(x0)
        os.kill(os.getpid(), signal.SIGINT)
        threading.Event().wait()


class Raising(Walk):
    def minimize(self, function, x0, bounds):
        function(x0)
        if Path("mended").exists():
            return
        raise RuntimeError("it cannot go on")


class Exiting(Walk):
    def minimize(self, function, x0, bounds):
        function(x0)
        raise SystemExit(3)


class Leaving(Walk):
    """Returns while threads of its own still call the function."""

    threads: list[threading.Thread] = []  # noqa: RUF012

    def minimize(self, function, x0, bounds):
        def call():
            while True:
                function(x0)

        function(x0)
        Leaving.threads = [threading.Thread(target=call) for _ in range(2)]
        for thread in Leaving.threads:
            thread.start()
        return MinimizeResult(success=True)


class Processes(Walk):
    """One that evaluates in processes of its own."""

    def minimize(self, function, x0, bounds):
        points = [x0, x0 + 0.1, x0 - 0.1]
        with ProcessPoolExecutor(self.workers, get_context("spawn")) as pool:
            fx = list(pool.map(function, points))
        return MinimizeResult(success=True, x=points[int(np.argmin(fx))], fx=min(fx))


class Forgetful(Walk):
    def __init__(self):
        pass


class Plain(Walk):
    """Its constructor takes nothing that the run gives."""

    def __init__(self, step=0.5):
        super().__init__(step)


class Wanderer(Walk):
    """One that passes on what it does not take itself."""

    def __init__(self, rest=0, **kwargs):
        super().__init__(**kwargs)
        self.rest = rest


class Popping(Walk):
    """One that takes a name from its kwargs, where no signature tells of it."""

    def __init__(self, **kwargs):
        pace = kwargs.pop("pace", 1.0)
        super().__init__(**kwargs)
        self.step *= pace


class Forking(Walk):
    """Evaluates in a forked process that inherits the function."""

    def minimize(self, function, x0, bounds):
        context = get_context("fork")
        queue = context.SimpleQueue()
        child = context.Process(
            target=lambda: queue.put((function(x0), function.detailed_call(x0)))
        )
        child.start()
        fx, details = queue.get()
        child.join()
        self.message_manager(0, f"{fx} {details}")
        return MinimizeResult(success=True, x=x0, fx=fx)


class Parent(Walk):
    """Leaves a process behind that Python would wait for."""

    def minimize(self, function, x0, bounds):
        child = get_context("spawn").Process(target=time.sleep, args=(3600.0,))
        child.start()
        Path("child").write_text(str(child.pid))
        return super().minimize(function, x0, bounds)


class Closing(Walk):
    """Closes what belongs to the run."""

    def minimize(self, function, x0, bounds):
        function(x0)
        sys.stdout.close()
        return super().minimize(function, x0, bounds)


class Busy(Walk):
    """Computes for ever and listens to nobody."""

    def minimize(self, function, x0, bounds):
        function(x0)
        while True:
            pass


class Greeting(Walk):
    def minimize(self, function, x0, bounds):
        self.message_manager(9, "good morning")
        self.logger.info("hello from its logger")
        for n in range(100):
            function(x0)
            self.check_messages()
            if self.is_stopped:
                break
            self.logger.info("at evaluation %d", n + 1)


class Newton(Walk):
    """Gauss-Newton with finite differences, on residuals; back towards x0 where there are none."""

    def minimize(self, function, x0, bounds, h=1e-3):
        x = np.array(x0)
        while self.is_log_detailed and not self.is_stopped:
            steps = np.where(x + h > bounds[:, 1], -h, h)
            points = [x, *(x + np.diag(steps))]
            r, *ahead = [function.detailed_call(point)[1] for point in points]
            if r is None or any(there is None for there in ahead):
                x = 0.5 * (x + x0)
            else:
                jacobian = (np.array(ahead) - r).T / steps
                x = np.clip(x - np.linalg.lstsq(jacobian, r)[0], *bounds.T)
            self.check_messages()
            self._pause_signal.wait()
        return MinimizeResult(success=True, x=x)


class Odd(Walk):
    """What it sends and keeps is not what it should be."""

    def minimize(self, function, x0, bounds):
        self.incumbent = None
        self.message_manager(42, "?")
        self.message_manager(9, {"a": 1})
        function(x0)
        self.message_manager(0, 3.5)


class Detailed(Walk):
    def minimize(self, function, x0, bounds):
        fx, *_ = function.detailed_call(x0)
        self.message_manager(9, f"it was {fx}")
        return MinimizeResult(success=True, x=x0, fx=fx)


class Talking(Walk):
    def minimize(self, function, x0, bounds):
        self.logger.warning("beware")
        for n in range(100):
            function(x0)
            self.message_manager(9, f"at evaluation {n + 1}, says {self.opt_id}")


class Lost(Walk):
    def minimize(self, function, x0, bounds):
        function(x0 * np.nan)


class Unfinished(BaseOptimizer):
    def minimize(self, function, x0, bounds):
        return MinimizeResult()


class Misscaled(Walk):
    needscaler = "log"


class Particular(Walk):
    needscaler = "std"

    def __init__(self, step, **kwargs):
        if step <= 0:
            raise ValueError("step must be above 0")
        super().__init__(step, **kwargs)


def walk():
    return Walk()
