"""Files beside the input of a resume that it does not name, while the stored ones are used."""

from collections.abc import Iterator
from filecmp import cmp
from pathlib import Path

from paramsrun.errors import Findings, Place
from paramsrun.input import Block
from paramsrun.settings.data_set import DataSet, named
from paramsrun.settings.job import JobSettings


def warn_of_unused(
    new: Block, settings: JobSettings, folder: Path, stored: Path, findings: Findings
) -> None:
    """Note each file that a new run would take by its default name, and that is another by now.

    Parameters
    ----------
    new
        The input of the resume as it was given.
    settings
        What the resumed run has, the stored input being changed by the new one.
    folder, stored
        Those of the new input and of the stored inputs.
    """
    for name, used, advice in _defaults(new, settings):
        beside, taken = folder / name, stored / used
        if beside.is_file() and taken.is_file() and not _are_equal(beside, taken):
            text = f"{name} beside the input differs from the stored one, which is used; {advice}"
            findings.warn(Place(new.place.file), text)


def _defaults(new: Block, settings: JobSettings) -> Iterator[tuple[str, str, str]]:
    """Yield the default name of a file that the new input leaves out, what is used, and advice."""
    keys = {
        "ParameterInterface": (JobSettings.parameter_interface, settings.parameter_interface),
        "JobCollection": (JobSettings.job_collection, settings.job_collection),
        "EngineCollection": (JobSettings.engine_collection, settings.engine_collection),
    }
    for key, (name, used) in keys.items():
        if new.get(key) is None and key == "ParameterInterface":
            yield name, used, "the interface may not change on resume: start a new run to use it"
        elif new.get(key) is None:
            yield name, used, f"name it ({key} {name}) to use it"
    if new.get("DataSet") is None:
        for one in named(settings.data_set or (DataSet(), DataSet()))[:2]:
            name = f"{one.name}.yaml"
            advice = f"name it (Path {name} in DataSet blocks, which replace the stored ones)"
            yield name, one.path, f"{advice} to use it"


def _are_equal(a: Path, b: Path) -> bool:
    try:
        return cmp(a, b, shallow=False)
    except OSError:  # who cannot read it has not seen it either
        return False
