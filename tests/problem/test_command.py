"""Engine Command: what a program is given, and how its loss is read."""

import json
import os
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest

from paramsrun.problem.black_box import HasFolder
from paramsrun.problem.contract import Key
from paramsrun.problem.problem import Problem
from tests.problem.conftest import JobFolder

PARAMETERS = """\
---
dtype: Parameters
---
name: lr
value: 0.1
range: [-2.0, 5.0]
is_active: true
---
name: n-layers.2
value: 7.0
range: [0.0, 10.0]
is_active: false
---
name: c
value: 3.0
range: [-2.0, 5.0]
is_active: true
"""
KEY = Key(2, 15)
X = np.array([1 / 3, 2.0])


@pytest.fixture
def job(job: JobFolder) -> JobFolder:
    return job.without_data(PARAMETERS)


def with_command(job: JobFolder, command: str, *keys: str, rest: str = "") -> Problem:
    lines = "".join(f"  {line}\n" for line in (f"Command {command}", *keys))
    job.write("params.in", f"Engine Command\n{lines}EndEngine\n{rest}")
    problem = job.problem()
    assert isinstance(problem.training, HasFolder)
    problem.training.work_in(job.path / "job.results", {})
    return problem


def sh(script: str) -> str:
    return f"sh -c {shlex.quote(script)}"


def loss(problem: Problem) -> float:
    evaluation = problem.evaluate(X, KEY)
    assert evaluation.failures == ()
    return evaluation.fx


def reason(problem: Problem) -> str:
    evaluation = problem.evaluate(X, KEY)
    assert evaluation.fx == np.inf
    (failure,) = evaluation.failures
    return failure.reason


def folders(job: JobFolder) -> list[str]:
    return sorted(path.name for path in (job.path / "job.results/runs").iterdir())


# What it is given


def test_a_program_finds_all_parameters_in_a_json_file(job: JobFolder) -> None:
    problem = with_command(job, "cat parameters.json", "LossKey lr", "KeepFolders All")
    assert reason(problem).startswith("the last line of its output is no JSON")
    text = (job.path / "job.results/runs/002_000015/parameters.json").read_text()
    assert json.loads(text) == {"lr": 1 / 3, "n-layers.2": 7.0, "c": 2.0}


def test_a_program_finds_the_parameters_in_its_environment(job: JobFolder) -> None:
    assert loss(with_command(job, sh("echo $PARAMSRUN_LR"))) == 1 / 3
    assert loss(with_command(job, sh("echo $PARAMSRUN_N_LAYERS_2"))) == 7.0


def test_names_that_share_a_variable_get_none(job: JobFolder) -> None:
    job.edit("parameter_interface.yaml", {"name: c": "name: LR"})
    problem = with_command(job, sh('test -z "$PARAMSRUN_LR" && echo 1'))
    assert loss(problem) == 1.0
    assert job.warnings == [
        "params.in:2:11: Engine Command: no variable of the environment can stand for lr, LR "
        "alone, so there is none; parameters.json holds all"
    ]


def test_the_variable_of_repeats_is_not_taken_by_a_parameter(job: JobFolder) -> None:
    job.edit("parameter_interface.yaml", {"name: c": "name: repeat"})
    assert loss(with_command(job, sh("echo $PARAMSRUN_REPEAT"))) == 1.0


def test_a_template_is_filled(job: JobFolder) -> None:
    job.write("in.txt", "{{lr}} {{ c:.2f }} {{n-layers.2}} \\{{lr}} {lr}\n")
    problem = with_command(job, sh("cat in.txt >&2; exit 1"), "Template in.txt")
    assert reason(problem).endswith(f": {1 / 3!r} 2.00 7.0 {{{{lr}}}} {{lr}}")


def test_bytes_of_a_template_that_are_no_text_stay(job: JobFolder) -> None:
    (job.path / "in.bin").write_bytes(b"\xff\r\n{{c}}\x00")
    problem = with_command(job, "cat in.bin", "Template in.bin", "KeepFolders All")
    reason(problem)
    made = job.path / "job.results/runs/002_000015"
    assert (made / "in.bin").read_bytes() == (made / "stdout.txt").read_bytes()
    assert (made / "in.bin").read_bytes() == b"\xff\r\n2.0\x00"


