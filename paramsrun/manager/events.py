"""Everything that can happen in a run: its state is the fold of these, its journal their list."""

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

from paramsrun.arrays import Matrix, Vector
from paramsrun.problem.scaling import Kind
from paramsrun.problem.space import Space


class Run(NamedTuple):
    """The run begins."""

    format: int
    versions: Mapping[str, str]
    seed: int
    """RandomSeed, drawn where the input gives none."""
    settings: str
    """The input as AMS text, includes resolved."""
    names: tuple[str, ...]
    """The active parameters."""
    ranges: Matrix
    """(n_params, 2) their ranges, real units."""
    objective: str
    """Hash of what decides the loss: equal ones mean that losses can be compared."""
    code: Mapping[str, str]
    """The user's code that takes part: its name -> path and SHA-256, with a blank between."""
    t: float
    utc: str
    parameter_vectors: int = 1
    """Candidates of one optimizer that may be in flight at once."""
    space: Space = ()
    """The active parameters' values, where not all are floats on a linear scale."""
    validation: str = ""
    """Hash of what decides the validation loss; empty where there is none."""


class Start(NamedTuple):
    """An optimizer starts."""

    o: int
    """Its number, from 1."""
    block: int
    """The position of its Optimizer block in the input, from 1."""
    type: str
    settings: Mapping[str, Any]
    stream: tuple[int, int, int, int]
    """Address of its random stream, see `randomness.Stream`."""
    x0: Vector
    lower: Vector
    upper: Vector
    t: float
    scaler: Kind = "linear"
    """The space in which it sees the parameters; x0, lower and upper are in it."""


class Eval(NamedTuple):
    """A loss was computed."""

    n: int
    """Its place in the run: 1..n without gap; 0 is the initial evaluation."""
    o: int
    """The optimizer that asked; 0 for the initial evaluation."""
    b: int
    """That optimizer's batch, from 0."""
    i: int
    """The candidate in the batch, from 0."""
    x: Vector
    """(n_params,) scaled as that optimizer sees it."""
    fx: float
    t: float
    why: str | None = None
    """The reason for a failed point; fx is then inf."""
    val: float | None = None
    """The validation loss, where it was due."""
    pruned: bool = False
    """Whether it was ended on its way as too far behind; fx is then inf, and why tells."""
    r: Vector | None = None
    """What that optimizer is told beside the loss, if it needs that: residuals (n_residuals,) whose
    squares add up to what it minimises, or steps and values (2 n_steps,) by turns."""

    @property
    def is_against(self) -> bool:
        """Whether the point violates a constraint, so that nothing was computed."""
        return self.why is not None and self.why.startswith(AGAINST)


class Inject(NamedTuple):
    """An optimizer is offered a point found elsewhere, before its batch b."""

    o: int
    b: int
    x: Vector
    fx: float
    t: float


class End(NamedTuple):
    """An optimizer ends."""

    o: int
    how: str
    """``converged``, ``stopped`` or ``failed``."""
    reason: str
    t: float
    in_flight: int = 0
    """Its candidates in flight, whose results are still to come."""


AGAINST = "Constraint: "
"""So the reason of a point begins that violates a constraint."""
ON_REQUEST = "stopped on request"
"""So begins the reason of an optimizer that was stopped by hand."""
BY_HAND = (ON_REQUEST, "asked for by the file")
"""So such a reason begins in any journal, those of earlier versions included."""
NOT_RESTORED = "it cannot be restored"
"""So begins the reason of an optimizer that failed on a resume, by no error of its own."""


class Context(NamedTuple):
    """A session begins that goes on with an earlier run."""

    settings: str
    """The input in force from here on."""
    seed: int
    """RandomSeed of the optimizers that start from here on."""
    objective: str
    code: Mapping[str, str]
    changes: tuple[str, ...]
    """What differs from before and what the user should know, a line each."""
    comparable: bool
    """Whether losses can be compared with those of before; if not, the best starts anew."""
    t: float
    utc: str
    parameter_vectors: int = 1
    validation: str = ""
    validation_comparable: bool = True
    """Whether validation losses can be compared with those of before."""


class Checkpoint(NamedTuple):
    """A checkpoint was made of all events before this one."""

    name: str
    n: int
    """Evaluations in it."""
    t: float


class Chosen(NamedTuple):
    """Evaluator Automatic moves the evaluations to another place."""

    evaluator: str
    """The type of evaluator, as in the input."""
    why: str
    t: float


class Exit(NamedTuple):
    """The run ends."""

    how: str
    """``conditions``, ``exhausted`` (no optimizer is left and none may start), ``signal``,
    ``request`` (the file EXIT) or ``error``."""
    reason: str
    """The exit conditions with their values, or what else ended the run, as the log prints it."""
    living: tuple[int, ...]
    """The optimizers alive; they get no end event."""
    t: float

    @property
    def is_over(self) -> bool:
        """Whether the run came to its end; otherwise there is something left to do."""
        return self.how in ("conditions", "exhausted")


Event: TypeAlias = Run | Start | Eval | Inject | End | Context | Checkpoint | Chosen | Exit

KINDS: dict[str, type[Event]] = {
    "run": Run,
    "start": Start,
    "eval": Eval,
    "inject": Inject,
    "end": End,
    "context": Context,
    "checkpoint": Checkpoint,
    "chosen": Chosen,
    "exit": Exit,
}
"""The events by the word under ``e`` that names them in a journal line."""
