"""Commands that are given what is no results folder: one line says so, and nothing is written."""

from pathlib import Path

import pytest

from tests.cli.jobs import contents, function_job, paramsrun

COMMANDS = [
    ("status",),
    ("plot",),
    ("plot", "--search"),
    ("export", "--csv"),
    ("stop",),
    ("checkpoint",),
]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("nowhere", "There is no results folder nowhere"),
        ("job", "job is no results folder: it has no optimization/journal"),
        (
            "job/params.in",
            "job/params.in is no results folder: it has no optimization/journal",
        ),
    ],
)
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_what_is_no_results_folder_is_told(command: tuple[str, ...], name: str, told: str) -> None:
    function_job(Path("job"))
    before = contents(Path())
    result = paramsrun(*command, name)
    assert (result.exit_code, result.output) == (2, f"{told}\n")
    assert contents(Path()) == before
