"""Jobs with an optimizer of the user's, from the input file to the journal."""

import shutil
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from paramsrun.optimizers.plugins import played, threads
from tests.cli.jobs import (
    SEED,
    contents,
    evaluations_of,
    function_job,
    journal_of,
    paramsrun,
    start,
    story,
)
from tests.evaluators.test_ends_of_workers import is_there, soon
from tests.optimizers.plugins import users

MODULE = Path(users.__file__)


def block(name: str, within: str = "", module: str = "mine") -> str:
    return f"Optimizer\n  Type Plugin\n  Plugin\n    Class {module}:{name}\n{within}  End\nEnd\n"


def calls(n: int) -> str:
    return f"ExitCondition\n  Type MaxTotalFunctionCalls\n  MaxTotalFunctionCalls {n}\nEnd\n"


def checkpoint_every(n: int) -> str:
    return f"CheckpointControl\n  EveryFunctionCalls {n}\n  KeepPast -1\nEnd\n"


def job(folder: Path, text: str, n: int = 40) -> None:
    function_job(folder, text=text + calls(n) + SEED)
    shutil.copy(MODULE, folder / "mine.py")


def resumed(origin: str | Path, name: str, n: int = 40, text: str = "") -> str:
    """Go on to n evaluations; return what was said."""
    Path("resume.in").write_text(f"ResumeCheckpoint {origin}\n{text}{calls(n)}")
    result = paramsrun("resume.in", "--name", name)
    assert result.exit_code == 0, result.output
    return result.output


def checkpoint_at(folder: Path, k: int) -> Path:
    return sorted((folder / "checkpoints").glob("*.tar.gz"))[k]


def cut(folder: Path, n: int) -> None:
    """Leave of a journal what a kill after n evaluations leaves."""
    journal = folder / "optimization/journal/000001.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    evals = [i for i, line in enumerate(lines) if line.startswith(b'{"e":"eval"')]
    journal.write_bytes(b"".join(lines[: evals[n] + 1]))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(threads, "RECALL_S", 0.05)
    monkeypatch.setattr(played, "SAVE_S", 0.0)


def test_it_runs_and_the_log_names_its_code() -> None:
    job(Path(), block("Walk"))
    result = paramsrun("params.in")
    assert result.exit_code == 0, result.output
    assert f"Code of yours: mine:Walk in {Path('mine.py').absolute()} (SHA-256 " in result.output
    assert len(evaluations_of(Path("params.results"))) == 40


def test_its_messages_are_in_the_log_and_those_of_a_replay_are_not() -> None:
    job(Path(), block("Talking"), 10)
    result = paramsrun("params.in", "--name", "whole")
    assert result.exit_code == 0
    assert "it was" not in result.output
    log = Path("whole.results/job.log").read_text()
    assert log.count("Optimizer 1: at evaluation ") == 10
    assert "at evaluation 10, says 1\n" in log
    assert "Warning: Optimizer 1: beware" in log
    assert "Warning: Optimizer 1: beware" in result.output
    cut(Path("whole.results"), 4)
    resumed("whole.results", "again", 10)
    assert Path("again.results/job.log").read_text().count("at evaluation ") == 6


def test_check_does_not_execute_it() -> None:
    job(Path(), block("Walk"))
    with Path("mine.py").open("a") as file:
        file.write("\nraise RuntimeError('executed')\n")
    assert paramsrun("check", "params.in").exit_code == 0
    result = paramsrun("params.in")
    assert result.exit_code == 2
    assert "mine:Walk: the module cannot be imported: RuntimeError: executed" in result.output
    assert not Path("params.results").exists()


def test_a_constructor_may_take_names_from_its_kwargs() -> None:
    job(Path(), block("Popping", "    Settings\n      pace 0.2\n    End\n"), 3)
    assert paramsrun("params.in").exit_code == 0


