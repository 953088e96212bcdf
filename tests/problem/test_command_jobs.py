"""Engine Command in whole jobs: workers, resumes, what is stored and what is told."""

import errno
import os
import re
import resource
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from paramsrun.errors import CodeChanged, NoRoom
from paramsrun.job import Job
from paramsrun.problem.command import room
from paramsrun.problem.command.objective import CommandObjective
from paramsrun.problem.contract import Key
from tests.cli.jobs import PARAMETERS, SAMPLING, SEED, evaluations_of, paramsrun, start, story
from tests.resuming.runs import INPUTS, PARENT, cut_after, done, events, go_on, refused, tell, until

FAILS = """\
case $a in -1.[5-9]*) echo "a is too small" >&2; exit 1;; esac
"""
TRAIN = f"""\
#!/bin/sh
# Sums up what it is given in three ways; wants nothing from anywhere else.
. ./offset
a=$PARAMSRUN_A
test "$(cat given)" = "$a" || exit 3
{FAILS}\
echo "$a $PARAMSRUN_B $offset" |
    awk '{{ printf "{{\\"loss\\": %.17g}}\\n", $1 * $1 + $2 * $2 + $3 }}' > r.json
"""
KEYS = "  Template given\n  File ../far/offset\n  LossFile r.json\n  LossKey loss\n"
CMAES = "Optimizer\n  Type CMAES\n  CMAES\n    Popsize 4\n  End\nEnd\n"
RESUMED = Path("resume.results")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("job", "far"):
        Path(folder).mkdir()
    Path("far/offset").write_text("offset=0.5\n")
    Path("job/given").write_text("{{a}}\n")
    Path("job/train.sh").write_text(TRAIN)
    Path("job/train.sh").chmod(0o755)
    Path("job/parameter_interface.yaml").write_text(PARAMETERS)


def write(text: str, keys: str = KEYS, command: str = "./train.sh") -> Path:
    file = Path("job/params.in")
    file.write_text(f"Engine Command\n  Command {command}\n{keys}EndEngine\n{SEED}{text}")
    return file


def expected(event: dict[str, object]) -> float:
    """Return the loss of the parameters of an evaluation, or inf."""
    a, b = (4.0 * x - 2.0 for x in event["x"])  # type: ignore[attr-defined]
    return float("inf") if a <= -1.5 else a * a + b * b + 0.5


def test_no_evaluation_gets_anything_of_another(tmp_path: Path) -> None:
    text = "Evaluator Type=Processes Workers=3\nParallelLevels ParameterVectors=6\n"
    done(paramsrun(write(text + SAMPLING.replace("10", "40") + until(30))))
    found = evaluations_of(PARENT)
    assert len(found) == 30
    for event in found:
        assert float(str(event["fx"])) == pytest.approx(expected(event), rel=1e-12)
    failed = [e for e in found if e["fx"] == "inf"]
    assert failed
    for event in failed:
        name = f"{event['o']:03d}_{int(str(event['i'])) + 1:06d}"
        assert (
            event["why"]
            == f"Command train.sh in runs/{name}: it ended with exit code 1: a is too small"
        )
    kept = sorted(path.name for path in (PARENT / "runs").iterdir())
    assert len(kept) == len(failed)


def test_resumed_equals_uninterrupted() -> None:
    serial = "ParallelLevels ParameterVectors=1\nEvaluator Type=Inline\n"
    done(paramsrun(write(CMAES + serial + until(14))))
    done(paramsrun(write(CMAES + serial + until(14)), "--name", "other"))
    assert story(Path("other.results")) == story(PARENT)
    for n in (3, 8):
        cut_after(PARENT, n, f"cut{n}.results")
        done(go_on(file=f"job/resume{n}.in", origin=f"../cut{n}.results"))
        assert story(Path(f"resume{n}.results")) == story(PARENT)
        (context,) = events(Path(f"resume{n}.results"), "context")
        assert context["comparable"] is True


def test_a_checkpoint_holds_templates_and_files_but_not_the_program(tmp_path: Path) -> None:
    end = "CheckpointControl AtEnd=Yes NamingFormat=last\n"
    done(paramsrun(write(CMAES + end + until(6))))
    names = {
        str(p.relative_to(PARENT / INPUTS)) for p in (PARENT / INPUTS).rglob("*") if p.is_file()
    }
    assert names == {"params.in", "parameter_interface.yaml", "given", "external/02/offset"}
    Path("new").mkdir()
    shutil.copy(PARENT / "checkpoints/last.tar.gz", "new")
    shutil.copy("job/train.sh", "new")
    shutil.rmtree(PARENT)
    shutil.rmtree("job")
    shutil.rmtree("far")
    output = done(go_on(until(9), "new/resume.in", "last.tar.gz"))
    assert "losses of before cannot be compared" not in output
    for event in evaluations_of(RESUMED):
        assert float(str(event["fx"])) == pytest.approx(expected(event), rel=1e-12)


