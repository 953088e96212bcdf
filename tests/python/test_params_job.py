"""Jobs that are made and run from Python."""

import doctest
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from paramsrun import ParAMSJob
from paramsrun.errors import Findings, InputError, RunError, UsageError
from paramsrun.input import Source
from paramsrun.settings.read_job import read_job, read_text
from tests.cli.jobs import (
    CALLS_25,
    SAMPLING,
    SEED,
    evaluations_of,
    function_job,
    journal_of,
    paramsrun,
    start,
    story,
)
from tests.resuming.runs import TWO_OPTIMIZERS, UNEVEN, control, cut_after, losses, numbers, until

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*/*.in"))
HELD = """\
import time
from pathlib import Path

def loss(x):
    while Path({path!r}).exists():
        time.sleep(0.01)
    return float(x @ x)
"""
SLOW = "import time\ndef loss(x):\n    time.sleep(0.002)\n    return float(x @ x)\n"


def quiet(line: str) -> None:
    """Show nothing."""


def a_job(
    text: str = SAMPLING + CALLS_25 + SEED, name: str = "params", code: str = ""
) -> ParAMSJob:
    """Return a job of a function in folder job."""
    path = function_job(Path("job"), text=text, **({"code": code} if code else {}))
    return ParAMSJob.from_inputfile(path, name)


def apart(script: str) -> "subprocess.Popen[str]":
    """Start a Python script in the current folder."""
    Path("script.py").write_text(script)
    return subprocess.Popen(
        [sys.executable, "script.py"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: "subprocess.Popen[str]") -> str:
    """Return what a script that succeeded told."""
    output, complaint = process.communicate(timeout=60)
    assert process.returncode == 0, complaint
    return output


def test_text_and_python_give_equal_journals() -> None:
    path = function_job(Path("job"), UNEVEN, TWO_OPTIMIZERS + until(45) + SEED)
    assert paramsrun(path, "--name", "text").exit_code == 0
    job = ParAMSJob("python")
    job.folder = Path("job").absolute()
    job.settings.input.Engine.Function.Call = "plain:loss"
    job.add_optimizer("CMAES", {"Popsize": 5, "Settings": {"maxiter": 3}})
    job.add_optimizer("Scipy", {"Algorithm": "Nelder-Mead", "Settings": {"maxfev": 11}})
    job.add_exit_condition("MaxTotalFunctionCalls", 45)
    job.settings.input.RandomSeed = 7
    job.settings.input.LoggingInterval.General = 1
    results = job.run(echo=quiet)
    assert results.path == Path("python.results").absolute()
    assert story(results.path) == story(Path("text.results"))
    assert len(story(results.path)) > 45


def test_a_stopper_ends_optimizers_as_in_text() -> None:
    stopper = "Stopper\n  Type MaxFunctionCalls\n  MaxFunctionCalls 7\nEnd\n"
    path = function_job(Path("job"), text=SAMPLING + SEED + until(25) + stopper)
    assert paramsrun(path, "--name", "text").exit_code == 0
    function_job(Path("job"), text=SAMPLING + SEED + until(25))
    job = ParAMSJob.from_inputfile(path, name="python")
    job.add_stopper("MaxFunctionCalls", 7)
    told = story(job.run(echo=quiet).path)
    assert told == story(Path("text.results"))
    assert "stopped" in [e["how"] for e in told if e["e"] == "end"]


def test_the_journal_of_an_input_file_is_that_of_its_command() -> None:
    path = function_job(Path("job"))
    assert paramsrun(path).exit_code == 0
    job = ParAMSJob.from_inputfile(path, name="python")
    job.run(echo=quiet)
    assert story(Path("python.results")) == story(Path("params.results"))
    stored = Path("python.results/settings_and_initial_data")
    assert {p.name for p in stored.iterdir()} == {"params.in", "parameter_interface.yaml"}


def test_linear_algebra_rounds_as_in_the_command() -> None:
    """Where matrices are large, several threads would give other last digits."""
    path = function_job(Path("job"), text="Optimizer Type=CMAES\n" + until(400) + SEED)
    parameters = "".join(
        f"---\nname: p{k}\nvalue: 0.5\nrange: [-2.0, 2.0]\nis_active: true\n" for k in range(150)
    )
    (path.parent / "parameter_interface.yaml").write_text(
        f"---\ndtype: Parameters\n{parameters}...\n"
    )
    command = start(path, "--name", "command", folder=Path())
    script = apart(
        "import numpy, scipy.linalg\nfrom paramsrun import ParAMSJob\n"
        f"ParAMSJob.from_inputfile({str(path)!r}, 'python').run()\n"
    )
    ended(command)
    ended(script)
    assert story(Path("python.results")) == story(Path("command.results"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_get_input_gives_the_settings_of_every_example_with_absolute_paths(path: Path) -> None:
    findings = Findings()
    job = ParAMSJob.from_inputfile(path)
    again, _ = read_text(Source(job.get_input()), findings)
    settings, _ = read_job(path, findings)
    findings.check()
    assert job.name == path.stem
    names = ("parameter_interface", "job_collection", "data_set", "resume_checkpoint")
    for field in vars(settings):
        if field not in names:
            assert getattr(again, field) == getattr(settings, field), field
    assert [d.path for d in again.data_set] == [
        str(path.parent / d.path) for d in settings.data_set
    ]
    if job.parameter_interface is not None:
        assert job.parameter_interface == str(path.parent / settings.parameter_interface)
    if job.resume_checkpoint is not None:
        assert job.resume_checkpoint == str(path.parent / str(settings.resume_checkpoint))


def test_an_input_is_text_or_a_dict() -> None:
    text = "ParallelLevels Optimizations=3\nRandomSeed 1\n"
    given = {"ParallelLevels": {"Optimizations": 3}, "RandomSeed": 1}
    assert ParAMSJob(input=text).settings.input == ParAMSJob(input=given).settings.input
    job = ParAMSJob()
    job.settings.input = given
    assert job.get_input() == "RandomSeed 1\nParallelLevels\n  Optimizations 3\nEnd\n"
    other = ParAMSJob("other")
    other.settings.input = job.settings.input
    other.settings.input.RandomSeed = 2
    assert job.settings.input.RandomSeed == 1


def test_the_seeds_way_to_resume_runs_the_same_input_with_other_exit_conditions() -> None:
    text = TWO_OPTIMIZERS + SEED + control(EveryFunctionCalls=10, KeepPast=-1) + until(45)
    job = a_job(text, "initial", UNEVEN)
    job.run(echo=quiet)
    restart_job = ParAMSJob.from_inputfile("job/params.in", name="resumed")
    restart_job.resume_checkpoint = job.results.get_checkpoints()[0]
    restart_job.settings.input.ExitCondition = []
    restart_job.add_exit_condition("MaxTotalFunctionCalls", 40)
    results = restart_job.run(echo=quiet)
    assert numbers(results.path) == list(range(11, 41))
    before = losses(job.results.path)
    assert losses(results.path) == {n: fx for n, fx in before.items() if 10 < int(n) <= 40}


def test_paths_become_absolute_if_they_are_there() -> None:
    function_job(Path("job"))
    job = ParAMSJob()
    job.parameter_interface = "job/parameter_interface.yaml"
    job.job_collection = Path("nowhere.yaml")
    job.training_set = Path("job/parameter_interface.yaml")
    job.validation_set = {"Path": "v.yaml", "LossFunction": "mae"}
    job.engine_collection = "e.yaml"
    there = str(Path("job/parameter_interface.yaml").absolute())
    assert job.parameter_interface == there
    assert job.job_collection == "nowhere.yaml"
    assert job.engine_collection == "e.yaml"
    assert job.training_set.Path == there
    assert job.validation_set.LossFunction == "mae"
    job.parameter_interface = None
    assert job.parameter_interface is None
    with pytest.raises(TypeError, match="a data set is a path or a dict, not int"):
        job.training_set = 3  # type: ignore[assignment]


def test_a_misspelt_attribute_is_an_error() -> None:
    job = ParAMSJob()
    with pytest.raises(AttributeError, match="resume_chekpoint"):
        job.resume_chekpoint = "x.tar.gz"  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match="inputs"):
        job.settings.inputs = {}  # type: ignore[attr-defined]


def test_looking_at_a_data_set_changes_nothing() -> None:
    job = ParAMSJob()
    assert job.training_set.Path is None
    assert job.validation_set.LossFunction is None
    assert job.get_input() == ""
    job.validation_set.Path = "v.yaml"
    assert job.get_input() == "DataSet\nEnd\nDataSet\n  Path v.yaml\nEnd\n"


def test_results_are_never_overwritten() -> None:
    job = a_job()
    assert job.status() == "created"
    job.run(echo=quiet)
    with pytest.raises(UsageError, match=r"params\.results is there already"):
        job.run(echo=quiet)
    with pytest.raises(UsageError, match=r"params\.results is there already"):
        job.run(wait=False)


def test_all_mistakes_are_told_and_nothing_is_made() -> None:
    job = a_job()
    job.parameter_interface = "nowhere.yaml"
    job.settings.input.ExitConditionBooleanCombination = "1 & 2"
    with pytest.raises(InputError) as raised:
        job.run(echo=quiet)
    told = "\n".join(map(str, raised.value.mistakes))
    assert "nowhere.yaml" in told
    assert "settings.input:" in told
    assert "ExitConditionBooleanCombination" in told
    assert job.status() == "created"
    assert not Path("params.results").exists()


def test_mistakes_of_a_file_are_told_with_their_places() -> None:
    Path("bad.in").write_text("Optimizer\n  Typ CMAES\nEnd\nRandomSeed -1\n")
    with pytest.raises(InputError) as raised:
        ParAMSJob.from_inputfile("bad.in")
    assert [(m.place.file, m.place.line) for m in raised.value.mistakes] == [
        ("bad.in", 2),
        ("bad.in", 4),
    ]
    with pytest.raises(InputError, match=r"cannot read the file 'nowhere.in'"):
        ParAMSJob.from_inputfile("nowhere.in")


@pytest.mark.parametrize("name", ["", "a/b", "..", "x" * 300])
def test_a_name_must_be_one_for_a_folder(name: str) -> None:
    with pytest.raises(UsageError, match="is no name for a results folder"):
        ParAMSJob(name)


def test_a_run_that_fails_raises_and_says_so_afterwards() -> None:
    job = a_job(code="def loss(x):\n    return float('nan')\n")
    with pytest.raises(RunError, match="The loss of the initial parameters is not finite"):
        job.run(echo=quiet)
    assert job.status() == "failed"
    assert not job.check()


def test_a_script_begins_anew_after_a_run_that_ended_at_its_initial_loss() -> None:
    faulty = "def loss(x):\n    return float('nan')\n"
    job = ParAMSJob.from_inputfile(function_job(Path("job"), faulty, module="faulty"))
    with pytest.raises(RunError, match="not finite"):
        job.run(echo=quiet)
    assert not ParAMSJob.run_exists("params")
    with pytest.raises(UsageError, match=r"params\.results ended at its initial loss"):
        ParAMSJob.load_run("params")
    said: list[str] = []
    job = a_job()
    job.run(echo=said.append)
    assert said[0].endswith(": a new run begins in params.2.results")
    assert (job.name, job.status()) == ("params.2", "successful")
    assert job.results.path == Path("params.2.results").absolute()
    assert ParAMSJob.run_exists("params")
    assert ParAMSJob.load_run("params").name == "params.3"


def test_the_job_of_a_folder_can_be_loaded() -> None:
    a_job().run(echo=quiet)
    job = ParAMSJob.load_external("params.results")
    assert (job.name, job.status(), job.check()) == ("params", "successful", True)
    assert job.results.path == Path("params.results").absolute()
    assert job.settings.input.RandomSeed == 7
    assert ParAMSJob.load_external("params.results", name="other").name == "other"
    assert job.wait().path == job.results.path
    with pytest.raises(UsageError, match="job is no results folder"):
        ParAMSJob.load_external("job")


def test_a_job_that_runs_apart_can_be_watched_and_waited_for() -> None:
    held = Path("held").absolute()
    held.touch()
    text = SAMPLING + until(400) + SEED + "Evaluator Type=Inline\n"
    job = a_job(text, code=HELD.format(path=str(held)))
    results = job.run(wait=False)
    assert job.status() == "running"
    watching = ParAMSJob.load_external(results.path)
    assert watching.status() == "running"
    assert results.get_end_reason() is None
    with pytest.raises(UsageError, match="params runs already, as process"):
        job.run()
    with pytest.raises(UsageError, match="params still runs after 0 s"):
        job.wait(timeout_s=0)
    held.unlink()
    assert len(job.wait().get_running_loss()[0]) > 40
    assert watching.wait().path == results.path
    assert (job.status(), watching.check()) == ("successful", True)
    a_job(text, "here", code=HELD.format(path=str(held))).run(echo=quiet)
    assert story(Path("here.results")) == story(results.path)


def test_what_ended_a_run_apart_is_told_when_it_is_waited_for() -> None:
    job = a_job(code="def loss(x):\n    return float('nan')\n")
    job.run(wait=False)
    with pytest.raises(RunError, match="The run of params failed: The loss of the initial"):
        job.wait()
    assert job.status() == "failed"


def test_a_signal_ends_the_run_in_order_and_then_interrupts_the_script() -> None:
    function_job(Path("job"), SLOW, SAMPLING.replace("10", "9999") + SEED)
    process = apart(
        "from paramsrun import ParAMSJob\n"
        "job = ParAMSJob.from_inputfile('job/params.in')\n"
        "try:\n    job.run()\nexcept KeyboardInterrupt:\n    print(job.status(), flush=True)\n"
        "    raise\nprint('went on')\n"
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "Optimizer 1" in line or "optimizer 1" in line:
            break
    process.send_signal(signal.SIGINT)
    output, complaint = process.communicate(timeout=60)
    assert output.endswith("interrupted\n")
    assert complaint.rstrip().endswith("KeyboardInterrupt")
    assert len(list(Path("params.results/checkpoints").glob("*.tar.gz"))) == 1
    n = len(evaluations_of(Path("params.results")))
    ParAMSJob("on", f"ResumeCheckpoint params.results\n{until(n + 10)}").run(echo=quiet)
    assert len(evaluations_of(Path("on.results"))) == n + 10


def test_a_script_without_a_main_guard_may_use_worker_processes() -> None:
    workers = "Evaluator\n  Type Processes\n  Workers 2\n  Ordered Yes\nEnd\n"
    text = TWO_OPTIMIZERS + until(45) + SEED + workers
    function_job(Path("job"), UNEVEN, text)
    output = ended(
        apart(
            "from paramsrun import ParAMSJob\n"
            "print('script')\n"
            "job = ParAMSJob.from_inputfile('job/params.in')\n"
            "job.run(echo=lambda line: None)\n"
            "print(job.status())\n"
        )
    )
    assert output == "script\nsuccessful\n"
    assert paramsrun("job/params.in", "--name", "command").exit_code == 0
    assert story(Path("params.results")) == story(Path("command.results"))


def test_the_environment_is_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    code = "import os\ndef loss(x):\n    return float(os.environ['OMP_NUM_THREADS'])\n"
    results = a_job(code=code).run(echo=quiet)
    assert results.get_loss() == 1.0
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "MKL_NUM_THREADS" not in os.environ


def test_what_runs_is_told_line_by_line() -> None:
    told: list[str] = []
    a_job().run(echo=told.append)
    assert "\n".join(told) + "\n" == Path("params.results/job.log").read_text()
    assert journal_of(Path("params.results"))[-1]["e"] == "exit"


def test_the_example_of_its_docstring_runs() -> None:
    text = "Optimizer Type=CMAES\n" + until(30) + SEED
    function_job(Path(), text=text)
    (example,) = doctest.DocTestFinder(recurse=False).find(
        ParAMSJob, globs={"ParAMSJob": ParAMSJob}
    )
    for statement in example.examples:
        exec(statement.source, example.globs)
    assert len(example.globs["losses"]) > 30


def test_importing_the_package_loads_nothing_heavy() -> None:
    output = ended(
        apart(
            "import sys, paramsrun\n"
            "print(*sorted({'numpy', 'lark', 'click', 'yaml'} & set(sys.modules)))\n"
            "print('ParAMSJob' in dir(paramsrun), paramsrun.ParAMSJob.__name__)\n"
            "assert all(hasattr(paramsrun, name) for name in paramsrun.__all__)\n"
            "assert not hasattr(paramsrun, 'nothing')\n"
        )
    )
    assert output == "\nTrue ParAMSJob\n"


def test_a_script_resumes_or_starts_until_the_run_is_over() -> None:
    """The seeds' way: `run_exists`, `load_run`, or a job that is set up anew."""
    text = TWO_OPTIMIZERS + SEED + until(45)
    a_job(text, "whole", UNEVEN).run(echo=quiet)

    def job() -> ParAMSJob:
        if ParAMSJob.run_exists("search"):
            return ParAMSJob.load_run("search")
        return a_job(text, "search", UNEVEN)

    assert not ParAMSJob.run_exists("search")
    first = job().run(echo=quiet)
    cut_after(first.path, 20, "cut")
    shutil.rmtree(first.path)
    Path("cut").rename("search.results")
    second = job()
    assert (second.name, second.status()) == ("search.2", "interrupted")
    assert second.settings.input.Optimizer[0].CMAES.Popsize == 5
    assert second.run(echo=quiet).path == Path("search.2.results").absolute()
    assert story(Path("search.2.results")) == story(Path("whole.results"))

    told: list[str] = []
    third = job()
    assert third.run(echo=told.append).path == Path("search.2.results").absolute()
    assert told == [
        "search.2.results ended already, and there is nothing to do: change ExitCondition to go on"
    ]
    assert not Path("search.3.results").exists()
    third.settings.input.ExitCondition = []
    third.add_exit_condition("MaxTotalFunctionCalls", 50)
    third.run(echo=quiet)
    assert numbers(Path("search.3.results")) == list(range(46, 51))


def test_a_run_that_is_not_there_cannot_be_loaded() -> None:
    with pytest.raises(UsageError, match=r"no run search here: the folder has no search\.results"):
        ParAMSJob.load_run("search")
    with pytest.raises(UsageError, match="is no name for a results folder"):
        ParAMSJob.run_exists("a/b")
    for call in (ParAMSJob.run_exists, ParAMSJob.load_run, ParAMSJob):
        with pytest.raises(UsageError, match="The name of a job must be a text, not 5"):
            call(5)  # type: ignore[arg-type]


def test_a_folder_without_a_run_is_no_run() -> None:
    Path("junk.results").mkdir()
    assert not ParAMSJob.run_exists("junk")
    with pytest.raises(UsageError, match=r"junk\.results is no results folder"):
        ParAMSJob.load_run("junk")
    a_job(SEED + until(5), "search").run(echo=quiet)
    Path("search.2.results").mkdir()
    assert ParAMSJob.run_exists("search")
    with pytest.raises(UsageError, match=r"search\.2\.results is no results folder"):
        ParAMSJob.load_run("search")


def test_a_run_with_a_folder_of_its_own_is_gone_on_with_in_the_next() -> None:
    text = "ResultsDirectory search.results\n" + TWO_OPTIMIZERS + SEED + until(20)
    a_job(text, "search", UNEVEN).run(echo=quiet)
    job = ParAMSJob.load_run("search")
    job.settings.input.ExitCondition = []
    job.add_exit_condition("MaxTotalFunctionCalls", 25)
    assert job.run(echo=quiet).path == Path("search.2.results").absolute()


def test_an_input_that_is_neither_text_nor_dict_is_told() -> None:
    wanted = r"^an input is a block or a dict \(a job takes a text, too\), not a int$"
    with pytest.raises(TypeError, match=wanted):
        ParAMSJob("x", 3)  # type: ignore[arg-type]
