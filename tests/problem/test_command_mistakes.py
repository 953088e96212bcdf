"""Engine Command: mistakes that a check finds, each at its place."""

from pathlib import Path

import pytest

from paramsrun.problem.contract import Key
from tests.problem.conftest import JobFolder
from tests.problem.test_command import PARAMETERS


@pytest.fixture
def job(job: JobFolder) -> JobFolder:
    job.without_data(PARAMETERS)
    job.write("train.py", "raise SystemExit('a check must not run this')\n")
    job.write("good.txt", "{{lr}}\n")
    return job


def told(job: JobFolder, *lines: str) -> list[str]:
    keys = "".join(f"  {line}\n" for line in lines)
    job.write("params.in", f"Engine Command\n{keys}EndEngine\n")
    assert job.load(run_code=True) is None
    return [text.replace(str(job.path), "FOLDER") for text in job.report]


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ("no_such_program x", "there is no program no_such_program on the PATH"),
        (
            "train.py",
            "there is no program train.py on the PATH; for the one beside the input write "
            "./train.py",
        ),
        ("./trian.py", "there is no program ./trian.py in FOLDER; did you mean train.py?"),
        (
            "./train.py",
            "train.py may not be executed: allow it by chmod +x, or write what runs it in front, "
            "such as python ./train.py",
        ),
        ("../FOLDER_NAME", "../FOLDER_NAME is a folder, no program"),
        (
            "sh ./run.sh",
            "there is no ./run.sh in FOLDER; a file that the program makes in its own folder is "
            "written without ./",
        ),
    ],
)
def test_a_program_that_is_not_there_is_told(job: JobFolder, command: str, text: str) -> None:
    name = job.path.name
    found = told(job, f"Command {command.replace('FOLDER_NAME', name)}")
    expected = text.replace("FOLDER_NAME", name)
    assert found == [f"params.in:2:11: Engine Command%Command: {expected}"]


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (
            ("Command sh -c it's",),
            "2:11: Engine Command%Command cannot be cut into words: No closing quotation in "
            "sh -c it's",
        ),
        (('Command ""',), "2:11: Engine Command%Command needs a program"),
        (
            ("Command true", "LossKey a", "LossPattern b"),
            "4:15: Engine Command%LossPattern is given beside LossKey; keep one",
        ),
        (
            ("Command true", "LossPattern a("),
            "3:15: Engine Command%LossPattern is no regular expression: missing ), unterminated "
            "subpattern at position 1",
        ),
        (
            ("Command true", "LossFile ../x"),
            "3:12: Engine Command%LossFile must be a file in the folder of the evaluation, "
            "not ../x",
        ),
        (("Command true", "Timeout 0"), "3:11: Engine Command%Timeout must be above 0, not 0"),
        (("Command true", "Repeats 0"), "3:11: Engine Command%Repeats must be at least 1, not 0"),
        (
            ("Command true", "RunsDirectory ../x"),
            "3:17: Engine Command%RunsDirectory must be a name in the results folder or a full "
            "path, not ../x",
        ),
        (
            ("Command true", "File no.txt"),
            "3:8: Engine Command%File: no.txt does not exist",
        ),
        (
            ("Command true", "Template good.txt", "Template no.txt"),
            "4:12: Engine Command%Template[2]: no.txt does not exist",
        ),
        (
            ("Command true", "File good.txt", "Template ./good.txt"),
            "3:8: Engine Command%File gives good.txt a second time: one would replace the other",
        ),
        (
            ("Command true", "LossFile good.txt", "Template good.txt"),
            "4:12: Engine Command%Template cannot be called good.txt, which is the program's own "
            "to write",
        ),
        (
            ("Command true", "File parameters.json"),
            "3:8: Engine Command%File cannot be called parameters.json, which is made by paramsrun",
        ),
    ],
)
def test_keys_that_cannot_be_right_are_told(
    job: JobFolder, lines: tuple[str, ...], text: str
) -> None:
    job.write("parameters.json", "{}")
    assert told(job, *lines) == [f"params.in:{text}"]