def test_a_program_is_found_where_the_earlier_run_found_it() -> None:
    done(paramsrun(write(CMAES + until(6))))
    output = done(go_on(until(9)))
    assert "Command of yours, run for each evaluation: ./train.sh" in output
    assert f"./train.sh in {Path('job/train.sh').absolute()} (SHA-256 " in output
    (context,) = events(RESUMED, "context")
    assert context["code"] == events(PARENT, "run")[0]["code"]


def test_a_program_that_is_gone_is_told_before_anything_is_made() -> None:
    done(paramsrun(write(CMAES + until(6))))
    Path("job/train.sh").unlink()
    assert "there is no program ./train.sh in " in refused(go_on(until(9)))


def test_a_program_that_changed_is_one_warning() -> None:
    done(paramsrun(write(CMAES + until(6))))
    Path("job/train.sh").write_text(TRAIN + "# changed\n")
    done(go_on(until(9)))
    assert tell(RESUMED).count("Warning: the program ./train.sh changed since") == 1


def test_a_data_file_that_changed_is_told_as_a_file() -> None:
    Path("far/energies").write_text("1\n")
    done(paramsrun(write(CMAES + until(6), command="./train.sh ../far/energies")))
    Path("far/energies").write_text("1 2\n")
    done(go_on(until(9)))
    output = " ".join(tell(RESUMED).split())
    assert "Warning: the file ../far/energies changed since" in output
    assert "as they are; if the program gives others now, start a new run instead" in output


def test_a_changed_template_or_argument_makes_losses_incomparable() -> None:
    done(paramsrun(write(CMAES + until(6))))
    Path("job/new").write_text("{{a}}")
    output = done(go_on(f"Engine Command\n  Template job/new\nEndEngine\n{until(9)}"))
    assert "losses of before cannot be compared" in " ".join(output.split())


def test_keys_that_do_not_decide_the_loss_may_change() -> None:
    done(paramsrun(write(CMAES + until(6))))
    output = done(go_on(f"Engine Command\n  Timeout 50\n  KeepFolders All\nEndEngine\n{until(9)}"))
    assert "cannot be compared" not in " ".join(output.split())
    assert len(list((RESUMED / "runs").iterdir())) == 3


def test_a_program_that_changes_under_way_is_not_taken_by_new_workers() -> None:
    with Job.load(write(CMAES + until(6))) as job:
        job.problem.training.user_code()  # type: ignore[attr-defined]
        Path("job/train.sh").write_text(TRAIN)
        job.problem.prepare()
        Path("job/train.sh").write_text(TRAIN + "# changed\n")
        with pytest.raises(CodeChanged, match=r"train\.sh changed since the job began"):
            job.problem.prepare()


EDITED = "#!/bin/sh\necho '{\"loss\": 1000}' > r.json\n"


@pytest.mark.parametrize("evaluator", ["Inline", "Processes Workers=2", "Dask Workers=2"])
def test_a_program_edited_during_a_run_ends_it_before_the_new_one_gives_a_loss(
    tmp_path: Path, evaluator: str
) -> None:
    if "Dask" in evaluator:
        pytest.importorskip("distributed")
    Path("job/edited.sh").write_text(EDITED)
    Path("job/edited.sh").chmod(0o755)
    swap = f"test $(wc -l < {tmp_path}/seen) -ge 9 && mv {tmp_path}/job/edited.sh $0 2> /dev/null\n"
    Path("job/train.sh").write_text(f"{TRAIN}echo 1 >> {tmp_path}/seen\n{swap}true\n")
    text = f"Evaluator Type={evaluator}\nParallelLevels ParameterVectors=4\n{until(40)}"
    result = paramsrun(write(CMAES + text))
    assert result.exit_code == 1, result.output
    assert f"{tmp_path}/job/train.sh changed since the job began: Go on" in result.output
    found = evaluations_of(PARENT)
    assert 3 <= len(found) < 15
    for event in found:
        assert float(str(event["fx"])) == pytest.approx(expected(event), rel=1e-12)
    (ended,) = events(PARENT, "exit")
    assert ended["how"] == "error"
    done(paramsrun("job/params.in", "--resume", "auto"))
    assert [e["n"] for e in evaluations_of(Path("params.2.results"))] == list(range(1, 41))
    output = tell(Path("params.2.results"))
    assert output.count("Warning: the program ./train.sh changed since") == 1


