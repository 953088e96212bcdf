"""An input file to the settings of a job."""

from pathlib import Path

from paramsrun.errors import Findings, Place
from paramsrun.input import Block, Source, parse, read_source
from paramsrun.settings.combination import NotACombination, parse_combination
from paramsrun.settings.declared import scope_of
from paramsrun.settings.job import JobSettings
from paramsrun.settings.read import read


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
    tree = parse(source, scope_of(JobSettings), findings)
    return read_tree(tree, findings), tree


def read_tree(tree: Block, findings: Findings) -> JobSettings:
    """Return the settings that a tree gives, with all that one key alone cannot tell checked."""
    settings = read(tree, JobSettings, findings)
    _check_data_sets(settings, tree, findings)
    _check_combination(tree, "ExitCondition", findings, n_default=1)
    _check_combination(tree, "Stopper", findings)
    return settings


def _check_data_sets(settings: JobSettings, tree: Block, findings: Findings) -> None:
    blocks = [b for b in tree.all("DataSet") if isinstance(b, Block)]
    paths = [f"DataSet[{i}]" if len(blocks) > 1 else "DataSet" for i in range(1, len(blocks) + 1)]
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


def _check_combination(tree: Block, kind: str, findings: Findings, n_default: int = 0) -> None:
    n_conditions = len(list(tree.all(kind))) or n_default
    name = f"{kind}BooleanCombination"
    entry = tree.get(name)
    if entry is None or isinstance(entry, Block) or entry.value is None:
        return
    try:
        parse_combination(entry.value.text, n_conditions)
    except NotACombination as error:
        place = entry.value.place
        column = place.column + error.at + entry.quoted
        findings.mistake(Place(place.file, place.line, column), f"{name} {error}")


def _value_place(block: Block, name: str) -> Place:
    entry = block.get(name)
    if entry is None or isinstance(entry, Block) or entry.value is None:
        return block.place
    return entry.value.place
