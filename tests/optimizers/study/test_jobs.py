"""Processes that share a study: how many trials there are in the end, and what they may cost."""

import os
import signal
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from paramsrun import ParAMSJob
from paramsrun.settings.families import optimizers
from tests.cli.jobs import journal_of, paramsrun
from tests.optimizers.study.jobs import CODE, LOSS, begin, points, shared_job, states, study_in
from tests.optimizers.study.server import PASSWORD, Server

pytest.importorskip("optuna")

VICTIM = """
import os, signal
n = 0
def loss(p, _loss=loss):
    global n
    n += 1
    if os.environ["ROLE"] == "victim" and n == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    if os.environ["ROLE"] == "heir" and n == 1:
        open("begun", "w").close()
        open("go").close()
    return _loss(p)
"""
"""The heir waits in its first trial until the victim was killed in its third."""
PATIENT = CODE.replace("STALE_S, shared.LOOK_S = 0.5, 5,", "STALE_S, shared.LOOK_S = 0.5, 3600,")
"""The command; trials are lost in so short a time only of which the test says so."""


def evaluations(folder: Path) -> int:
    return sum(event["e"] == "eval" for event in journal_of(folder))


def forget_signs_of_life(storage: str, but: int) -> None:
    """Let trials have given their last sign of life long ago, but for the one of that number."""
    import sqlalchemy

    patience = {"timeout": 60} if storage.startswith("sqlite") else {}
    engine = sqlalchemy.create_engine(storage, connect_args=patience)
    with engine.begin() as connection:
        connection.execute(
            sqlalchemy.text(
                "UPDATE trial_heartbeats SET heartbeat = '2001-01-01 00:00:00.000000' "
                f"WHERE trial_id NOT IN (SELECT trial_id FROM trials WHERE number = {but})"
            )
        )
    engine.dispose()


