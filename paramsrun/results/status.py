"""What `paramsrun status` prints: the state of a run or of one optimizer, from its journal."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from paramsrun.arrays import Vector
from paramsrun.errors import UsageError
from paramsrun.manager.events import Eval
from paramsrun.manager.optimizer_state import OptimizerState
from paramsrun.manager.state import RunState
from paramsrun.problem.choices import shown
from paramsrun.results.last_words import noted
from paramsrun.results.log import evaluations, seconds
from paramsrun.results.pulse import load_lines
from paramsrun.results.reader import Reading, read
from paramsrun.results.summary import ending, summary, type_of


def status(folder: str | Path) -> str:
    """Return what the job of a results folder has done; UsageError if the folder holds none."""
    reading = read(Path(folder))
    return "\n".join([*_head(Path(folder), reading), "", summary(reading.state).rstrip()])


def status_of_optimizer(folder: str | Path, o: int) -> str:
    """Return how and why one optimizer started and ended; UsageError if there is none such."""
    reading = read(Path(folder))
    state = reading.state
    if o not in state.optimizers:
        raise UsageError(f"{folder}: there is no optimizer {o}; {_there_are(state.n_started)}")
    optimizer = state.optimizers[o]
    parts = (
        _beginning(optimizer, state),
        _losses(optimizer, state),
        _end(optimizer, reading),
    )
    lines = [f"{folder}: optimizer {o}", *(line for part in parts for line in part)]
    return "\n".join(lines)


def _head(folder: Path, reading: Reading) -> list[str]:
    state = reading.state
    assert state.run is not None
    lines = [f"{folder}: begun {state.run.utc}, {seconds(state.t)} recorded"]
    if reading.driver is not None:
        driver = reading.driver
        lines.append(f"Running: process {driver['pid']} on {driver['host']}")
        lines += load_lines(driver.get("load"))
    elif state.exit is None:
        lines.append(f"Not running, and cut short: {_cut_by(folder)}")
        lines.append(
            f"To go on with it: --resume auto beside its input, or ResumeCheckpoint {folder} in one"
        )
    if reading.torn is not None and reading.driver is None:
        lines.append(f"The last line of the journal was cut off ({reading.torn.n_bytes} bytes)")
    return lines


def _cut_by(folder: Path) -> str:
    """Return what the log tells to have ended a run whose journal does not."""
    error = noted(folder)
    if error is None:
        return (
            "it was killed, its machine went down, its disk was full, or an evaluation crashed it "
            "(Evaluator%Type Processes keeps the job from that)"
        )
    return error.replace("\n", "\n  ")


def _there_are(n: int) -> str:
    if n < 2:
        return "there is 1 only" if n else "none has started yet"
    return f"there are 1 to {n}"


def _beginning(optimizer: OptimizerState, state: RunState) -> Iterator[str]:
    start = optimizer.start
    yield f"Type             {type_of(start)}"
    yield f"Optimizer block  {start.block} of the input"
    yield "Settings"
    yield from _settings(start.settings, "  ")
    yield f"Parameters seen  {_SPACES[start.scaler]}"
    run_n = evaluations(optimizer.n_at_start)
    yield f"Started          {seconds(start.t)} into the run, after {run_n}, from"
    yield from _values(start.o, start.x0, state)


_SPACES = {
    "linear": "each range scaled to 0 ... 1",
    "std": "each range scaled to -1 ... 1",
    "none": "in their own units",
}


def _settings(settings: Mapping[str, object], indent: str) -> Iterator[str]:
    for name, value in settings.items():
        if isinstance(value, Mapping):
            if value:
                yield f"{indent}{name}"
                yield from _settings(value, indent + "  ")
        elif value is not None:
            yield f"{indent}{name} {_shown(value)}"


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "Yes" if value else "No"
    return " ".join(map(_shown, value)) if isinstance(value, list | tuple) else str(value)


def _losses(optimizer: OptimizerState, state: RunState) -> Iterator[str]:
    yield f"Evaluations      {optimizer.n_evaluations}"
    best, last = optimizer.best, optimizer.last
    if best.x is None:
        yield f"Best loss        none{' is finite' if last else ' yet'}"
    else:
        old = best.n < state.comparable_from
        yield f"Best loss        {best.fx!r} at evaluation {best.n}{_INCOMPARABLE if old else ''}"
        yield from _values(optimizer.start.o, best.x, state)
    if last is not None:
        yield f"Last loss        {last.fx!r} at evaluation {last.n}{_why(last)}"


_INCOMPARABLE = (
    ", not comparable: the training set, the jobs, the engine or the constraints changed since"
)


def _why(event: Eval) -> str:
    return "" if event.why is None else f": {event.why}"


def _end(optimizer: OptimizerState, reading: Reading) -> Iterator[str]:
    end = ending(optimizer, reading.state)
    if end is not None:
        yield f"Ended            {end.how} {seconds(end.t)} into the run"
        yield from ("  " + line for line in end.reason.splitlines())
    elif reading.driver is not None:
        yield "Alive"
    else:
        yield "Alive when the run was cut short; it lives on if that is resumed"


def _values(o: int, x: Vector, state: RunState) -> Iterator[str]:
    """Yield the parameters of a point that an optimizer sees, in real units."""
    assert state.run is not None
    names = state.run.names
    width = max(map(len, names))
    values = state.scaling_of(o).typed(x)
    return (f"  {name:{width}}  {shown(v)}" for name, v in zip(names, values, strict=True))
