"""The tests that every optimizer has to pass."""

import threading
from collections.abc import Callable, Mapping
from typing import Any
from unittest import SkipTest

import numpy as np

from paramsrun.arrays import Matrix, Vector
from paramsrun.optimizers.contract import Proposer, Residuals, needed, tell
from paramsrun.optimizers.plugins import played
from paramsrun.optimizers.plugins.base_optimizer import BaseOptimizer, keeps_state
from paramsrun.optimizers.plugins.signals import Signal, SignalPipe
from paramsrun.optimizers.replay import Injected, Told, replay
from paramsrun.testing.stage import BOUNDS, X0, Counted, Flag, Given, messages, run_apart


class OptimizerConformance:
    """What every optimizer must keep to. Set `optimizer`, and what else differs from here.

    The built-in optimizers pass it, too: `optimizer` is then an instance of their settings.
    """

    optimizer: Any = None
    """The subclass of `BaseOptimizer`."""
    settings: Mapping[str, Any] = {}
    """Keyword arguments of the class."""
    call_settings: Mapping[str, Any] = {}
    """Keyword arguments of its method minimize."""
    workers: int = 1
    """From so many threads it calls the function at once."""
    stays_within_bounds: bool = True
    """Whether it tries no point outside."""
    repeats_itself: bool = True
    """Whether the same seed gives the same run; without it, resuming starts from the best point."""
    n_batches: int = 30
    """So many batches of each run are looked at."""
    calls_to_stop: int = 100
    """It may call the function so often until it heeds a message."""
    patience: float = 60.0
    """Seconds after which it is taken to hang, if it neither calls the function nor ends."""
    log_detailed: bool = False
    """Whether it needs the residuals of ``function.detailed_call``: here one, the root of the loss.
    """

    def loss(self, x: Vector) -> float:
        """Return what is minimised, at x (2,) between 0 and 1 and between -1 and 1."""
        return float(1.0 + ((x - 0.4) ** 2 * np.arange(1, len(x) + 1)).sum())

    # Its run

    def test_it_evaluates_points_that_are_numbers(self) -> None:
        """The first batches hold finite points."""
        told = self._run()
        assert told, "it ended before its first evaluation"
        assert all(np.isfinite(batch.x).all() for batch in told), "a point is no number"
        assert all(batch.x.shape[1:] == (2,) for batch in told), "a point has not n_params numbers"

    def test_it_stays_within_the_bounds(self) -> None:
        """No point lies outside, unless it says so by `stays_within_bounds`."""
        if not self.stays_within_bounds:
            raise SkipTest("it says that it does not")
        lower, upper = BOUNDS.T
        for x in [told.x for told in self._run()]:
            inside = ((lower <= x) & (x <= upper)).all()
            assert inside, f"it left the bounds {BOUNDS.tolist()}: {x.tolist()}"

    def test_it_leaves_arrays_alone(self) -> None:
        """Neither the bounds, x0, nor what it is told change."""
        bounds, x0 = BOUNDS.copy(), X0.copy()
        bounds.flags.writeable = x0.flags.writeable = False
        proposer = self._start(bounds=bounds, x0=x0)
        for _ in range(self.n_batches):
            if proposer.ended is not None:
                break
            x = proposer.ask()
            fx = self._losses(x)
            kept = x.copy(), fx.copy()
            x.flags.writeable = fx.flags.writeable = False
            tell(proposer, x, fx, self._beside(proposer, fx))
            assert np.array_equal(x, kept[0]), "it changed the points it was told"
            assert np.array_equal(fx, kept[1]), "it changed the losses it was told"
        proposer.close()
        self._has_not_failed(proposer)

    def test_it_survives_infinite_losses(self) -> None:
        """A point whose loss cannot be computed has the loss inf."""
        n = 0

        def losses(x: Matrix) -> Vector:
            nonlocal n
            n += len(x)
            return np.full(len(x), np.inf) if n % 7 == 3 else self._losses(x)

        proposer = self._start()
        told = self._go_on(proposer, losses=losses)
        proposer.close()
        assert all(np.isfinite(batch.x).all() for batch in told), "an infinite loss led it astray"
        self._has_not_failed(proposer)

    def test_the_same_seed_gives_the_same_run(self) -> None:
        """Random numbers come from ``self.rng``."""
        self._needs_repetition()
        assert _same(self._run(seed=5), self._run(seed=5)), (
            "two runs differ: do all random numbers come from self.rng?"
        )

    def test_two_interleaved_give_what_each_gives_alone(self) -> None:
        """Two of it do not know of each other."""
        self._needs_repetition()
        alone = self._run(seed=1), self._run(seed=2)
        pair = self._start(seed=1), self._start(seed=2)
        together: tuple[list[Told], list[Told]] = ([], [])
        for _ in range(self.n_batches):
            for proposer, told in zip(pair, together, strict=True):
                told += self._go_on(proposer, 1)
        for k in (0, 1):
            pair[k].close()
            assert _same(alone[k], together[k]), (
                "two at once disturb each other: do they share an attribute of the class, or "
                "numpy.random?"
            )

    # Messages

    def test_it_stops(self) -> None:
        """Once it was sent the signal to stop, it calls callstop and minimize returns."""
        self._needs_class()
        pipe = SignalPipe()
        reasons: list[str] = []
        optimizer = self._constructed(pipe)
        stop = optimizer.callstop

        def callstop(reason: str) -> None:
            reasons.append(reason)
            stop(reason)

        optimizer.callstop = callstop  # type: ignore[method-assign]
        late = f"it went on for {self.calls_to_stop} calls after the signal to stop"
        self._minimize(optimizer, lambda: pipe.put(int(Signal.STOP), "a test"), late)
        if not pipe.is_read:  # it ended by itself before it read the signal
            optimizer.check_messages()
        assert reasons == ["a test"], "callstop was not called: does it call check_messages()?"

    def test_it_pauses(self) -> None:
        """It calls ``self._pause_signal.wait()`` in its loop."""
        self._needs_class()
        flag = Flag()
        optimizer = self._constructed(SignalPipe(), flag)

        def heeded() -> bool:
            return flag.n_waits > 0

        late = f"it made {self.calls_to_stop} calls without self._pause_signal.wait()"
        self._minimize(optimizer, flag.clear, late, heeded)

    def test_it_reads_what_is_injected(self) -> None:
        """A better point from elsewhere becomes its incumbent, or what its inject makes of it."""
        self._needs_class()
        pipe = SignalPipe()
        optimizer = self._constructed(pipe)
        late = f"it made {self.calls_to_stop} calls without check_messages()"

        def offer() -> None:
            pipe.put(int(Signal.INJECT), X0.copy(), -1e3)

        self._minimize(optimizer, offer, late, lambda: pipe.is_read)

    # Saving and resuming

    def test_resumed_equals_uninterrupted(self) -> None:
        """Started anew and told its own results it goes on as if it had not been cut."""
        self._needs_repetition()
        whole = self._run()
        for cut in sorted({0, 1, 2, len(whole) // 2}):
            resumed = self._start()
            divergence = replay(resumed, whole[:cut], BOUNDS)
            reason = divergence and divergence.reason
            assert reason is None, f"resumed, it went another way: {reason}"
            rest = self._go_on(resumed, self.n_batches - len(whole[:cut]))
            resumed.close()
            assert _same(whole[cut:], rest), f"resumed after {cut} batches it went another way"

    def test_resumed_equals_uninterrupted_where_points_were_injected(self) -> None:
        """Injections are repeated between the same batches."""
        self._needs_repetition()
        history: list[Told | Injected] = []
        proposer = self._start()
        while proposer.ended is None and len(history) < self.n_batches:
            history += self._go_on(proposer, 1)
            if len(history) % 5 == 4 and proposer.ended is None:
                better = Injected(np.array([0.4, 0.4]), 0.5)
                proposer.inject(*better)
                history.append(better)
        proposer.close()
        resumed = self._start()
        divergence = replay(resumed, history, BOUNDS)
        resumed.close()
        reason = divergence and divergence.reason
        assert reason is None, f"resumed, it went another way: {reason}"

    def test_its_own_state_brings_it_back(self) -> None:
        """What its checkpoint_save writes, its checkpoint_load goes on from."""
        if self._cls is None or not keeps_state(self._cls):
            raise SkipTest("it has no checkpoint_save or checkpoint_load of its own")
        proposer = self._start()
        with messages() as said:
            self._go_on(proposer, self.n_batches // 2)
        saved = proposer.saved  # type: ignore[attr-defined]
        if proposer.ended is not None:
            raise SkipTest("it ended before it could be saved: a smaller n_batches may help")
        why = said[-1] if said else "does it call check_messages()?"
        assert saved is not None, f"it saved nothing: {why}"
        after = self._go_on(proposer)
        proposer.close()
        resumed = played.Played(
            self._given(), BOUNDS, X0, np.random.default_rng(1), saved, at_leisure=True
        )
        rest = self._go_on(resumed)
        resumed.close()
        self._has_not_failed(resumed)
        if self.repeats_itself and saved.n_told == self.n_batches // 2:
            assert _same(after, rest), "loaded from its own state it went another way"

    def test_it_can_be_closed_at_any_time(self) -> None:
        """Nothing of it goes on then."""
        for n in (0, 1, self.n_batches):
            before = {*threading.enumerate()}
            proposer = self._start()
            self._go_on(proposer, n)
            proposer.close()
            proposer.close()
            left = [thread.name for thread in {*threading.enumerate()} - before]
            assert not left, f"threads of it go on after its end: {', '.join(left)}"

    # What the tests are made of

    @property
    def _cls(self) -> type[BaseOptimizer] | None:
        assert self.optimizer is not None, "set `optimizer` to your class"
        return self.optimizer if isinstance(self.optimizer, type) else None

    def _given(self) -> Given:
        return Given(
            self._cls,
            self.settings,
            self.call_settings,
            self.workers,
            self.patience,
            self.log_detailed,
        )

    def _needs_class(self) -> None:
        if self._cls is None:
            raise SkipTest("a built-in optimizer reads no messages")

    def _needs_repetition(self) -> None:
        if not self.repeats_itself:
            raise SkipTest("it says that it does not repeat itself")

    def _start(
        self,
        seed: int = 1,
        bounds: Matrix | None = None,
        x0: Vector | None = None,
    ) -> Proposer:
        bounds, x0 = BOUNDS if bounds is None else bounds, X0 if x0 is None else x0
        rng = np.random.default_rng(seed)
        if self._cls is None:
            proposer: Proposer = self.optimizer.start(bounds, x0, rng)
            return proposer
        return played.Played(self._given(), bounds, x0, rng, at_leisure=True)

    def _run(self, seed: int = 1) -> list[Told]:
        proposer = self._start(seed)
        told = self._go_on(proposer)
        proposer.close()
        self._has_not_failed(proposer)
        return told

    def _go_on(
        self,
        proposer: Proposer,
        n: int | None = None,
        losses: Callable[[Matrix], Vector] | None = None,
    ) -> list[Told]:
        told: list[Told] = []
        while proposer.ended is None and len(told) < (self.n_batches if n is None else n):
            x = proposer.ask()
            fx = (losses or self._losses)(x)
            residuals = self._beside(proposer, fx)
            told.append(Told(x.copy(), fx.copy(), residuals))
            tell(proposer, x, fx, residuals)
        return told

    def _losses(self, x: Matrix) -> Vector:
        lower, upper = BOUNDS.T
        inside = [bool(((one >= lower) & (one <= upper)).all()) for one in x]
        losses = [self.loss(one) if ok else np.inf for one, ok in zip(x, inside, strict=True)]
        return np.array(losses, dtype=np.float64)

    def _beside(self, proposer: Proposer, fx: Vector) -> Residuals:
        """Return what a proposer that needs more than the losses is told: here a step each."""
        if needed(proposer) == "progress":
            return [np.array([1.0, loss]) for loss in fx]
        return self._residuals(fx)

    def _residuals(self, fx: Vector) -> Residuals:
        """Return one residual for each loss, for an optimizer that needs them."""
        return [np.sqrt([loss]) if np.isfinite(loss) else None for loss in fx]

    def _details(self, x: Vector) -> tuple[Any, ...]:
        fx = self._losses(x[None])
        return (float(fx[0]), *(self._residuals(fx) if self.log_detailed else ()))

    def _has_not_failed(self, proposer: Proposer) -> None:
        __tracebackhide__ = True
        ended = proposer.ended
        assert ended is None or ended.how != "failed", f"it failed: {ended and ended.reason}"

    def _constructed(self, pipe: SignalPipe, flag: threading.Event | None = None) -> BaseOptimizer:
        optimizer = played.constructed(self._given(), np.random.default_rng(1), pipe)
        if flag is not None:
            optimizer._pause_signal = flag
        return optimizer

    def _minimize(
        self,
        optimizer: BaseOptimizer,
        send: Callable[[], None],
        late: str,
        heeded: Callable[[], bool] = lambda: False,
    ) -> None:
        """Let it run, and send something at its third call."""
        __tracebackhide__ = True
        function = Counted(self._details, optimizer, send, heeded, self.calls_to_stop)

        def minimize() -> None:
            optimizer.minimize(function, X0.copy(), BOUNDS.copy(), **self.call_settings)

        raised = run_apart(minimize, lambda: function.n_calls, self.patience)
        if raised is not None:
            raise raised
        assert not function.is_late, late


def _same(a: list[Told], b: list[Told]) -> bool:
    return len(a) == len(b) and all(
        np.array_equal(p.x, q.x) and np.array_equal(p.fx, q.fx) for p, q in zip(a, b, strict=True)
    )