@pytest.mark.parametrize("evaluator", ["Inline", "Processes Workers=2", "Dask Workers=2"])
def test_a_disk_without_room_ends_the_run_before_a_point_has_failed_from_it(
    tmp_path: Path, evaluator: str
) -> None:
    if "Dask" in evaluator:
        pytest.importorskip("distributed")
    grow = f"test $(wc -l < {tmp_path}/seen) -lt 9 || head -c 200000 /dev/zero > big || exit 1\n"
    Path("job/train.sh").write_text(
        TRAIN.replace(FAILS, f"echo 1 >> {tmp_path}/seen\n{grow}")  # no point fails by itself
    )
    text = f"Evaluator Type={evaluator}\nParallelLevels ParameterVectors=4\n{until(30)}"
    write(CMAES + text)
    untorn = {"PYTHONDONTWRITEBYTECODE": "1"}
    run = start("job/params.in", folder=tmp_path, before=full_at(100_000), environment=untorn)
    _, errors = run.communicate()
    assert run.returncode == 1
    assert errors.startswith("Programs cannot be run, since their folders cannot be written: ")
    assert errors.endswith("\nMake room, and go on by --resume auto\n")
    assert 4 <= len(evaluations_of(PARENT)) < 9
    done(paramsrun("job/params.in", "--resume", "auto"))
    found = evaluations_of(Path("params.2.results"))
    assert [e["n"] for e in found] == list(range(1, 31))
    for event in found:
        a, b = (4.0 * x - 2.0 for x in event["x"])  # type: ignore[attr-defined]
        assert event["fx"] == pytest.approx(a * a + b * b + 0.5, rel=1e-12)


def full_at(n_bytes: int) -> Callable[[], None]:
    """Return what keeps a process, and those that it starts, from writing larger files."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, n_bytes))

    return limit


@pytest.mark.parametrize("name", ["ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM", "EFBIG"])
def test_an_error_of_the_disk_is_not_one_of_the_point(name: str) -> None:
    number = getattr(errno, name)
    with pytest.raises(NoRoom, match=re.escape(os.strerror(number))):
        room.check(OSError(number, os.strerror(number)))


@pytest.mark.parametrize("name", ["ENOSPC", "EDQUOT", "EROFS", "EPERM", "EFBIG"])
def test_a_point_that_failed_where_the_disk_takes_nothing_did_not_fail_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    refuse_writing(monkeypatch, getattr(errno, name))
    with pytest.raises(NoRoom, match="Make room, and go on by --resume auto"):
        room.probe(tmp_path)


def test_a_program_may_take_away_its_own_right_to_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_writing(monkeypatch, errno.EACCES)
    room.probe(tmp_path)


def refuse_writing(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refuse(path: Path, data: bytes) -> int:
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(Path, "write_bytes", refuse)


def test_a_program_that_was_only_touched_runs_on() -> None:
    with Job.load(write(CMAES + until(6))) as job:
        problem = job.problem
        assert isinstance(problem.training, CommandObjective)
        problem.training.user_code()
        os.utime("job/train.sh", (1, 1))
        assert not problem.evaluate(problem.parameters.x0, Key(1, 1)).failures


def test_an_edit_long_after_a_program_began_does_not_cost_its_loss() -> None:
    later = "touch -d '+1 hour' $0.new && mv $0.new $0\n"
    Path("job/train.sh.new").write_text(EDITED)
    Path("job/train.sh.new").chmod(0o755)
    Path("job/train.sh").write_text(TRAIN + later)
    with Job.load(write(CMAES + until(6))) as job:
        problem = job.problem
        assert isinstance(problem.training, CommandObjective)
        problem.training.user_code()
        assert problem.evaluate(problem.parameters.x0, Key(1, 1)).fx == 2.5
        with pytest.raises(CodeChanged, match=r"train\.sh changed since the job began"):
            problem.evaluate(problem.parameters.x0, Key(1, 2))


def test_an_edit_as_a_program_begins_costs_its_loss() -> None:
    Path("job/train.sh.new").write_text(EDITED)
    Path("job/train.sh").write_text(TRAIN + "mv $0.new $0\n")
    with Job.load(write(CMAES + until(6))) as job:
        problem = job.problem
        assert isinstance(problem.training, CommandObjective)
        problem.training.user_code()
        with pytest.raises(CodeChanged, match=r"train\.sh changed since the job began"):
            problem.evaluate(problem.parameters.x0, Key(1, 1))


def test_a_job_that_was_killed_goes_on(tmp_path: Path) -> None:
    file = write(CMAES + "ParallelLevels ParameterVectors=1\n" + until(12))
    killer = tmp_path / "job/train.sh"
    killer.write_text(
        TRAIN + f"test -e {tmp_path}/seen || {{ : > {tmp_path}/seen; kill -9 $PPID; }}\n"
    )
    driver = start(file, folder=tmp_path)
    driver.communicate()
    assert driver.returncode == -9
    done(paramsrun(file, "--resume", "auto"))
    last = max(tmp_path.glob("params*.results"), key=lambda p: len(evaluations_of(p)))
    assert [e["n"] for e in evaluations_of(last)] == list(range(1, 13))


def test_a_program_of_the_path_is_found_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy("job/train.sh", "far/train_it")
    with monkeypatch.context() as there:
        there.setenv("PATH", str(Path("far").absolute()), prepend=":")
        done(paramsrun(write(CMAES + until(6), command="train_it")))
    done(go_on(until(9)))
    (context,) = events(RESUMED, "context")
    assert context["code"] == events(PARENT, "run")[0]["code"]
    Path("far/train_it").unlink()
    text = refused(go_on(until(12), "again.in"), "again.results")
    assert "Engine Command%Command: there is no program train_it on the PATH" in text