def test_each_hole_of_a_template_that_no_parameter_fills_is_told(job: JobFolder) -> None:
    job.write("in.txt", "{{lr}}\n  {{lrr}} {{}}\n{{c:d}} {{ c:.3e }} {{c:q}}\n")
    stays = "(braces that are to stay are written \\{{...}})"
    assert told(job, "Command true", "Template in.txt") == [
        f"in.txt:2:3: {{{{lrr}}}}: there is no parameter lrr; did you mean lr? {stays}",
        f"in.txt:2:11: {{{{}}}} is empty {stays}",
        "in.txt:3:1: {{c:d}} is no format for 3.0: Unknown format code 'd' for object of type "
        "'float'",
        "in.txt:3:21: {{c:q}} is no format for 3.0: Unknown format code 'q' for object of type "
        "'float'",
    ]


def test_mistakes_of_the_program_and_of_the_parameters_come_together(job: JobFolder) -> None:
    job.edit("parameter_interface.yaml", {"value: 0.1": "value: 9.0"})
    found = told(job, "Command no_such_program", "Template in.txt")
    assert len(found) == 3


def test_a_file_that_the_program_will_not_find_is_warned_of(job: JobFolder) -> None:
    job.write(
        "params.in", "Engine Command\n  Command sh train.py good.txt\n  File good.txt\nEndEngine\n"
    )
    job.problem()
    assert job.warnings == [
        "params.in:2:11: Engine Command%Command: train.py is a file beside the input, but the "
        "program runs in a folder of its own and will not find it; write ./train.py"
    ]


def test_least_squares_is_refused(job: JobFolder) -> None:
    job.write(
        "params.in",
        "Engine Command\n  Command true\nEndEngine\nOptimizer\n  Type LeastSquares\nEnd\n",
    )
    (text,) = job.mistakes()
    assert text.endswith("needs a sum of squares: the program of Engine Command gives one number")


def test_the_parameters_may_name_the_program(job: JobFolder) -> None:
    job.write("params.in", "")
    options = "dtype: CommandParameters\nsettings: {input: {command: {Command: echo 4}}}\n"
    job.edit("parameter_interface.yaml", {"dtype: Parameters\n": options})
    problem = job.problem()
    assert problem.evaluate(problem.parameters.x0, Key(1, 1)).fx == 4.0


def test_files_that_the_parameters_name_lie_below_the_input(job: JobFolder) -> None:
    job.write("params.in", "")
    options = "settings: {input: {command: {Command: 'true', File: ../far.txt}}}\n"
    header = f"dtype: CommandParameters\n{options}"
    job.edit("parameter_interface.yaml", {"dtype: Parameters\n": header})
    (job.path.parent / "far.txt").touch()
    (text,) = job.mistakes()
    assert "is not below the input's folder, and the parameter interface, which names" in text


def test_a_check_runs_nothing(job: JobFolder, tmp_path: Path) -> None:
    job.write("params.in", f"Engine Command\n  Command touch {tmp_path}/made\nEndEngine\n")
    assert job.load(run_code=True) is not None
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("true && true", "&&"),
        ("true || true", "||"),
        ("echo 1; echo 2", "1;"),
        ("echo 1 | cat", "|"),
        ("echo 1 >out 2>&1", ">out 2>&1"),
        ("cat < in", "<"),
        ("echo $HOME/x $PARAMSRUN_LR", "$HOME/x $PARAMSRUN_LR"),
        ("true 'a b'|cat 'c | d'", "'a b'|cat"),
        ("true &", "&"),
    ],
)
def test_what_only_a_shell_understands_is_warned_of(
    job: JobFolder, command: str, words: str
) -> None:
    job.write("params.in", f"Engine Command\n  Command {command}\nEndEngine\n")
    job.problem()
    assert job.warnings == [
        f"params.in:2:11: Engine Command%Command: no shell runs it, and the program gets {words} "
        "as written; write sh -c '...' around what is for a shell"
    ]


@pytest.mark.parametrize(
    "command",
    [
        "sh -c 'echo $HOME && true > x; cat | cat'",
        'sh -c "echo \\"$HOME\\" | cat"',
        "echo 'it;s' \\| \\$x a\\;b",
        "echo http://host/?a=1&b=2 10$ $ --out=5$",
    ],
)
def test_what_is_quoted_is_not_warned_of(job: JobFolder, command: str) -> None:
    job.write("params.in", f"Engine Command\n  Command {command}\nEndEngine\n")
    job.problem()
    assert job.warnings == []
