"""What ends a run before its first evaluation is in its log, and is what status tells."""

from pathlib import Path

import pytest

from paramsrun.errors import RunError
from paramsrun.evaluators.cluster import start as cluster
from paramsrun.manager.events import Event, Run, Start
from paramsrun.results.lock import Keeper
from paramsrun.results.tree import ResultsTree
from tests.cli.jobs import CALLS_25, SAMPLING, SEED, evaluations_of, function_job, paramsrun, story

RESULTS = Path("params.results")
INPUT = SAMPLING + CALLS_25 + SEED


def job(tmp_path: Path, text: str = "") -> Path:
    return function_job(tmp_path / "job", text=INPUT + text)


def test_a_scheduler_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = pytest.importorskip("paramsrun.evaluators.cluster.connection")
    monkeypatch.setattr(connection, "CONNECT_S", 0.5)
    file = job(tmp_path, "Evaluator Type=Dask Address=tcp://127.0.0.1:1\n")
    result = paramsrun(file)
    assert result.exit_code == 1
    told = "No dask scheduler answers at tcp://127.0.0.1:1 (Evaluator): "
    assert told in result.output
    log = (RESULTS / "job.log").read_text()
    assert "Ended by an error:\n" in log
    assert log.count(told) == 1
    assert f"Ended by an error:\n  {told}" in paramsrun("status", RESULTS).output
    assert paramsrun(file, "--resume", "auto").exit_code == 1
    assert told in paramsrun("status", "params.2.results").output


def test_ctrl_c_while_it_waits_for_a_scheduler_s_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed")

    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cluster, "sleep", interrupted)
    result = paramsrun(job(tmp_path, "Evaluator Type=Dask SchedulerFile=s.json\n"))
    assert result.exit_code == 130
    log = (RESULTS / "job.log").read_text()
    file = tmp_path / "job/s.json"
    assert f"Waiting for {file} up to 60 s (Evaluator%SchedulerFile)\n" in log
    assert log.endswith("Ended by SIGINT\n")
    assert "Ended by a signal:\n  Ended by SIGINT\n" in paramsrun("status", RESULTS).output


def test_results_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: ResultsTree, event: Event, *given: object) -> None:
        if not isinstance(event, Run | Start):
            raise RunError("The results cannot be written: no space left")

    monkeypatch.setattr(ResultsTree, "on", full)
    assert paramsrun(job(tmp_path)).exit_code == 1
    told = "The results cannot be written: no space left\n"
    assert (RESULTS / "job.log").read_text().count(told) == 1
    assert f"Ended by an error:\n  {told}" in paramsrun("status", RESULTS).output


def test_a_resume_that_cannot_begin_is_not_what_ended_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = job(tmp_path)
    assert paramsrun(file).exit_code == 0
    more = CALLS_25.replace("25", "35")
    Path("more.in").write_text(f"ResumeCheckpoint params.results\n{more}")

    def refused(self: Keeper) -> Keeper:
        raise RunError("The lock cannot be written")

    with monkeypatch.context() as patch:
        patch.setattr(Keeper, "__enter__", refused)
        assert paramsrun("more.in").exit_code == 1
    output = paramsrun("status", "more.results").output
    assert "Ended by an error:\n  The lock cannot be written\n" in output
    assert "Exit conditions met" not in output
    result = paramsrun("more.in", "--resume", "auto")
    assert result.exit_code == 0, result.output
    assert story(Path("more.2.results"))[:25] == story(RESULTS)[:25]
    assert len(evaluations_of(Path("more.2.results"))) == 35


def test_a_reason_with_signs_that_no_terminal_shows_is_told_once(tmp_path: Path) -> None:
    file = function_job(tmp_path / "job", "def loss(x): raise ValueError('a\x1bb')\n", INPUT)
    assert paramsrun(file).exit_code == 1
    assert (RESULTS / "job.log").read_text().count("ValueError") == 1


def test_a_job_whose_folder_was_moved_away_writes_nothing_into_its_successor_s(
    tmp_path: Path,
) -> None:
    code = (
        "from pathlib import Path\n"
        "def loss(x):\n"
        "    results = Path('params.results')\n"
        "    if results.exists() and not Path('moved').exists():\n"
        "        results.rename('moved')\n"
        "        (results / 'optimization/journal').mkdir(parents=True)\n"
        "    raise KeyboardInterrupt\n"
    )
    file = function_job(tmp_path / "job", code, "Evaluator Type=Inline\n" + INPUT)
    paramsrun(file)
    assert Path("moved/job.log").exists()
    assert not (RESULTS / "job.log").exists()


def test_a_job_whose_journal_is_deleted_does_not_end_as_if_it_were_kept(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path\n"
        "def loss(x):\n"
        "    for segment in Path('params.results/optimization/journal').glob('*'):\n"
        "        segment.unlink()\n"
        "    return 1.0\n"
    )
    result = paramsrun(function_job(tmp_path / "job", code, "Evaluator Type=Inline\n" + INPUT))
    assert result.exit_code == 1
    assert "was deleted while the job ran: nothing that happens is kept any more" in result.output