@pytest.mark.parametrize("n", [1, 2, 17, 39])
@pytest.mark.parametrize("name", ["Walk", "Drifter", "Keeper"])
def test_a_killed_run_goes_on_as_if_it_had_not_been(name: str, n: int) -> None:
    job(Path(), block(name))
    assert paramsrun("params.in", "--name", "whole").exit_code == 0
    shutil.copytree("whole.results", "cut.results")
    cut(Path("cut.results"), n)
    assert "Warning" not in resumed("cut.results", "again")
    assert story(Path("again.results")) == story(Path("whole.results"))


@pytest.mark.parametrize("name", ["Walk", "Keeper"])
def test_a_checkpoint_goes_on_as_the_run_did(name: str) -> None:
    job(Path(), block(name) + checkpoint_every(7))
    assert paramsrun("params.in", "--name", "whole").exit_code == 0
    for k in range(5):
        plugins_loaded = resumed(checkpoint_at(Path("whole.results"), k), f"again{k}")
        assert "Warning" not in plugins_loaded
        assert story(Path(f"again{k}.results")) == story(Path("whole.results"))


def test_a_state_of_its_own_is_in_the_checkpoint_and_is_what_it_goes_on_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    load, loads = played._loaded, []
    job(Path(), block("Keeper") + checkpoint_every(7))
    assert paramsrun("params.in", "--name", "whole").exit_code == 0
    checkpoint = checkpoint_at(Path("whole.results"), 2)
    with tarfile.open(checkpoint) as tar:
        states = [n for n in tar.getnames() if n.startswith("states/")]
    assert states == ["states/000001_000000021"]
    monkeypatch.setattr(played, "_loaded", lambda *given: (loads.append(1), load(*given))[1])
    resumed(checkpoint, "again")
    assert loads == [1]


def test_code_that_changed_is_told_once() -> None:
    job(Path(), block("Walk"))
    assert paramsrun("params.in", "--name", "whole").exit_code == 0
    cut(Path("whole.results"), 20)
    with Path("mine.py").open("a") as file:
        file.write("# changed")
    output = resumed("whole.results", "again")
    assert output.count("Warning") == 1
    assert "Warning: the code of mine:Walk changed since" in output


def test_several_and_sharing_go_on_as_if_not_cut() -> None:
    many = "ParallelLevels\n  Optimizations 3\nEnd\nShareBestEvaluationBetweenOptimizers Yes\n"
    many += "Evaluator Type=Inline\n"
    job(Path(), many + block("Drifter") + block("Keeper"), 90)
    assert paramsrun("params.in", "--name", "whole").exit_code == 0
    assert any(e["e"] == "inject" for e in journal_of(Path("whole.results")))
    for n in (20, 55):
        shutil.copytree("whole.results", f"cut{n}.results")
        cut(Path(f"cut{n}.results"), n)
        resumed(f"cut{n}.results", f"again{n}", 90)
        assert story(Path(f"again{n}.results")) == story(Path("whole.results"))


@pytest.mark.parametrize("name", ["Entropic", "EntropicKeeper"])
def test_one_that_does_not_repeat_itself_starts_again_from_its_best_point(name: str) -> None:
    job(Path(), block(name))
    assert paramsrun("params.in", "--name", "whole").exit_code == 0
    cut(Path("whole.results"), 20)
    best = min(evaluations_of(Path("whole.results")), key=lambda e: float(str(e["fx"])))
    output = resumed("whole.results", "again")
    assert output.count("Warning: optimizer 1 cannot be restored: batch") == 1
    told = journal_of(Path("again.results"))
    starts = [e for e in told if e["e"] == "start"]
    assert [s["o"] for s in starts] == [1, 2]
    assert starts[1]["x0"] == best["x"]
    ends = [e for e in told if e["e"] == "end"]
    assert [(e["o"], e["how"]) for e in ends] == [(1, "failed")]
    assert len(evaluations_of(Path("again.results"))) == 40


def waiting_long(
    self: threads.ThreadedProposer,
    thread: threading.Thread,
    begin: Callable[..., None] = threads.ThreadedProposer._begin,
) -> None:
    """Wait for a first call even where the thread does not run for long."""
    patience_s, self._patience_s = self._patience_s, 600.0
    begin(self, thread)
    self._patience_s = patience_s


