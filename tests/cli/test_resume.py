"""`paramsrun FILE --resume auto|PATH`: one command that a queue starts again and again."""

import json
import shutil
from pathlib import Path

import pytest

from paramsrun.results import lock
from tests.cli.jobs import evaluations_of, function_job, paramsrun, story
from tests.resuming.runs import (
    SEED,
    TWO_OPTIMIZERS,
    UNEVEN,
    cut_after,
    done,
    go_on,
    numbers,
    refused,
    tell,
    until,
)

N = 45
FIRST, SECOND, THIRD = (Path(f"params{k}.results") for k in ("", ".2", ".3"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The input of a job of N evaluations."""
    return function_job(tmp_path / "job", UNEVEN, TWO_OPTIMIZERS + SEED + until(N))


def killed(folder: Path, n: int) -> None:
    """Leave a results folder as a kill after evaluation n does."""
    folder.rename("whole.results")
    cut_after(Path("whole.results"), n, str(folder))
    shutil.rmtree("whole.results")


def folders() -> set[str]:
    return {path.name for path in Path().glob("*results*")}


def test_auto_starts_a_job_that_has_no_results_yet(file: Path) -> None:
    output = done(paramsrun(file, "--resume", "auto"))
    assert "Resumed" not in output
    assert folders() == {"params.results"}
    assert numbers(FIRST)[0] == 0


def test_auto_goes_on_with_a_killed_job_under_the_next_name(file: Path) -> None:
    done(paramsrun(file, "--resume", "auto"))
    whole = story(FIRST)
    killed(FIRST, 12)
    output = done(paramsrun(file, "--resume", "auto"))
    assert "job params.2, " in output
    assert "Resumed from params.results, after 12 evaluations\n" in output
    killed(SECOND, 31)
    output = done(paramsrun(file, "--resume", "auto"))
    assert "Resumed from params.2.results, after 31 evaluations\n" in output
    assert folders() == {"params.results", "params.2.results", "params.3.results"}
    assert story(THIRD) == whole
    assert numbers(THIRD) == list(range(32, N + 1))


def test_auto_finds_the_latest_where_earlier_folders_were_deleted(file: Path) -> None:
    done(paramsrun(file, "--resume", "auto"))
    whole = story(FIRST)
    FIRST.rename("params.10.results")
    killed(Path("params.10.results"), 12)
    done(paramsrun(file, "--resume", "auto"))
    assert folders() == {"params.10.results", "params.11.results"}
    assert story(Path("params.11.results")) == whole


def test_auto_says_that_a_job_came_to_its_end_and_makes_nothing(file: Path) -> None:
    done(paramsrun(file, "--resume", "auto"))
    before = folders()
    result = paramsrun(file, "--resume", "auto")
    assert result.exit_code == 0
    assert result.output == (
        "params.results ended already, and there is nothing to do:\n"
        "  MaxTotalFunctionCalls(fmax=45) = True\n"
        "To go on all the same, give the input other ExitCondition blocks\n"
    )
    assert folders() == before


def test_auto_goes_on_with_a_job_that_ended_where_the_input_has_other_conditions_now(
    file: Path,
) -> None:
    done(paramsrun(file))
    file.write_text(file.read_text().replace(f"Calls {N}", "Calls 50"))
    assert "Done. 50 evaluations" in done(paramsrun(file, "--resume", "auto"))
    assert "params.2.results ended already" in done(paramsrun(file, "--resume", "auto"))
    assert folders() == {"params.results", "params.2.results"}


def test_auto_says_how_a_job_goes_on_of_which_no_optimizer_is_left(file: Path) -> None:
    one = "ControlOptimizerSpawning\n  MaxOptimizers 1\nEnd\n"
    file.write_text(file.read_text() + one + "ExitConditionBooleanCombination 1\n")
    done(paramsrun(file))
    output = done(paramsrun(file, "--resume", "auto"))
    assert "No optimizer is left and none may start\n" in output
    assert output.endswith("--resume params.results, with other blocks in the input\n")
    assert folders() == {"params.results"}


def test_auto_goes_on_after_a_time_limit_of_the_session(file: Path) -> None:
    limit = "ExitCondition\n  Type TimeLimit\n  TimeLimit 0.0001 [s]\nEnd\n"
    file.write_text(file.read_text() + limit)
    done(paramsrun(file))
    assert "TimeLimit(session_max=0.0001) = True" in tell(FIRST)
    output = done(paramsrun(file, "--resume", "auto"))
    assert "Resumed from params.results" in output


def test_auto_says_that_a_job_ended_whose_stored_input_is_gone(file: Path) -> None:
    done(paramsrun(file))
    (FIRST / "settings_and_initial_data/params.in").unlink()
    assert "there is nothing to do" in done(paramsrun(file, "--resume", "auto"))


def test_auto_brings_a_job_to_its_end_that_was_killed_just_before_it(file: Path) -> None:
    done(paramsrun(file))
    whole = story(FIRST)
    killed(FIRST, N)
    output = done(paramsrun(file, "--resume", "auto"))
    assert "Exit conditions met:\n" in output
    assert story(SECOND) == whole
    assert (SECOND / "summary.txt").is_file()
    assert "ended already" in done(paramsrun(file, "--resume", "auto"))
    assert folders() == {"params.results", "params.2.results"}


def test_what_ended_goes_on_by_its_name_with_other_conditions(file: Path) -> None:
    done(paramsrun(file))
    file.write_text(file.read_text().replace(f"Calls {N}", "Calls 60"))
    output = done(paramsrun(file, "--resume", FIRST, "--name", "longer"))
    assert "Done. 60 evaluations" in output
    assert numbers(Path("longer.results")) == list(range(N + 1, 61))


def test_auto_refuses_a_job_that_is_alive(file: Path) -> None:
    done(paramsrun(file))
    killed(FIRST, 12)
    held = lock.owner()
    (FIRST / "run.lock").write_text(json.dumps(held))
    message = refused(paramsrun(file, "--resume", "auto"), SECOND)
    assert f"is still alive: process {held['pid']} on {held['host']}. " in message


def test_auto_goes_by_the_name_that_is_given(file: Path) -> None:
    done(paramsrun(file))
    done(paramsrun(file, "--name", "b", "--resume", "auto"))
    killed(Path("b.results"), 12)
    done(paramsrun(file, "--name", "b", "--resume", "auto"))
    assert folders() == {"params.results", "b.results", "b.2.results"}


def test_auto_goes_on_from_its_own_results_and_not_from_its_first_origin(file: Path) -> None:
    done(paramsrun(file))
    whole = story(FIRST)
    killed(FIRST, 12)
    FIRST.rename("old.results")
    done(go_on(file="next.in", origin="old.results"))
    killed(Path("next.results"), 20)
    output = done(paramsrun("next.in", "--resume", "auto"))
    assert "Resumed from next.results, after 20 evaluations\n" in output
    assert story(Path("next.2.results")) == whole


def test_what_a_driver_left_that_died_at_the_start_is_no_session(file: Path) -> None:
    Path(".params.results.tmp/optimization").mkdir(parents=True)
    done(paramsrun(file, "--resume", "auto"))
    assert folders() == {"params.results"}


def test_auto_begins_anew_after_a_run_that_ended_at_its_initial_loss(tmp_path: Path) -> None:
    file = function_job(tmp_path / "job", "def loss(x):\n    return float('nan')\n", until(9))
    assert paramsrun(file, "--resume", "auto").exit_code == 1
    again = paramsrun(file, "--resume", "auto")
    assert again.exit_code == 1
    told = "ended at its initial loss, which is not finite: a new run begins in params."
    assert f"params.results {told}2.results\n" in again.output
    (tmp_path / "job/mended.py").write_text("def loss(x):\n    return float(x @ x)\n")
    file.write_text(file.read_text().replace("plain:loss", "mended:loss"))
    output = done(paramsrun(file, "--resume", "auto"))
    assert f"params.2.results {told}3.results\n" in output
    assert len(evaluations_of(Path("params.3.results"))) == 9
    assert "there is nothing to do" in done(paramsrun(file, "--resume", "auto"))


def test_auto_and_a_folder_of_the_input_s_choice_exclude_each_other(file: Path) -> None:
    file.write_text(file.read_text() + "ResultsDirectory elsewhere\n")
    message = refused(paramsrun(file, "--resume", "auto"), "elsewhere")
    assert "leave out ResultsDirectory" in message


def test_a_folder_that_is_no_results_folder_is_told(file: Path) -> None:
    FIRST.mkdir()
    message = refused(paramsrun(file, "--resume", "auto"), SECOND)
    assert "params.results is no results folder" in message


def test_the_same_input_given_again_overrides_nothing(file: Path) -> None:
    done(paramsrun(file))
    killed(FIRST, 12)
    output = done(paramsrun(file, "--resume", "auto"))
    assert "In place of what is stored" not in output


def test_what_was_changed_in_the_input_since_is_told_and_done(file: Path) -> None:
    done(paramsrun(file))
    killed(FIRST, 12)
    file.write_text(file.read_text().replace(f"Calls {N}", "Calls 50"))
    output = done(paramsrun(file, "--resume", "auto"))
    assert "In place of what is stored: ExitCondition\n" in output
    assert "Done. 50 evaluations" in output


def test_help_tells_of_resume() -> None:
    output = " ".join(done(paramsrun("run", "--help")).split())
    assert "--resume auto|PATH" in output