def test_files_are_copied_under_their_names(job: JobFolder) -> None:
    (job.path / "data").mkdir()
    job.write("data/a.txt", "4")
    job.write("b.txt", "5")
    problem = with_command(job, sh("cat a.txt b.txt; rm a.txt"), "File data/a.txt", "File b.txt")
    assert loss(problem) == 45.0
    assert loss(problem) == 45.0
    assert set(problem.files) == {"parameter_interface.yaml", "data/a.txt", "b.txt"}


def test_files_are_taken_from_where_they_are_stored(job: JobFolder) -> None:
    job.write("a.txt", "4")
    problem = with_command(job, "cat a.txt", "File a.txt")
    job.write("stored.txt", "6")
    assert isinstance(problem.training, HasFolder)
    stored = {problem.files["a.txt"]: job.path / "stored.txt"}
    problem.training.work_in(job.path / "job.results", stored)
    assert loss(problem) == 6.0


def test_a_file_that_is_gone_is_a_failed_point(job: JobFolder) -> None:
    job.write("a.txt", "4")
    problem = with_command(job, "cat a.txt", "File a.txt")
    (job.path / "a.txt").unlink()
    assert reason(problem).startswith("its folder cannot be filled: [Errno 2] No such file")


def test_there_is_nothing_to_read_on_standard_input(job: JobFolder) -> None:
    assert loss(with_command(job, sh("cat; echo 3"))) == 3.0


def test_a_program_beside_the_input_is_run_by_its_name(job: JobFolder) -> None:
    job.write("run.sh", "#!/bin/sh\necho 3\n")
    (job.path / "run.sh").chmod(0o755)
    assert loss(with_command(job, "./run.sh")) == 3.0


def test_arguments_beside_the_input_get_their_full_paths(job: JobFolder) -> None:
    job.write("my train.py", "import sys\nprint(len(open(sys.argv[1].split('=')[1]).read()))\n")
    job.write("data.csv", "12345")
    problem = with_command(job, f"{sys.executable} './my train.py' --data=./data.csv")
    assert loss(problem) == 5.0


def test_no_shell_reads_the_command(job: JobFolder) -> None:
    problem = with_command(job, "echo 1; echo $HOME > x", "KeepFolders All")
    assert reason(problem) == "the last line of its output is no number: 1; echo $HOME > x"


# How its loss is read


@pytest.mark.parametrize(
    ("script", "keys", "fx"),
    [
        ("echo start; echo -2.5; echo", (), -2.5),
        ("echo 0", (), 0.0),
        ("echo 1.5D-3", (), 1.5e-3),
        ("printf '10%% 1\\r20%% 2\\r7'", (), 7.0),
        ("echo 9; echo 4 > result", ("LossFile result",), 4.0),
        ("mkdir a; echo 4 > a/result", ("LossFile a/result",), 4.0),
        ("echo '{\"loss\": 4}' > r.json", ("LossFile r.json", "LossKey loss"), 4.0),
        ('echo x; echo \'{"a": {"b.c": [1, 2e1]}}\'', ("LossKey a.b.c.1",), 20.0),
        ('echo \'{"a": [{"b": 3}]}\'', ("LossKey a.0.b",), 3.0),
        ("echo loss=3; echo loss=4; echo end", (r"LossPattern loss=(\S+)",), 4.0),
        ("echo A; echo B 7", (r"LossPattern [0-9]+$",), 7.0),
        ("echo err 5 > log", ("LossFile log", r"LossPattern ^err (.*)$"), 5.0),
    ],
)
def test_a_loss_is_read(job: JobFolder, script: str, keys: tuple[str, ...], fx: float) -> None:
    assert loss(with_command(job, sh(script), *keys)) == fx


