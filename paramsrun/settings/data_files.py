"""The keys of the YAML files that an input names, as `paramsrun describe` tells them.

The rooms that read these files check what stands behind each key; here is what people are told.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from inspect import getdoc, getmodule
from typing import Any

from paramsrun.settings.families import engines, extractors


@dataclass(frozen=True)
class FileKey:
    """A key of an entry of a YAML file."""

    name: str
    takes: str
    doc: str
    default: str = "none, it must be given"


@dataclass(frozen=True)
class DataFile:
    """A YAML file: its name where the input gives no other, and the keys of its entries."""

    name: str
    doc: str
    keys: tuple[FileKey, ...]


PARAMETER_INTERFACE = DataFile(
    "parameter_interface.yaml",
    "The file that ParameterInterface names: one document, begun by ---, for each parameter.\n\n"
    "The first document may be a header, with dtype Parameters, or one that names an engine: with "
    "dtype LennardJonesParameters no Engine block is needed, and its keys may stand in the header, "
    "below settings, input, LennardJones. Other keys of a parameter are comments.",
    (
        FileKey("name", "a text", "What the parameter is called; no two have the same name."),
        FileKey(
            "value",
            "a number, or one of its choices",
            "The initial value, within the range; that of an inactive parameter at all times.",
        ),
        FileKey(
            "range",
            "[lowest, highest]",
            "The bounds between which the parameter is optimized, both included.",
            "none; it must be given unless the type is categorical",
        ),
        FileKey(
            "is_active", "true or false", "Whether the parameter is optimized or keeps its value."
        ),
        FileKey(
            "type",
            "float, integer or categorical",
            "What values it has: any number of its range, the whole numbers of its range, or its "
            "choices. `paramsrun describe Optimizer` tells which types an optimizer takes.",
            "float",
        ),
        FileKey(
            "scale",
            "linear or log",
            "On a log scale optimizers see the logarithm, and the range must lie above 0. A "
            "categorical parameter has none.",
            "linear",
        ),
        FileKey(
            "choices",
            "[one, another, ...]",
            "The values of a categorical parameter: two or more texts, numbers, true or false.",
            "none; it must be given if the type is categorical",
        ),
    ),
)

_ENGINE_ID = (
    "The ID of an engine in the engine collection. It is checked to be there, and matters to "
    "nothing else yet."
)
JOB_COLLECTION = DataFile(
    "job_collection.yaml",
    "The file that JobCollection names: one document, begun by ---, for each calculation.\n\n"
    "A header, if there is one, has dtype JobCollection. Other keys of a job are comments.",
    (
        FileKey("ID", "a text", "The name by which expressions of a data set call the job."),
        FileKey(
            "AMSInput",
            "the text of an AMS input",
            "What is computed: Task SinglePoint, and a block System with a block Atoms of lines "
            "`Ar 0.0 0.0 3.8` in angstrom (another unit stands behind the block's name: Atoms "
            "[bohr]) and, in a periodic job, a block Lattice with one vector a line. No Engine "
            "block stands here.",
        ),
        FileKey("ReferenceEngineID", "a text", _ENGINE_ID, "none"),
        FileKey("ExtraEngineID", "a text", _ENGINE_ID, "none"),
    ),
)
ENGINE_COLLECTION = DataFile(
    "job_collection_engines.yaml",
    "The file that EngineCollection names: one document, begun by ---, for each engine.\n\n"
    "A header, if there is one, has dtype EngineCollection. Nothing is computed with these engines "
    "yet.",
    (
        FileKey("ID", "a text", "The name by which jobs call the engine."),
        FileKey("AMSInput", "the text of one block", "The block Engine X ... EndEngine."),
    ),
)
DATA_SET = DataFile(
    "training_set.yaml",
    "The file that DataSet%Path names: one document, begun by ---, for each reference value.\n\n"
    "A header, if there is one, has dtype DataSet. Other keys of an entry, such as Description, "
    "are comments. validation_set.yaml has the same keys.",
    (
        FileKey(
            "Expression",
            "a text",
            "What predicts the value: extractors of jobs, numbers, `+ - * / **` and brackets, such "
            "as `energy('A') - 0.5*energy('B')`. Atoms are counted from 0. No two entries have the "
            "same Expression.",
        ),
        FileKey(
            "Weight",
            "a number, or an array like the value, at least 0",
            "What the squared or absolute deviation is multiplied by; see DataSet%LossFunction.",
        ),
        FileKey(
            "Sigma",
            "a number, above 0",
            "The accuracy that is wanted, in Unit: each deviation is divided by it.",
            "that of the first extractor in Expression",
        ),
        FileKey(
            "ReferenceValue",
            "a number, a list (of lists) of numbers, or the text array([[...]])",
            "The value that the prediction is to meet, in Unit.",
        ),
        FileKey(
            "Unit",
            "`name`, or `name, factor`",
            "The unit of ReferenceValue and Sigma, such as eV or kJ/mol. A name that is not known "
            "needs its factor: how many of it one unit of the first extractor is, such as `meV, "
            "27211.386246` for an energy.",
            "that of the first extractor in Expression",
        ),
    ),
)
FILES = (PARAMETER_INTERFACE, JOB_COLLECTION, ENGINE_COLLECTION, DATA_SET)


def extractor_docs() -> Iterator[tuple[str, Mapping[str, str]]]:
    """Iterate over the extractors and what is to be told of each.

    That is how it is ``called``, its ``doc``, its ``unit`` and its default ``sigma``.
    """
    for name in extractors:
        cls = extractors[name]
        called, _, more = (getdoc(cls) or "").removeprefix("``").partition("``")
        gist = (getdoc(getmodule(cls)) or "").partition("\n\n")[0]
        yield (
            name,
            {
                "called": called,
                "doc": " ".join(f"{gist} {more.removeprefix('.')} {_given_by(cls)}".split()),
                "unit": cls.unit,
                "sigma": f"{cls.sigma:g} {cls.unit}",
            },
        )


def _given_by(extractor: Any) -> str:
    """Return a sentence that names the engines whose results an extractor reads."""
    if not extractor.needs:
        return ""
    able = [n for n in engines if extractor.needs <= getattr(engines[n], "provides", frozenset())]
    return f"Engines that give it: {', '.join(able)}." if able else "No engine gives it yet."
