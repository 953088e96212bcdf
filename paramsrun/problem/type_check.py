"""Whether the optimizers and the engine of an input take parameters of the types there are."""

from collections.abc import Callable, Sequence

from paramsrun.errors import Findings, Place
from paramsrun.problem.parameter import Parameter
from paramsrun.problem.parameters import ParameterInterface
from paramsrun.settings.families import engines, optimizers
from paramsrun.settings.parameter_types import ROUNDING, taken, takers
from paramsrun.settings.read import numbered

HOW = {"Function": "; with Arguments Named it takes them"}
"""How an engine is brought to take choices."""


def check_optimizers(
    members: Sequence[object],
    parameters: ParameterInterface,
    at: Callable[[str], Place],
    findings: Findings,
) -> None:
    """Note each Optimizer block that does not take all active parameters.

    at gives the place of a block such as ``Optimizer[2]``.
    """
    for i, member in enumerate(members, 1):
        types = taken(member)
        refused = [p for p in parameters.parameters if p.is_active and p.type not in types]
        if refused:
            path = numbered("Optimizer", i, len(members))
            findings.mistake(at(path), f"{path} {_refusal(member, refused, parameters)}")


def check_spaces(
    members: Sequence[object],
    parameters: ParameterInterface,
    at: Callable[[str], Place],
    findings: Findings,
) -> None:
    """Note each Optimizer block that takes the types of all active parameters but cannot start.

    Such an optimizer has a method ``objection``.
    """
    there = {p.type for p in parameters.parameters if p.is_active}
    for i, member in enumerate(members, 1):
        object_to = getattr(member, "objection", None)
        if object_to is None or not there <= taken(member):
            continue
        if (why := object_to(parameters.space)) is not None:
            path = numbered("Optimizer", i, len(members))
            findings.mistake(at(path), f"{path} {optimizers.name_of(member)}: {why}")


def _refusal(member: object, refused: Sequence[Parameter], parameters: ParameterInterface) -> str:
    name = optimizers.name_of(member)
    them = ", ".join(f"{p.name} ({p.type})" for p in refused)
    there = {p.type for p in parameters.parameters if p.is_active}
    able = takers(there)
    text = f"{name} does not take {'parameters' if len(refused) > 1 else 'the parameter'} {them}"
    if name in able.rounding:
        return f"{text}: give it {ROUNDING} Yes; optimizers that do: {', '.join(able.as_they_are)}"
    return f"{text}; optimizers that do: {able}"


def check_engine(engine: object, parameters: ParameterInterface, findings: Findings) -> None:
    """Note each categorical parameter where the engine takes numbers only.

    An engine that takes choices has an attribute ``takes_choices``, which is True.
    """
    if getattr(engine, "takes_choices", False):
        return
    name = engines.name_of(engine)
    for parameter in parameters.parameters:
        if parameter.type == "categorical":
            text = f"{parameter.name} is categorical, and Engine {name} takes numbers only"
            findings.mistake(parameter.place, text + HOW.get(name, ""))