@pytest.mark.parametrize(
    ("script", "keys", "why"),
    [
        ("true", (), "its output is empty"),
        ("echo; echo ' '", (), "its output is empty"),
        ("echo loss: 3", (), "the last line of its output is no number: loss: 3"),
        ("echo 1_000", (), "the last line of its output is no number: 1_000"),
        ("echo nan", (), "the loss is nan"),
        ("echo -inf", (), "the loss is -inf"),
        ("echo 1e999", (), "the loss is inf"),
        ("printf '\\377\\000\\001'", (), "the last line of its output is no number: \ufffd"),
        ("true", ("LossFile r",), "it wrote no file r"),
        ("mkdir r", ("LossFile r",), "r is no regular file"),
        ("mkfifo r", ("LossFile r",), "r is no regular file"),
        ("touch r", ("LossFile r",), "the file r is empty"),
        ("echo x > r", ("LossFile r", "LossKey a"), "the file r is no JSON: Expecting value"),
        ("echo '{}'", ("LossKey a",), "the last line of its output holds no a"),
        ("echo '[1]'", ("LossKey 1",), "the last line of its output holds no 1"),
        ("echo '{\"a\": 1}'", ("LossKey a.b",), "the last line of its output holds no a.b"),
        ("echo '{\"a\": NaN}'", ("LossKey a",), "the loss is nan"),
        (
            'echo \'{"a": "1"}\'',
            ("LossKey a",),
            'a in the last line of its output is no number but "1"',
        ),
        (
            "echo '{\"a\": true}'",
            ("LossKey a",),
            "a in the last line of its output is no number but true",
        ),
        (
            "echo 3",
            ("LossPattern loss=(.*)",),
            "nothing in its output matches LossPattern loss=(.*",
        ),
        ("true", ("LossPattern loss",), "nothing in its output matches LossPattern loss"),
        (
            "echo loss=x",
            ("LossPattern loss=(.*)",),
            "what LossPattern found in its output is no nu",
        ),
        ("echo ab", ("LossPattern a(c)?",), "nothing in its output matches LossPattern a(c)?"),
        ("echo 3; exit 4", (), "it ended with exit code 4"),
        ("echo no >&2; echo luck >&2; exit 1", (), "it ended with exit code 1: luck"),
        ("kill -9 $$", (), "it was killed by signal 9 (SIGKILL)"),
        ("sleep 100", ("Timeout 0.1",), "it took longer than 0.1 s (Timeout)"),
    ],
)
def test_what_gives_no_loss_fails_with_the_reason(
    job: JobFolder, script: str, keys: tuple[str, ...], why: str
) -> None:
    found = reason(with_command(job, sh(script), *keys))
    assert found.startswith(why)
    assert found == why or len(why) > 25


def test_a_script_without_its_interpreter_fails_with_advice(job: JobFolder) -> None:
    job.write("run.sh", "echo 3\n")
    (job.path / "run.sh").chmod(0o755)
    assert reason(with_command(job, "./run.sh")) == (
        "it cannot be started: it is no program; the first line of a script names what runs it, "
        "#!/bin/sh"
    )


def test_a_program_that_vanishes_is_a_failed_point(job: JobFolder) -> None:
    job.write("run.sh", "#!/bin/sh\necho 3\n")
    (job.path / "run.sh").chmod(0o755)
    problem = with_command(job, "./run.sh")
    (job.path / "run.sh").unlink()
    assert reason(problem).startswith("it cannot be started: [Errno 2] No such file")


def test_much_output_is_not_read_into_memory(job: JobFolder) -> None:
    import tracemalloc

    script = "yes 'loss=1' | head -c 6000000; echo; echo loss=8"
    problem = with_command(job, sh(script), r"LossPattern ^loss=(.*)$")
    tracemalloc.start()
    try:
        assert loss(problem) == 8.0
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


# Repeats


@pytest.mark.parametrize(("ensemble", "fx"), [("Mean", 2.0), ("MeanStd", 2.0 + np.sqrt(2 / 3))])
def test_repeats_are_combined(job: JobFolder, ensemble: str, fx: float) -> None:
    problem = with_command(job, sh("echo $PARAMSRUN_REPEAT"), "Repeats 3", f"Ensemble {ensemble}")
    assert loss(problem) == pytest.approx(fx, rel=1e-15)


def test_each_repeat_has_a_folder_of_its_own(job: JobFolder) -> None:
    script = "test ! -e mine && touch mine && cat parameters.json > /dev/null && echo 1"
    problem = with_command(job, sh(script), "Repeats 2", "KeepFolders All")
    assert loss(problem) == 1.0
    made = job.path / "job.results/runs/002_000015"
    assert sorted(path.name for path in made.iterdir()) == ["1", "2"]


def test_one_failed_repeat_makes_the_loss_infinite(job: JobFolder) -> None:
    script = "test $PARAMSRUN_REPEAT = 1 && echo 5"
    problem = with_command(job, sh(script), "Repeats 3", "Ensemble MeanStd")
    assert reason(problem) == "repeat 2: it ended with exit code 1"


