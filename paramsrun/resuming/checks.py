"""What keeps a run from being gone on with: other parameters, or nothing left to do."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from paramsrun.errors import UsageError
from paramsrun.manager.events import Run
from paramsrun.manager.exit_rule import ExitRule
from paramsrun.manager.state import RunState
from paramsrun.problem.choices import shown
from paramsrun.problem.parameters import ParameterInterface, interface_in
from paramsrun.problem.space import uncommon
from paramsrun.resuming.origin import Origin


def check_interface(origin: Origin, run: Run, parameters: ParameterInterface) -> None:
    """Raise UsageError, naming the difference, where the parameters are not those of the run."""
    stored = interface_in(
        origin.inputs / (origin.input.text("ParameterInterface") or "parameter_interface.yaml")
    )
    if (
        stored.active_names != run.names
        or not np.array_equal(stored.bounds, run.ranges)
        or uncommon(stored.space) != run.space
    ):
        file = origin.shown(stored.source.at.file)
        raise UsageError(
            f"{file} was changed since the run of {origin.path} began: its active "
            "parameters, or what values they may have, are not those of the journal. Undo that "
            "change"
        )
    differences = list(_differences(stored, parameters))
    if differences:
        raise UsageError(
            "\n".join(
                [
                    f"{parameters.source.at.file}: the parameter interface may not change on "
                    f"resume; against that of {origin.path}:",
                    *(f"  {line}" for line in differences),
                    "Leave ParameterInterface out of the input to go on with the stored one, or "
                    "start a new run.",
                ]
            )
        )


def _differences(stored: ParameterInterface, given: ParameterInterface) -> Iterator[str]:
    before = {p.name: p for p in stored.parameters}
    after = {p.name: p for p in given.parameters}
    yield from (f"{name} is gone" for name in before if name not in after)
    yield from (f"{name} is new" for name in after if name not in before)
    for name in (n for n in before if n in after):
        for what in ("type", "scale", "choices", "value", "range"):
            a, b = getattr(before[name], what), getattr(after[name], what)
            if a != b or (what == "choices" and _say(what, a) != _say(what, b)):
                verb = ("were", "are") if what == "choices" else ("was", "is")
                said = f"{verb[0]} {_say(what, a)} and {verb[1]} {_say(what, b)} now"
                yield f"the {what} of {name} {said}"
        if before[name].is_active != after[name].is_active:
            yield (
                f"{name} was active and is not now"
                if before[name].is_active
                else (f"{name} was not active and is now")
            )
    if list(before) != list(after) and before.keys() == after.keys():
        yield "the parameters stand in another order"


def _say(what: str, value: Any) -> str:
    if what == "range":
        return " to ".join(map(repr, value))
    if what == "choices":
        return ", ".join(map(shown, value)) or "none"
    return shown(value) if what == "value" else str(value)


def check_not_over(origin: Origin, state: RunState, rule: ExitRule) -> None:
    """Raise UsageError where the exit conditions are met already, as a new session finds them.

    A run that was killed before it wrote its exit has that left to do.
    """
    if state.initial is not None and state.initial.why and not state.n_started:
        raise UsageError(
            f"{origin.path} ended since the loss of its initial parameters is not finite "
            f"({state.initial.why}): start a new run"
        )
    over = state.exit is not None and state.exit.is_over
    was_killed = origin.path.is_dir() and not over
    if rule.met(state) and not was_killed:
        conditions = "\n".join(f"  {line}" for line in rule.explain(state).splitlines())
        raise UsageError(
            f"The exit conditions are met already in {origin.path} "
            f"({state.n_evaluations} evaluations, {state.n_converged} converged):\n{conditions}\n"
            "To go on, give the input other ExitCondition blocks: they replace the stored ones."
        )