@pytest.mark.parametrize("name", ["Deaf", "Swallowing", "Asleep", "Raising", "Exiting", "Leaving"])
def test_nothing_that_it_does_holds_up_the_run(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "GRACE_S", 0.02)
    monkeypatch.setattr(threads, "_LAST_S", 0.02)
    monkeypatch.setattr(threads.ThreadedProposer, "_begin", waiting_long)
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    stopper = "Stopper\n  Type MaxFunctionCalls\n  MaxFunctionCalls 5\nEnd\n"
    job(
        Path(),
        "ApplyStoppersToBestOptimizer Yes\n" + stopper + block(name, "    Patience 0.05\n"),
        8,
    )
    assert paramsrun("params.in").exit_code == 0
    assert len(evaluations_of(Path("params.results"))) == 8


def test_ten_that_raise_in_a_row_end_the_run_with_their_reason() -> None:
    job(Path(), block("Raising"))
    result = paramsrun("params.in")
    assert result.exit_code == 1
    told = (
        "10 optimizers in a row failed at once; the last of them, optimizer 10: RuntimeError: "
        "it cannot go on (mine.py, line "
    )
    assert told in result.output
    assert told in Path("params.results/job.log").read_text()
    assert told in paramsrun("status", "params.results").output
    assert len(evaluations_of(Path("params.results"))) == 10


@pytest.mark.parametrize(("n", "more"), [(9, 1), (10, 0)])
def test_those_that_failed_before_a_kill_count_after_it(n: int, more: int) -> None:
    job(Path(), block("Raising"))
    assert paramsrun("params.in", "--name", "whole").exit_code == 1
    journal = Path("whole.results/optimization/journal/000001.jsonl")
    lines = journal.read_bytes().splitlines(keepends=True)
    ends = [i for i, line in enumerate(lines) if line.startswith(b'{"e":"end"')]
    journal.write_bytes(b"".join(lines[: ends[n - 1] + 1]))
    result = paramsrun("params.in", "--name", "whole", "--resume", "auto")
    assert (
        "10 optimizers in a row failed at once; the last of them, optimizer 10: " in result.output
    )
    assert len(evaluations_of(Path("whole.2.results"))) == n + more


def test_a_resume_after_the_error_of_ten_gives_them_another_chance() -> None:
    job(Path(), block("Raising"))
    assert paramsrun("params.in", "--name", "whole").exit_code == 1
    Path("mended").touch()
    assert paramsrun("params.in", "--name", "whole", "--resume", "auto").exit_code == 0
    assert len(evaluations_of(Path("whole.2.results"))) == 40


def test_ctrl_c_ends_a_run_whose_optimizer_thinks_for_ever(tmp_path: Path) -> None:
    job(Path(), block("Interrupting"), 20)
    process = start("params.in", folder=tmp_path)
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (130, "")
    assert "Ended by SIGINT" in output
    assert len(evaluations_of(Path("params.results"))) == 1


def test_the_program_ends_although_a_thread_of_a_pool_does_not(tmp_path: Path) -> None:
    job(Path(), block("Stuck", "    Patience 0.05\n"), 20)
    process = start("params.in", folder=tmp_path)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "6 optimizers in a row ended without a finite loss" in errors
    assert "is left behind" in output


def test_pools_use_parameter_vectors() -> None:
    levels = "ParallelLevels\n  ParameterVectors 3\nEnd\n"
    own = "    Workers 3\n    CallSettings\n      popsize 6\n      n 3\n    End\n"
    job(Path(), levels + block("Pool", own), 18)
    assert paramsrun("params.in").exit_code == 0
    assert max(int(str(e["i"])) for e in evaluations_of(Path("params.results"))) <= 2


