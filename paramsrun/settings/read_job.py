"""An input file to the settings of a job."""

from functools import partial
from operator import eq
from pathlib import Path

from paramsrun.errors import Findings, Place
from paramsrun.input import Block, Source, parse, read_source
from paramsrun.settings.combination import (
    Expression,
    NotACombination,
    any_of,
    evaluate,
    parse_combination,
)
from paramsrun.settings.declared import scope_of
from paramsrun.settings.families import stoppers
from paramsrun.settings.job import JobSettings
from paramsrun.settings.read import numbered, read

_KINDS = {
    "DataSet": "a data set",
    "JobCollection": "a job collection",
    "EngineCollection": "an engine collection",
    "Parameters": "a parameter interface",
}


def read_job(path: str | Path, findings: Findings) -> tuple[JobSettings, Block]:
    """Return the settings that an input file gives and the tree they were read from.

    All mistakes are noted; the settings serve only if there are none.
    """
    source = read_source(path, findings)
    if source is None:
        return JobSettings(), Block("", Place(str(path)))
    return read_text(source, findings)


def read_text(source: Source, findings: Findings) -> tuple[JobSettings, Block]:
    """Do as `read_job` does with a text in hand."""
    if (kind := _yaml_kind(source.text)) is not None:
        text = f"this is {kind} in YAML; an input file is wanted, such as params.in"
        findings.mistake(source.place(1, 1), text)
        return JobSettings(), Block("", source.at)
    tree = parse(source, scope_of(JobSettings), findings)
    return read_tree(tree, findings), tree


def _yaml_kind(text: str) -> str | None:
    """Return what a text holds that is a stream of YAML documents; None for another text."""
    lines = (line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    if not next(lines, "").startswith(("---", "dtype:", "%YAML")):
        return None
    for line in text.splitlines():
        if line.startswith("dtype:"):
            name = line.partition(":")[2].strip()
            return _KINDS.get(name) or f"a file of dtype {name}"
    return "a file"


def read_tree(tree: Block, findings: Findings) -> JobSettings:
    """Return the settings that a tree gives, with all that one key alone cannot tell checked."""
    settings = read(tree, JobSettings, findings)
    _check_data_sets(settings, tree, findings)
    _check_combination(tree, "ExitCondition", findings, n_default=1)
    stop = _check_combination(tree, "Stopper", findings)
    _check_stoppers_alone(settings, tree, stop, findings)
    _check_chain(settings, tree, findings)
    return settings


def _check_data_sets(settings: JobSettings, tree: Block, findings: Findings) -> None:
    blocks = _blocks(tree, "DataSet")
    paths = [numbered("DataSet", i, len(blocks)) for i in range(1, len(blocks) + 1)]
    for block in blocks[2:]:
        findings.mistake(
            block.place,
            f"DataSet is given {len(blocks)} times: there can be a training_set and a "
            "validation_set, no more",
        )
    expected = ("training_set", "validation_set")
    for block, path, data_set, name in zip(
        blocks, paths, settings.data_set, expected, strict=False
    ):
        if data_set.name not in ("", name):
            which = "first" if name == "training_set" else "second"
            findings.mistake(
                _value_place(block, "Name"),
                f"{path}%Name must be {name} for the {which} DataSet, not {data_set.name}",
            )
    if settings.data_set and settings.data_set[0].evaluate_every > 1:
        findings.mistake(
            _value_place(blocks[0], "EvaluateEvery"),
            f"{paths[0]}%EvaluateEvery must be 1 for the training set, not "
            f"{settings.data_set[0].evaluate_every}: its loss is what is minimised",
        )


def _check_combination(
    tree: Block, kind: str, findings: Findings, n_default: int = 0
) -> Expression | None:
    """Return how the conditions of a kind combine, or None and a mistake."""
    n_conditions = len(_blocks(tree, kind)) or n_default
    name = f"{kind}BooleanCombination"
    entry = tree.get(name)
    if entry is None or isinstance(entry, Block) or entry.value is None:
        return any_of(n_conditions)
    if n_conditions == 0:
        findings.mistake(
            entry.place, f"{name} combines {kind} blocks, but there is none; leave it out"
        )
        return None
    try:
        return parse_combination(entry.value.text, n_conditions)
    except NotACombination as error:
        place = entry.value.place
        column = place.column + error.at + entry.quoted
        findings.mistake(Place(place.file, place.line, column), f"{name} {error}")
    return None


def _check_stoppers_alone(
    settings: JobSettings, tree: Block, combination: Expression | None, findings: Findings
) -> None:
    """Warn of stoppers made to be combined with & that stop an optimizer by themselves."""
    blocks = _blocks(tree, "Stopper")
    if combination is None or len(settings.stopper) != len(blocks):
        return
    for i, (block, stopper) in enumerate(zip(blocks, settings.stopper, strict=True), 1):
        effect = getattr(stopper, "alone", None)
        if effect is not None and evaluate(combination, partial(eq, i)):
            path = numbered("Stopper", i, len(blocks))
            findings.warn(
                block.place,
                f"{path}%{stoppers.name_of(stopper)} {effect}; to have it limit another "
                "stopper, join the two by & in StopperBooleanCombination, such as 1 & 2",
            )


def _check_chain(settings: JobSettings, tree: Block, findings: Findings) -> None:
    selector = settings.optimizer_selector
    thresholds = getattr(selector, "thresholds", ())
    n_blocks = len(_blocks(tree, "Optimizer")) or 1
    if not thresholds or len(thresholds) in (n_blocks - 1, n_blocks):
        return
    wanted = f"{n_blocks - 1} or {n_blocks} numbers" if n_blocks > 1 else "1 number"
    blocks = f"{n_blocks} Optimizer blocks" if n_blocks > 1 else "1 Optimizer block"
    block = tree.get("OptimizerSelector")
    chain = block.get("Chain") if isinstance(block, Block) else None
    assert isinstance(chain, Block)
    findings.mistake(
        _value_place(chain, "Thresholds"),
        f"OptimizerSelector%Chain%Thresholds must be {wanted} for {blocks}, not {len(thresholds)}: "
        "at each the next block takes over, and after the last block none starts",
    )


def _blocks(tree: Block, name: str) -> list[Block]:
    return [entry for entry in tree.all(name) if isinstance(entry, Block)]


def _value_place(block: Block, name: str) -> Place:
    entry = block.get(name)
    if entry is None or isinstance(entry, Block) or entry.value is None:
        return block.place
    return entry.value.place
