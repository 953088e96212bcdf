"""summary.txt: what came out of a run, and why it ended."""

from typing import NamedTuple

from paramsrun.manager.events import Start
from paramsrun.manager.optimizer_state import OptimizerState
from paramsrun.manager.state import RunState
from paramsrun.problem.choices import shown


def summary(state: RunState) -> str:
    """Return the best loss with its parameters, why the run ended, and a line per optimizer.

    Nothing is said of an end that has not come.
    """
    parts = (_best(state), _ending(state), _table(state))
    return "\n\n".join("\n".join(lines) for lines in parts if lines) + "\n"


def _best(state: RunState) -> list[str]:
    lines = [f"Evaluations      {state.n_evaluations}"]
    if state.comparable_from > 1:
        lines.append(
            f"Losses compare from evaluation {state.comparable_from} on: the training set, the "
            "jobs, the engine or the constraints changed then"
        )
    elif state.initial is not None:
        lines.append(f"Initial loss     {state.initial.fx!r}")
    if state.first_infinite is not None:
        lines.append(
            f"Failed           {state.n_infinite} of them, first evaluation "
            f"{state.first_infinite.n}: {' '.join((state.first_infinite.why or '').split())}"
        )
    if state.first_against is not None:
        lines.append(
            f"Not computed     {state.n_against} of them, first evaluation "
            f"{state.first_against.n}: {state.first_against.why}"
        )
    if state.n_pruned:
        lines.append(f"Pruned           {state.n_pruned}, ended on their way as too far behind")
    if state.best.x is None:
        return [*lines, f"Best loss        none{' is finite' if state.n_evaluations else ' yet'}"]
    lines.append(f"Best loss        {state.best.fx!r}")
    lines.append(f"  evaluation {state.best.n} of optimizer {state.best.o}")
    assert state.run is not None
    names = state.run.names
    values = state.scaling_of(state.best.o).typed(state.best.x)
    width = max(map(len, names))
    lines += [f"  {name:{width}}  {shown(v)}" for name, v in zip(names, values, strict=True)]
    validation = state.best_validation
    if validation.x is not None:
        lines.append(f"Best validation  {validation.fx!r} at evaluation {validation.n}")
    return lines


def _ending(state: RunState) -> list[str]:
    if state.exit is None:
        return []
    head = {
        "conditions": "Exit conditions met:",
        "exhausted": "Ended:",
        "signal": "Ended by a signal:",
        "request": "Ended on request:",
        "error": "Ended by an error:",
    }
    return [head[state.exit.how], *("  " + line for line in state.exit.reason.splitlines())]


def _table(state: RunState) -> list[str]:
    if not state.optimizers:
        return []
    rows = [("Optimizer", "Type", "Evaluations", "Best loss", "End")]
    for o, optimizer in state.optimizers.items():
        end = optimizer.end
        rows.append(
            (
                f"{o:03d}",
                type_of(optimizer.start),
                str(optimizer.n_evaluations),
                _best_of(optimizer, state),
                f"{end.how}: {' '.join(end.reason.split())}"
                if end
                else ("alive" if state.exit is None else "job exit"),
            )
        )
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    return [
        "  ".join(cell.ljust(w) for cell, w in zip(row[:4], widths, strict=True)) + "  " + row[4]
        for row in rows
    ]


class Ending(NamedTuple):
    """How an optimizer ended."""

    how: str
    """``converged``, ``stopped``, ``failed``, or ``job exit`` where it was alive at the run's."""
    reason: str
    t: float


def ending(optimizer: OptimizerState, state: RunState) -> Ending | None:
    """Return how an optimizer ended; None while it lives, and where the run was cut short."""
    if optimizer.end is not None:
        return Ending(optimizer.end.how, optimizer.end.reason, optimizer.end.t)
    if state.exit is not None:
        return Ending("job exit", state.exit.reason, state.exit.t)
    return None


def _best_of(optimizer: OptimizerState, state: RunState) -> str:
    if optimizer.best.x is None:
        return "none"
    comparable = optimizer.best.n >= state.comparable_from
    return repr(optimizer.best.fx) if comparable else "not comparable"


def type_of(start: Start) -> str:
    """Return an optimizer's type, with its algorithm or class where the type leaves a choice."""
    which = start.settings.get("Algorithm") or start.settings.get("Class")
    return f"{start.type} {which}" if which else start.type
