"""The state of a run: the fold of its events. `RunState.apply` alone changes it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from paramsrun.arrays import Vector
from paramsrun.manager.events import (
    NOT_RESTORED,
    Checkpoint,
    Chosen,
    Context,
    End,
    Eval,
    Event,
    Exit,
    Inject,
    Run,
    Start,
)
from paramsrun.manager.optimizer_state import Best, OptimizerState
from paramsrun.problem.scaling import Kind, Scaling


@dataclass(slots=True)
class RunState:
    """What is known of a run; exit conditions and stoppers judge by it, and change nothing."""

    window: int = 0
    """So many of a living optimizer's latest evaluations are kept."""
    n_events: int = 0
    run: Run | None = None
    context: Run | Context | None = None
    """What is in force: of the run's beginning, or of the last resume."""
    n_evaluations: int = 0
    """Evaluations that count; the initial one does not."""
    n_started: int = 0
    n_from_block: dict[int, int] = field(default_factory=dict)
    """Optimizers started from each Optimizer block of the input."""
    n_converged: int = 0
    n_stopped: int = 0
    n_failed: int = 0
    n_barren: int = 0
    """Optimizers that ended without a finite loss, in a row."""
    n_failing: int = 0
    """Optimizers that failed by an error of their own before their second batch, in a row."""
    last_end: End | None = None
    last_stopped: tuple[int, int] = (-1, 0)
    """The evaluations of the run when an optimizer was last stopped, and which."""
    evaluator: str | None = None
    """The type of evaluator that Automatic has moved to."""
    n_stopped_when_converged: dict[int, int] = field(default_factory=dict)
    """n_stopped at the moment when n_converged first reached each number."""
    best: Best = field(default_factory=Best)
    """Over all optimizers; the initial evaluation is not among them."""
    comparable_from: int = 1
    """The evaluation from which on losses can be compared with those of now."""
    best_validation: Best = field(default_factory=Best)
    """That of the validation set; fx is its loss."""
    n_infinite: int = 0
    """Evaluations that failed: their loss is not finite."""
    n_against: int = 0
    """Evaluations against a constraint: they were not computed."""
    n_pruned: int = 0
    """Evaluations that were ended on their way, as too far behind."""
    first_infinite: Eval | None = None
    first_against: Eval | None = None
    initial: Eval | None = None
    optimizers: dict[int, OptimizerState] = field(default_factory=dict)
    living: set[int] = field(default_factory=set)
    scalings: dict[Kind, Scaling] = field(default_factory=dict)
    """Those in use so far, see `scaling_of`."""
    t: float = 0.0
    """Seconds of the run at the last event, through restarts."""
    session_began: float = 0.0
    """t at which this session began."""
    n_before: int = 0
    """Evaluations before this session."""
    checkpoint_n: int = -1
    """Evaluations at the last checkpoint; -1 before the first."""
    checkpoint_t: float = 0.0
    """t at the last checkpoint, or where this session began."""
    n_checkpoints: int = 0
    exit: Exit | None = None

    @property
    def unfinished(self) -> set[int]:
        """The living optimizers, and those that were stopped and have results still to come."""
        return self.living | {o for o, one in self.optimizers.items() if one.n_due > 0}

    @property
    def best_optimizer(self) -> OptimizerState | None:
        """The optimizer that holds the lowest loss, living or not."""
        return self.optimizers.get(self.best.o)

    def scaling_of(self, o: int) -> Scaling:
        """Return the scaling between real units and what an optimizer sees; none for 0."""
        kind: Kind = self.optimizers[o].start.scaler if o else "none"
        if kind not in self.scalings:
            assert self.run is not None
            self.scalings[kind] = Scaling(self.run.ranges, kind, self.run.space)
        return self.scalings[kind]

    def best_in(self, scaling: Scaling, best: Best | None = None) -> Vector | None:
        """Return the best point of the run, or that of an optimizer, in a certain space."""
        best = best or self.best
        if best.x is None:
            return None
        origin = self.scaling_of(best.o)
        return (
            best.x.copy()
            if origin.kind == scaling.kind
            else scaling.scaled(origin.recorded(best.x))
        )

    def recall(self, window: int, evaluations: Mapping[int, Iterable[Eval]]) -> None:
        """Fill the windows of living optimizers anew, from their recorded evaluations."""
        self.window = window
        for o, events in evaluations.items():
            self.optimizers[o].recall(window, (e for e in events if e.n >= self.comparable_from))

    @property
    def session_s(self) -> float:
        """Seconds since this session began, as of the last event."""
        return self.t - self.session_began

    def anew(self) -> "RunState":
        """Return the state as a changed context finds it: the best starts anew."""
        return replace(self, best=Best())

    def apply(self, event: Event) -> None:
        """Fold one event into the state."""
        self.t = event.t
        self.n_events += 1
        if type(event) is Eval:
            self._evaluated(event)
        elif type(event) is Start:
            self.n_started += 1
            self.n_from_block[event.block] = self.n_from_block.get(event.block, 0) + 1
            self.living.add(event.o)
            self.optimizers[event.o] = OptimizerState(event, self.n_evaluations, self.window)
        elif type(event) is Inject:
            self.optimizers[event.o].n_offered = self.n_evaluations
        elif type(event) is Chosen:
            self.evaluator = event.evaluator
        elif type(event) is End:
            self._ended(event)
        elif type(event) is Checkpoint:
            self.n_checkpoints += 1
            self.checkpoint_n, self.checkpoint_t = event.n, event.t
        elif type(event) is Context:
            self._resumed(event)
        elif type(event) is Exit:
            self.exit = event
        elif type(event) is Run:
            self.run = self.context = event

    def _evaluated(self, event: Eval) -> None:
        if event.o == 0:
            self.initial = event
            return
        self.n_evaluations = event.n
        if self.optimizers[event.o].take(event):
            self.best.offer(event, event.fx)
        if event.pruned:
            self.n_pruned += 1
        elif event.why is not None:
            if event.is_against:
                self.n_against += 1
                self.first_against = self.first_against or event
            else:
                self.n_infinite += 1
                self.first_infinite = self.first_infinite or event
        if event.val is not None:
            self.best_validation.offer(event, event.val)

    def _ended(self, event: End) -> None:
        optimizer = self.optimizers[event.o]
        optimizer.end = event
        optimizer.n_due = event.in_flight
        optimizer.recent.clear()
        self.living.discard(event.o)
        if not optimizer.is_barren:
            self.n_barren = 0
        elif optimizer.n_evaluations or event.how != "stopped":
            self.n_barren += 1
        self.last_end = event
        if event.how != "failed" or (optimizer.last is not None and optimizer.last.b > 0):
            self.n_failing = 0
        elif not event.reason.startswith(NOT_RESTORED):
            self.n_failing += 1
        if event.how == "converged":
            self.n_converged += 1
            self.n_stopped_when_converged[self.n_converged] = self.n_stopped
        elif event.how == "stopped":
            self.n_stopped += 1
            self.last_stopped = (self.n_evaluations, event.o)
        else:
            self.n_failed += 1

    def _resumed(self, event: Context) -> None:
        if self.exit is not None and self.exit.how == "error":
            self.n_barren = self.n_failing = 0  # what made them fail may be mended
        self.exit = None
        self.context = event
        self.session_began = self.checkpoint_t = event.t
        self.n_before = self.n_evaluations
        if not event.comparable:
            self.comparable_from = self.n_evaluations + 1
            self.best = Best()
            for o in self.unfinished:
                self.optimizers[o].best = Best()
                self.optimizers[o].recent.clear()
        if not event.comparable or not event.validation_comparable:
            self.best_validation = Best()
            for o in self.unfinished:
                self.optimizers[o].best_validation = Best()