def test_the_trial_of_a_killed_process_is_taken_over(
    storage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "3600" in PATIENT
    shared_job(tmp_path, storage, code=LOSS + VICTIM)
    for name in ("begun", "go"):
        os.mkfifo(tmp_path / name)
    monkeypatch.setenv("ROLE", "heir")
    heir = begin(tmp_path, "heir", code=PATIENT)
    (tmp_path / "begun").read_bytes()
    monkeypatch.setenv("ROLE", "victim")
    victim = begin(tmp_path, "victim", code=PATIENT)
    told = [victim.communicate(timeout=120)[0]]
    forget_signs_of_life(storage, but=0)
    (tmp_path / "go").open("w").close()
    told.append(heir.communicate(timeout=120)[0])
    assert [process.returncode for process in (victim, heir)] == [-9, 0], told
    study = study_in(storage)
    assert states(study) == {"COMPLETE": 20, "FAIL": 1}
    done = points(study)
    assert len(set(done)) == 20
    assert points(study, "FAIL")[0] in done
    assert evaluations(tmp_path / "victim.results") == 2
    assert evaluations(tmp_path / "heir.results") == 18
    assert "all 20 trials of study search are complete" in told[1]
    assert "was lost with its process; it is put up again" in told[1] + str(
        (tmp_path / "heir.results/job.log").read_text()
    )


def test_a_run_that_goes_on_takes_part_in_the_study_as_it_is_by_then(
    storage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared_job(tmp_path, storage, n=12)
    text = (tmp_path / "params.in").read_text()
    seven = "ExitCondition\n  Type MaxTotalFunctionCalls\n  MaxTotalFunctionCalls 7\nEnd\n"
    (tmp_path / "params.in").write_text(text + seven)
    monkeypatch.chdir(tmp_path)
    assert paramsrun("params.in", "--name", "cut").exit_code == 0
    (tmp_path / "params.in").write_text(text)
    result = paramsrun("params.in", "--name", "whole", "--resume", "cut.results")
    assert result.exit_code == 0, result.output
    study = study_in(storage)
    assert states(study) == {"COMPLETE": 12}
    assert len(set(points(study))) == 12
    made = [e for e in journal_of(Path("whole.results")) if e["e"] == "eval"]
    assert [(e["n"], e["b"]) for e in made] == [(n, n - 1) for n in range(1, 13)]
    assert study.user_attrs["paramsrun:starts"] == 2


def everything_in(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield all files below a folder, those in archives among them."""
    for path in (one for one in folder.rglob("*") if one.is_file()):
        yield str(path), path.read_bytes()
        if path.name.endswith(".tar.gz"):
            with tarfile.open(path) as tar:
                for member in tar.getmembers():
                    content = tar.extractfile(member)
                    yield f"{path}:{member.name}", b"" if content is None else content.read()


def test_a_password_is_written_nowhere(
    postgresql: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    storage = postgresql.create("secret")
    file = shared_job(tmp_path, storage, n=8)
    control = "CheckpointControl\n  AtEnd Yes\n  AtInitialisation Yes\nEnd\n"
    comment = f"# {storage}\n"
    file.write_text(comment + file.read_text() + control)
    told = [paramsrun("params.in", "--name", "one").output]
    assert any(path.name.endswith(".tar.gz") for path in tmp_path.rglob("*"))
    told += [paramsrun("check", "params.in").output, paramsrun("status", "one.results").output]
    job = ParAMSJob.from_inputfile("params.in")
    told += [job.get_input(), repr(job.settings), repr(optimizers["Optuna"](storage=storage))]
    for text in told:
        assert PASSWORD not in text
    assert "***" in told[3]
    found = [
        name for name, content in everything_in(Path("one.results")) if PASSWORD.encode() in content
    ]
    assert found == []
    stored = Path("one.results/settings_and_initial_data/params.in").read_text()
    assert stored == file.read_text().replace(PASSWORD, "***")


def cut_in_secret(postgresql: Server, folder: Path, database: str) -> str:
    """Run 4 trials of 8 of a study whose password is not stored; return its URL."""
    storage = postgresql.create(database)
    file = shared_job(folder, storage, n=8)
    four = "ExitCondition\n  Type MaxTotalFunctionCalls\n  MaxTotalFunctionCalls 4\nEnd\n"
    file.write_text(file.read_text() + four)
    assert paramsrun("params.in", "--name", "cut").exit_code == 0
    return storage


ON = """\
ResumeCheckpoint cut.results
ExitCondition
  Type MaxOptimizersConverged
  MaxOptimizersConverged 1
End
"""


def test_a_password_that_is_not_stored_is_needed_again(
    postgresql: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PGPASSFILE", "/dev/null")
    storage = cut_in_secret(postgresql, tmp_path, "forgotten")
    Path("on.in").write_text(ON)
    result = paramsrun("on.in", "--name", "without")
    assert result.exit_code == 1
    assert "cannot be used" in result.output
    assert "set the variable PARAMSRUN_STORAGE_PASSWORD" in result.output
    assert "Traceback" not in result.output
    monkeypatch.setenv("PARAMSRUN_STORAGE_PASSWORD", PASSWORD)
    result = paramsrun("on.in", "--name", "with")
    assert result.exit_code == 0, result.output
    assert states(study_in(storage)) == {"COMPLETE": 8}


@pytest.mark.parametrize("how", ["by the library", "in the input"])
def test_a_password_may_come(
    how: str, postgresql: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    storage = cut_in_secret(postgresql, tmp_path, how)
    text = ON
    if how == "in the input":
        whole = Path("params.in").read_text()
        text += whole[whole.index("Optimizer\n") : whole.rindex("ExitCondition")]
    else:
        monkeypatch.setenv("PGPASSWORD", PASSWORD)
    Path("on.in").write_text(text)
    result = paramsrun("on.in", "--name", "on")
    assert result.exit_code == 0, result.output
    assert states(study_in(storage)) == {"COMPLETE": 8}


def test_a_password_from_the_environment_stays_a_variable(
    postgresql: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STUDY_WORD", PASSWORD)
    storage = postgresql.create("variable")
    shared_job(tmp_path, storage.replace(PASSWORD, "${STUDY_WORD}"), n=4)
    assert paramsrun("params.in").exit_code == 0
    assert states(study_in(storage)) == {"COMPLETE": 4}
    journal = "".join(map(str, journal_of(Path("params.results"))))
    assert "runner:${STUDY_WORD}@" in journal


@pytest.mark.parametrize("wait", [True, False])
def test_a_job_of_python_connects_with_its_password(
    wait: bool, postgresql: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    storage = postgresql.create(f"python {wait}")
    shared_job(tmp_path, storage, n=4)
    job = ParAMSJob.from_inputfile("params.in")
    job.run(wait=wait, echo=lambda line: None)
    job.wait()
    assert job.check()
    assert states(study_in(storage)) == {"COMPLETE": 4}


def test_a_process_that_is_asked_to_end_hands_its_trial_back(storage: str, tmp_path: Path) -> None:
    shared_job(tmp_path, storage, n=4, code=LOSS + BREAKDOWN)
    os.mkfifo(tmp_path / "down")
    process = begin(tmp_path, "one")
    (tmp_path / "down").read_bytes()
    process.send_signal(signal.SIGTERM)
    output = process.communicate(timeout=120)[0]
    assert process.returncode == 143, output
    assert states(study_in(storage)) == {"COMPLETE": 2, "FAIL": 1, "WAITING": 1}


def test_a_wrong_password_is_told_in_a_line(
    postgresql: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shared_job(tmp_path, postgresql.url("wrong-word"), n=4)
    result = paramsrun("params.in")
    assert result.exit_code == 1
    assert "password authentication failed" in result.output
    assert "wrong-word" not in result.output
    assert "Traceback" not in result.output


BREAKDOWN = """
n = 0
def loss(p, _loss=loss):
    global n
    n += 1
    if n == 3:
        open("down", "w").close()
        open("down").close()
    return _loss(p)
"""


def test_a_server_that_comes_back_loses_nothing(postgresql: Server, tmp_path: Path) -> None:
    storage = postgresql.create("breakdown")
    shared_job(tmp_path, storage, n=8, code=LOSS + BREAKDOWN)
    os.mkfifo(tmp_path / "down")
    process = begin(tmp_path, "one")
    (tmp_path / "down").read_bytes()
    postgresql.stop()
    (tmp_path / "down").open("w").close()
    postgresql.go_on()
    output = process.communicate(timeout=120)[0]
    assert process.returncode == 0, output
    assert states(study_in(storage)) == {"COMPLETE": 8}
    assert evaluations(tmp_path / "one.results") == 8


def test_a_server_that_does_not_come_back_ends_the_run_and_a_resume_goes_on(
    postgresql: Server, tmp_path: Path
) -> None:
    storage = postgresql.create("gone")
    shared_job(tmp_path, storage, n=8, code=LOSS + BREAKDOWN)
    os.mkfifo(tmp_path / "down")
    process = begin(tmp_path, "one", code=f"{IMPATIENT}{CODE}")
    (tmp_path / "down").read_bytes()
    postgresql.stop()
    (tmp_path / "down").open("w").close()
    output = process.communicate(timeout=120)[0]
    postgresql.go_on()
    assert process.returncode == 1
    assert "The database was out of reach for" in output
    assert "Traceback" not in output
    (tmp_path / "train.py").write_text(LOSS)
    process = begin(tmp_path, "two", "--resume", "one.results")
    assert process.communicate(timeout=120)[0]
    assert process.returncode == 0
    assert states(study_in(storage))["COMPLETE"] == 8


IMPATIENT = "from paramsrun.optimizers.study import shared; shared.PATIENCE_S = 0.5\n"
