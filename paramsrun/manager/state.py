"""The state of a run: the fold of its events. `RunState.apply` alone changes it."""

from dataclasses import dataclass, field, replace

from paramsrun.arrays import Vector
from paramsrun.manager.events import Checkpoint, Context, End, Eval, Event, Exit, Run, Start

INF = float("inf")


class Best:
    """The lowest loss so far of an optimizer or of the run."""

    __slots__ = ("fx", "n", "o", "x")

    def __init__(self) -> None:
        self.fx = INF
        self.n = -1
        self.o = -1
        self.x: Vector | None = None

    def offer(self, event: Eval) -> bool:
        """Take an evaluation if it is lower; return whether it was."""
        if event.fx < self.fx:
            self.fx, self.n, self.o, self.x = event.fx, event.n, event.o, event.x
            return True
        return False


class OptimizerState:
    """What is known of one optimizer."""

    __slots__ = ("best", "end", "last", "n_at_start", "n_evaluations", "start")

    def __init__(self, start: Start, n_at_start: int) -> None:
        self.start = start
        self.n_at_start = n_at_start
        self.n_evaluations = 0
        self.best = Best()
        self.last: Eval | None = None
        self.end: End | None = None


@dataclass(slots=True)
class RunState:
    """What is known of a run; exit conditions and stoppers judge by it, and change nothing."""

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
    """Optimizers that ended without an evaluation, in a row."""
    n_stopped_when_converged: dict[int, int] = field(default_factory=dict)
    """n_stopped at the moment when n_converged first reached each number."""
    best: Best = field(default_factory=Best)
    """Over all optimizers; the initial evaluation is not among them."""
    comparable_from: int = 1
    """The evaluation from which on losses can be compared with those of now."""
    best_validation: tuple[float, int] | None = None
    """The lowest loss of the validation set, and its evaluation."""
    n_infinite: int = 0
    """Evaluations whose loss is not finite."""
    first_infinite: Eval | None = None
    initial: Eval | None = None
    optimizers: dict[int, OptimizerState] = field(default_factory=dict)
    living: set[int] = field(default_factory=set)
    t: float = 0.0
    """Seconds of the run at the last event, through restarts."""
    session_began: float = 0.0
    """t at which this session began."""
    checkpoint_n: int = -1
    """Evaluations at the last checkpoint; -1 before the first."""
    checkpoint_t: float = 0.0
    """t at the last checkpoint, or where this session began."""
    n_checkpoints: int = 0
    exit: Exit | None = None

    @property
    def queue(self) -> list[int]:
        """The living optimizers, the one whose last result is oldest first."""

        def since(o: int) -> tuple[float, int]:
            optimizer = self.optimizers[o]
            return optimizer.last.n if optimizer.last else optimizer.n_at_start + 0.5, o

        return sorted(self.living, key=since)

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
            self.optimizers[event.o] = OptimizerState(event, self.n_evaluations)
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
        optimizer = self.optimizers[event.o]
        optimizer.n_evaluations += 1
        optimizer.last = event
        if optimizer.best.offer(event):
            self.best.offer(event)
        if event.why is not None:
            self.n_infinite += 1
            self.first_infinite = self.first_infinite or event
        if event.val is not None and event.val < (self.best_validation or (INF, 0))[0]:
            self.best_validation = (event.val, event.n)

    def _ended(self, event: End) -> None:
        optimizer = self.optimizers[event.o]
        optimizer.end = event
        optimizer.last = None
        self.living.discard(event.o)
        self.n_barren = 0 if optimizer.n_evaluations else self.n_barren + 1
        if event.how == "converged":
            self.n_converged += 1
            self.n_stopped_when_converged[self.n_converged] = self.n_stopped
        elif event.how == "stopped":
            self.n_stopped += 1
        else:
            self.n_failed += 1

    def _resumed(self, event: Context) -> None:
        self.exit = None
        self.context = event
        self.session_began = self.checkpoint_t = event.t
        if not event.comparable:
            self.comparable_from = self.n_evaluations + 1
            self.best = Best()
            self.best_validation = None
            for o in self.living:
                self.optimizers[o].best = Best()
