"""Runs with integers, choices and logarithmic scales, resumed."""

from pathlib import Path

import pytest

from tests.cli.jobs import function_job, paramsrun, story
from tests.resuming.runs import (
    INPUTS,
    PARENT,
    SEED,
    TWO_OPTIMIZERS,
    UNEVEN,
    cut_after,
    done,
    go_on,
    refused,
    segment,
    until,
)
from tests.resuming.typed import NUMBERS, PARAMETERS, ROUNDING, SAMPLERS, run_typed

RESUMED = Path("resume.results")
CASES = {"samplers": (SAMPLERS, PARAMETERS), "rounding": (ROUNDING, NUMBERS)}


@pytest.mark.parametrize("n", [1, 14, 29, 58])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_resumed_equals_uninterrupted(case: tuple[str, str], n: int) -> None:
    whole = run_typed(*case)
    done(go_on(origin=cut_after(whole, n)))
    assert story(RESUMED) == story(whole)
    assert case[0] == ROUNDING or any("too wide" in str(e.get("why")) for e in story(whole))


def test_the_initial_point_is_journaled_as_the_values_it_has() -> None:
    whole = run_typed()
    rows = whole / "optimization/training_set_results/running_active_parameters.txt"
    initial = rows.read_text().splitlines()[1].split()
    assert initial == ["000000", "1.000000000e-03", "16", '"off"', "true", "32"]
    interface = whole / "optimization/training_set_results/initial/parameter_interface.yaml"
    assert interface.read_text() == PARAMETERS


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("scale: log\nis_active", "is_active", "the scale of lr was log and is linear now"),
        (
            "type: integer\nscale: log\nvalue",
            "scale: log\nvalue",
            "the type of width was integer and is float now",
        ),
        (
            "[relu, tanh, two words, off]",
            "[relu, tanh, off]",
            'the choices of act were relu, tanh, "two words", "off" and are relu, tanh, "off" now',
        ),
        (
            "[16, 32, 64]",
            "[32, 16, 64]",
            "the choices of batch were 16, 32, 64 and are 32, 16, 64 now",
        ),
        (
            "[16, 32, 64]",
            "[16.0, 32, 64]",
            "the choices of batch were 16, 32, 64 and are 16.0, 32, 64 now",
        ),
        ("value: off", "value: relu", 'the value of act was "off" and is relu now'),
        ("range: [1, 256]", "range: [1, 255]", "the range of width was 1.0 to 256.0 and is 1.0 to"),
    ],
)
def test_other_values_that_a_parameter_may_have_are_refused(old: str, new: str, told: str) -> None:
    run_typed()
    assert PARAMETERS.count(old) == 1
    Path("other.yaml").write_text(PARAMETERS.replace(old, new))
    cut = cut_after(PARENT, 20)
    output = refused(go_on("ParameterInterface other.yaml\n", origin=cut))
    assert "the parameter interface may not change on resume" in output
    assert told in output


def test_the_same_values_written_otherwise_are_the_same() -> None:
    run_typed()
    text = PARAMETERS.replace("[relu, tanh, two words, off]", '["relu", tanh, "two words", "off"]')
    Path("other.yaml").write_text(text.replace("value: off", "value: 'off'"))
    done(go_on("ParameterInterface other.yaml\n", origin=cut_after(PARENT, 20)))
    assert story(RESUMED) == story(PARENT)


def test_a_stored_interface_that_was_changed_is_told() -> None:
    run_typed()
    cut = cut_after(PARENT, 20)
    stored = cut / INPUTS / "parameter_interface.yaml"
    stored.write_text(stored.read_text().replace("[16, 32, 64]", "[16, 64, 32]"))
    output = refused(go_on(origin=cut))
    assert "or what values they may have, are not those of the journal" in output


def test_journals_of_before_there_were_types_go_on(tmp_path: Path) -> None:
    done(paramsrun(function_job(tmp_path / "job", UNEVEN, TWO_OPTIMIZERS + SEED + until(45))))
    cut = cut_after(PARENT, 12)
    assert '"space"' not in segment(cut).read_text()
    done(go_on(origin=cut))
    assert story(RESUMED) == story(PARENT)


def test_an_optimizer_given_on_resume_must_take_the_parameters() -> None:
    run_typed()
    text = "Optimizer\n  Type CMAES\nEnd\n"
    output = refused(go_on(text, origin=cut_after(PARENT, 20)))
    assert "resume.in:2:1: Optimizer CMAES does not take parameters width (integer), " in output


def test_damaged_values_in_a_journal_are_told_with_their_place() -> None:
    run_typed()
    cut = cut_after(PARENT, 20)
    text = segment(cut).read_text()
    segment(cut).write_text(text.replace('"type":"integer"', '"type":"whole"', 1))
    output = refused(go_on(origin=cut))
    assert "000001.jsonl:1: damaged journal line" in output