def test_a_module_that_is_gone_on_resume_is_an_error_with_its_name() -> None:
    job(Path(), block("Walk", module="gone"))
    Path("mine.py").rename("gone.py")
    assert paramsrun("params.in", "--name", "whole").exit_code == 0
    Path("gone.py").unlink()
    shutil.rmtree("__pycache__", ignore_errors=True)
    cut(Path("whole.results"), 20)
    Path("resume.in").write_text("ResumeCheckpoint whole.results\n")
    before = contents(Path("whole.results"))
    result = paramsrun("resume.in")
    assert result.exit_code == 2
    assert "there is no module gone in" in result.output
    assert "Traceback" not in result.output
    assert contents(Path("whole.results")) == before


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("    Class mine\n", "params.in:7:11: Optimizer%Plugin%Class must be module:ClassName"),
        ("", "params.in:6:3: Optimizer%Plugin%Class is missing"),
        ("    Class nine:Walk\n", "Optimizer%Plugin%Class nine:Walk: there is no module nine"),
        ("    Class mine:Wlak\n", "params.in:7:11: Optimizer%Plugin%Class mine:Wlak: "),
        ("    Class mine:walk\n", "Optimizer%Plugin%Class mine:walk: it is no subclass of"),
        (
            "    Class mine:Unfinished\n",
            "params.in:7:11: Optimizer%Plugin%Class mine:Unfinished: it has no method callstop",
        ),
        (
            "    Class mine:Misscaled\n",
            "params.in:7:11: Optimizer%Plugin%Class mine:Misscaled: its needscaler must be",
        ),
        (
            "    Class mine:Plain\n    Settings\n      stepp 1\n    End\n",
            "params.in:9:7: Optimizer%Plugin%Settings%stepp is no keyword argument of Plain "
            "(it has: step); did you mean step?",
        ),
        (
            "    Class mine:Walk\n    Settings\n      stp 1\n    End\n",
            "params.in:9:7: Optimizer%Plugin%Settings%stp is no keyword argument of Walk "
            "(it has: step); did you mean step?",
        ),
        (
            "    Class mine:Wanderer\n    Settings\n      step 1\n      rst 2\n    End\n",
            "params.in:10:7: Optimizer%Plugin%Settings%rst is no keyword argument of Wanderer "
            "(it has: rest, step); did you mean rest?",
        ),
        (
            "    Class mine:Walk\n    CallSettings\n      m 1\n    End\n",
            "params.in:9:7: Optimizer%Plugin%CallSettings%m is no keyword argument of "
            "Walk.minimize (it has: n)",
        ),
        (
            "    Class mine:Particular\n",
            "params.in:6:3: Optimizer%Plugin%Settings lacks step, which Particular needs",
        ),
        (
            "    Class mine:Particular\n    Settings\n      step -1\n    End\n",
            "params.in:8:5: Optimizer%Plugin%Settings: mine:Particular raised ValueError: step",
        ),
        (
            "    Class mine:Walk\n    Settings\n      _workers 3\n    End\n",
            "params.in:9:7: Optimizer%Plugin%Settings%_workers begins with an underscore",
        ),
    ],
)  # fmt: skip
def test_a_wrong_class_or_argument_is_told_where_it_stands(lines: str, told: str) -> None:
    job(Path(), f"Optimizer\n  Type Plugin\n  Plugin\n{lines}  End\nEnd\n")
    result = paramsrun("params.in")
    assert result.exit_code == 2
    assert told in result.output
    assert "Traceback" not in result.output
    assert not Path("params.results").exists()


SPY = """
import pathlib
logs = sorted(pathlib.Path().glob("*.results/job.log"))
pathlib.Path("seen").write_text("".join(log.read_text() for log in logs))
"""


@pytest.mark.parametrize("with_block", [False, True])
def test_a_stored_one_is_named_in_the_log_before_it_is_imported(
    with_block: bool, tmp_path: Path
) -> None:
    job(Path(), block("Walk", module="spy"))
    Path("mine.py").rename("spy.py")
    assert paramsrun("params.in", "--name", "whole").exit_code == 0
    cut(Path("whole.results"), 20)
    Path("whole.results/job.log").unlink()
    with Path("spy.py").open("a") as file:
        file.write(SPY)
    given = block("Walk", module="spy") if with_block else ""
    Path("resume.in").write_text(f"ResumeCheckpoint whole.results\n{given}{calls(40)}")
    process = start("resume.in", folder=tmp_path)
    process.communicate(timeout=60)
    assert process.returncode == 0
    named = f"Code of yours: spy:Walk in {Path('spy.py').absolute()}" in Path("seen").read_text()
    assert named is not with_block  # the user who names it in the input knows
    assert len(evaluations_of(Path("resume.results"))) == 40