def test_losses_whose_spread_overflows_have_failed(job: JobFolder) -> None:
    script = "test $PARAMSRUN_REPEAT = 1 && echo 1e300 || echo -1e300"
    problem = with_command(job, sh(script), "Repeats 2", "Ensemble MeanStd")
    assert reason(problem) == "the MeanStd of its losses overflows"


# Its folders


@pytest.mark.parametrize(
    ("keep", "kept"),
    [("Failed", ["002_000016"]), ("All", ["002_000015", "002_000016"]), ("None", [])],
)
def test_folders_are_kept_by_the_key(job: JobFolder, keep: str, kept: list[str]) -> None:
    script = "echo out; echo bad >&2; mkdir a; touch a/b; test $PARAMSRUN_C = 2.0 && echo 1"
    problem = with_command(job, sh(script), f"KeepFolders {keep}")
    assert problem.evaluate(X, KEY).fx == 1.0
    (failure,) = problem.evaluate(X / 2, Key(2, 16)).failures
    assert folders(job) == kept
    assert failure.reason == "it ended with exit code 1: bad"
    assert failure.where == "Command sh" + (" in runs/002_000016" if keep != "None" else "")
    for name in kept[-1:]:
        folder = job.path / "job.results/runs" / name
        assert (folder / "stdout.txt").read_text() == "out\n"
        assert (folder / "stderr.txt").read_text() == "bad\n"


def test_an_attempt_at_the_same_evaluation_begins_with_an_empty_folder(job: JobFolder) -> None:
    problem = with_command(job, sh("test ! -e x; touch x; exit 1"), "KeepFolders All")
    reason(problem)
    (job.path / "job.results/runs/002_000015/from_before").touch()
    reason(problem)
    assert not (job.path / "job.results/runs/002_000015/from_before").exists()


def test_folders_elsewhere_are_apart_for_each_results_folder(job: JobFolder) -> None:
    far = job.path / "far"
    problem = with_command(job, sh("exit 1"), f"RunsDirectory {far}")
    assert isinstance(problem.training, HasFolder)
    (failure,) = problem.evaluate(X, KEY).failures
    problem.training.work_in(job.path / "other" / "job.results", {})
    problem.evaluate(X, KEY)
    made = sorted(far.glob("*/002_000015"))
    assert len(made) == 2
    assert failure.where.removeprefix("Command sh in ") in map(str, made)


def test_before_there_is_a_results_folder_nothing_is_kept(
    job: JobFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    job.write(
        "params.in", f"Engine Command\n  Command {sh('exit 1')}\n  KeepFolders All\nEndEngine\n"
    )
    (failure,) = job.problem().evaluate(X, KEY).failures
    assert failure.where == "Command sh"
    assert os.listdir(tmp_path / "temporary") == []


def test_a_folder_that_cannot_be_made_is_a_failed_point(job: JobFolder) -> None:
    problem = with_command(job, "echo 1")
    (job.path / "job.results").write_text("a file")
    assert reason(problem).startswith("its folder cannot be made: [Errno 20] Not a directory")


TYPED = """\
---
dtype: Parameters
---
name: width
type: integer
value: 4
range: [1, 9]
is_active: true
---
name: activation
type: categorical
choices: [relu, tanh, true]
value: tanh
is_active: true
"""


def test_values_come_as_the_types_of_their_parameters(job: JobFolder) -> None:
    job.write("parameter_interface.yaml", TYPED)
    job.write("in.txt", "{{width:03d}} {{activation}}")
    script = (
        "cat in.txt parameters.json >&2; echo $PARAMSRUN_WIDTH; test $PARAMSRUN_ACTIVATION = tanh"
    )
    sampling = "Optimizer\n  Type RandomSampling\nEnd\n"
    problem = with_command(job, sh(script), "Template in.txt", "KeepFolders All", rest=sampling)
    x = problem.parameters.x0
    assert problem.evaluate(x, KEY).fx == 4.0
    said = (job.path / "job.results/runs/002_000015/stderr.txt").read_text()
    values, _, written = said.partition("{")
    assert values == "004 tanh"
    assert json.loads("{" + written) == {"width": 4, "activation": "tanh"}