def test_a_stored_one_that_cannot_be_imported_is_told_and_can_be_mended(tmp_path: Path) -> None:
    job(Path(), block("Walk"))
    assert paramsrun("params.in", "--name", "whole").exit_code == 0
    shutil.copytree("whole.results", "cut.results")
    cut(Path("cut.results"), 20)
    code = Path("mine.py").read_text()
    Path("mine.py").write_text(code + "\nraise RuntimeError('not today')\n")
    Path("resume.in").write_text(f"ResumeCheckpoint cut.results\n{calls(40)}")
    process = start("resume.in", folder=tmp_path)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "mine:Walk: the module cannot be imported: RuntimeError: not today. Mend it" in errors
    assert "Traceback" not in errors
    Path("mine.py").write_text(code)
    resumed("resume.results", "again")
    assert story(Path("again.results")) == story(Path("whole.results"))


def test_the_class_is_told_as_the_type() -> None:
    job(Path(), block("Walk"), 5)
    assert "Optimizer 1 started: Plugin mine:Walk" in paramsrun("params.in").output
    own = Path("params.results/optimization/optimizer_001")
    assert (own / "opt_type.txt").read_text() == "Plugin mine:Walk\n"
    assert "001        Plugin mine:Walk  5 " in Path("params.results/summary.txt").read_text()


def test_what_it_says_before_its_first_evaluation_is_told_once() -> None:
    job(Path(), block("Greeting"), 10)
    assert paramsrun("params.in", "--name", "whole").exit_code == 0
    log = Path("whole.results/job.log").read_text()
    assert log.index("Optimizer 1 started") < log.index("Optimizer 1: good morning")
    assert log.count("Optimizer 1: hello from its logger") == 1
    assert log.count("Optimizer 1: at evaluation ") == 10
    cut(Path("whole.results"), 4)
    resumed("whole.results", "again", 10)
    log = Path("again.results/job.log").read_text()
    assert "good morning" not in log
    assert "hello" not in log
    assert log.count("Optimizer 1: at evaluation ") == 6


SQUARES = """
import numpy as np
def loss(x):
    return np.array([x[0] - 0.5, 2.0 * (x[1] + 0.25)])
"""


def test_residuals_are_logged_and_come_back() -> None:
    job(Path(), block("Newton", "    LogDetailed Yes\n"), 9)
    Path("params.in").write_text(Path("params.in").read_text().replace("plain:", "squares:"))
    Path("squares.py").write_text(SQUARES)
    assert paramsrun("params.in", "--name", "whole").exit_code == 0
    told = evaluations_of(Path("whole.results"))
    assert min(float(str(e["fx"])) for e in told) < 1e-12
    for n in (1, 3, 5):
        shutil.copytree("whole.results", f"cut{n}.results")
        cut(Path(f"cut{n}.results"), n)
        assert "Warning" not in resumed(f"cut{n}.results", f"again{n}", 9)
        assert story(Path(f"again{n}.results")) == story(Path("whole.results"))


def test_a_loss_without_residuals_cannot_be_logged_in_detail() -> None:
    job(Path(), block("Newton", "    LogDetailed Yes\n"), 9)
    result = paramsrun("params.in")
    assert result.exit_code != 0
    assert "residuals" in result.output
    assert "Traceback" not in result.output


def test_the_program_ends_although_a_process_of_its_own_does_not(tmp_path: Path) -> None:
    job(Path(), block("Parent"), 5)
    process = start("params.in", folder=tmp_path)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    child = int(Path("child").read_text())
    assert soon(lambda: not is_there(child))


def test_what_it_does_to_standard_output_ends_no_run(tmp_path: Path) -> None:
    job(Path(), block("Closing"), 20)
    process = start("params.in", folder=tmp_path)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert len(evaluations_of(Path("params.results"))) == 20
    assert "Done. 20 evaluations" in Path("params.results/job.log").read_text()
