import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from paramsrun.problem.contract import Key
from paramsrun.problem.problem import Problem
from paramsrun.problem.user_code import UserCode
from tests.problem.conftest import JobFolder

PARAMETERS = """\
---
dtype: Parameters
---
name: a
value: 1.0
range: [-2.0, 5.0]
is_active: true
---
name: b
value: 7.0
range: [0.0, 10.0]
is_active: false
---
name: c
value: 3.0
range: [-2.0, 5.0]
is_active: true
"""
FIRST = Key(1, 1)
X0 = np.array([1.0, 3.0])


@pytest.fixture
def black_box(job: JobFolder, monkeypatch: pytest.MonkeyPatch) -> JobFolder:
    monkeypatch.setattr(sys, "path", sys.path.copy())
    job.write("params.in", "Engine Function\n  Call loss:f\nEndEngine\n")
    job.write("parameter_interface.yaml", PARAMETERS)
    for name in ("job_collection.yaml", "training_set.yaml"):
        (job.path / name).unlink()
    return job


def with_code(job: JobFolder, code: str) -> Problem:
    job.write("loss.py", code)
    return job.problem()


def test_a_number_returned_is_the_loss(black_box: JobFolder) -> None:
    problem = with_code(black_box, "def f(x): return 10 * x[0] + x[1]\n")
    evaluation = problem.evaluate(X0, FIRST)
    assert evaluation.fx == 13.0
    assert evaluation.training.residuals is None
    assert problem.validation is None
    assert set(problem.files) == {"parameter_interface.yaml"}


def test_a_vector_returned_is_squared_and_summed(black_box: JobFolder) -> None:
    problem = with_code(black_box, "def f(x): return [x[0], 2 * x[1]]\n")
    evaluation = problem.evaluate(X0, FIRST)
    assert evaluation.fx == 37.0
    assert evaluation.training.residuals is not None
    assert evaluation.training.residuals.tolist() == [1.0, 6.0]


@pytest.mark.parametrize(
    ("returned", "fx"),
    [
        ("3", 3.0),
        ("True", 1.0),
        ("np.float32(2.5)", 2.5),
        ("np.array(2)", 2.0),
        ("np.array([2.0])", 4.0),
        ("-1.5", -1.5),
    ],
)
def test_numbers_of_all_kinds_are_taken(black_box: JobFolder, returned: str, fx: float) -> None:
    problem = with_code(black_box, f"import numpy as np\ndef f(x): return {returned}\n")
    found = problem.evaluate(X0, FIRST).fx
    assert found == fx
    assert type(found) is float


@pytest.mark.parametrize(
    ("returned", "reason"),
    [
        ("None", "it must return a number or a vector of residuals, not None"),
        ("'3'", "it must return a number or a vector of residuals, not a value of type str"),
        ("1j", "it must return a number or a vector of residuals, not a value of type complex"),
        ("{}", "it must return a number or a vector of residuals, not a value of type dict"),
        (
            "[[1], [2, 3]]",
            "it must return a number or a vector of residuals, not a value of type l",
        ),
        (
            "[[1, 2]]",
            "it must return a number or a vector of residuals, not an array of shape (1, 2)",
        ),
        (
            "np.ones((2, 2))",
            "it must return a number or a vector of residuals, "
            "not an array of shape (2, 2) and type float64",
        ),
        ("float('nan')", "it returned nan"),
        ("-np.inf", "it returned -inf"),
        ("[1.0, np.nan]", "it returned nan as residual 1"),
        ("[]", "it returned no residuals"),
        ("[1e200]", "the sum of its squared residuals overflows"),
        ("10**400", "it must return a number or a vector of residuals, not a value of type int"),
    ],
)
def test_what_is_no_loss_fails_with_the_reason(
    black_box: JobFolder, returned: str, reason: str
) -> None:
    problem = with_code(black_box, f"import numpy as np\ndef f(x): return {returned}\n")
    evaluation = problem.evaluate(X0, FIRST)
    assert evaluation.fx == np.inf
    (failure,) = evaluation.failures
    assert failure.where == "Function loss:f"
    assert failure.reason.startswith(reason)


def test_an_exception_fails_with_its_type_message_and_line(black_box: JobFolder) -> None:
    problem = with_code(
        black_box, "def f(x):\n    return g(x)\n\ndef g(x):\n    raise ValueError('no luck')\n"
    )
    (failure,) = problem.evaluate(X0, FIRST).failures
    assert failure.reason == "ValueError: no luck (loss.py, line 5, in g)"


def test_a_function_that_asks_to_exit_is_a_failed_point(black_box: JobFolder) -> None:
    problem = with_code(black_box, "import sys\ndef f(x): sys.exit(3)\n")
    (failure,) = problem.evaluate(X0, FIRST).failures
    assert failure.reason == "SystemExit: 3 (loss.py, line 2, in f)"


def test_a_function_cannot_change_the_point(black_box: JobFolder) -> None:
    problem = with_code(black_box, "def f(x):\n    x[:] = 0\n    return 1.0\n")
    x = X0.copy()
    problem.evaluate(x, FIRST)
    assert x.tolist() == X0.tolist()


def test_a_module_is_loaded_by_name_after_pickling(black_box: JobFolder) -> None:
    problem = with_code(black_box, "def f(x): return float(x.sum())\n")
    problem.evaluate(X0, FIRST)
    (black_box.path / "problem.pickle").write_bytes(pickle.dumps(problem))
    code = (
        "import pickle, sys, numpy as np\n"
        "problem = pickle.load(open(sys.argv[1], 'rb'))\n"
        "print(problem.evaluate(np.array([1.0, 3.0]), (1, 1)).fx)\n"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code, str(black_box.path / "problem.pickle")],
        capture_output=True,
        text=True,
        cwd=root,
        check=True,
    )
    assert done.stdout == "4.0\n"


def test_a_module_may_import_its_neighbours(black_box: JobFolder) -> None:
    black_box.write("neighbour_of_loss.py", "def g(x): return 5.0\n")
    problem = with_code(
        black_box, "def f(x):\n    from neighbour_of_loss import g\n    return g(x)\n"
    )
    assert problem.evaluate(X0, FIRST).fx == 5.0


def test_loading_runs_nothing(black_box: JobFolder) -> None:
    black_box.write("loss.py", "raise RuntimeError('run')\ndef f(x): return 1.0\n")
    assert black_box.load() is not None
    assert black_box.report == []


def test_a_module_that_cannot_be_imported_is_told_when_it_may_be_run(
    black_box: JobFolder,
) -> None:
    black_box.write("loss.py", "import no_such_module\ndef f(x): return 1.0\n")
    assert black_box.load(run_code=True) is None
    assert black_box.report == [
        "params.in:2:8: Engine Function%Call loss:f: the module cannot be imported: "
        "ModuleNotFoundError: No module named 'no_such_module'"
    ]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("losss:f", "there is no module losss in FOLDER or on the Python path; did you mean loss?"),
        ("loss:g", "loss.py holds no g"),
        ("loss:rosenbrok", "loss.py holds no rosenbrok; did you mean rosenbrock?"),
        ("broken:f", "the module is no Python at broken.py:1:8: invalid syntax"),
        ("package.missing:f", "there is no module package.missing in FOLDER or on the Python path"),
    ],
)
def test_a_function_that_is_not_there_is_told_without_running_anything(
    black_box: JobFolder, call: str, message: str
) -> None:
    black_box.write("loss.py", "raise SystemExit\ndef f(x): ...\ndef rosenbrock(x): ...\n")
    black_box.write("broken.py", "import = \n")
    (black_box.path / "package").mkdir()
    black_box.write("package/__init__.py", "raise SystemExit\n")
    black_box.write("params.in", f"Engine Function\n  Call {call}\nEndEngine\n")
    assert black_box.load() is None
    (found,) = [text.replace(str(black_box.path), "FOLDER") for text in black_box.report]
    assert found == f"params.in:2:8: Engine Function%Call {call}: {message}"


@pytest.mark.parametrize("call", ["loss", "loss.py", ":f", "loss:", "a b:c", "loss:f(x)"])
def test_a_call_that_names_no_function_is_told_once(black_box: JobFolder, call: str) -> None:
    black_box.write("params.in", f"Engine Function\n  Call {call}\nEndEngine\n")
    assert black_box.load() is None
    (found,) = black_box.report
    assert found.endswith(f"for the function loss in rosenbrock.py, not {call}")


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("loss:f", "f = lambda x: 3.0\n"),
        ("loss:f", "if True:\n    def f(x): return 3.0\n"),
        ("loss:f", "try:\n    import missing_one\nexcept ImportError:\n    def f(x): return 3.0\n"),
        ("loss:f", "from other_module import *\n"),
        ("loss:f", "from other_module import g as f\n"),
        ("loss:f", "import sys\ndef __getattr__(name): return lambda x: 3.0\n"),
        ("loss:Model.f", "class Model:\n    @staticmethod\n    def f(x): return 3.0\n"),
        ("loss:model.f", "class Model:\n    def f(self, x): return 3.0\nmodel = Model()\n"),
        ("pack.loss:f", ""),
    ],
)
def test_functions_are_found_however_they_are_defined(
    black_box: JobFolder, call: str, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "other_module", raising=False)
    monkeypatch.syspath_prepend(black_box.path)
    black_box.write("params.in", f"Engine Function\n  Call {call}\nEndEngine\n")
    black_box.write("other_module.py", "def f(x): return 3.0\ng = f\n")
    (black_box.path / "pack").mkdir()
    black_box.write("pack/loss.py", "def f(x): return 3.0\n")
    assert with_code(black_box, code).evaluate(X0, FIRST).fx == 3.0


def test_a_module_beside_the_input_wins_over_an_installed_one(black_box: JobFolder) -> None:
    import json

    black_box.write("params.in", "Engine Function\n  Call json:f\nEndEngine\n")
    black_box.write("json.py", "def f(x): return 4.0\n")
    assert black_box.problem().evaluate(X0, FIRST).fx == 4.0
    assert sys.modules["json"] is json


def test_modules_on_the_python_path_are_found(black_box: JobFolder) -> None:
    black_box.write("params.in", "Engine Function\n  Call numpy.linalg:norm\nEndEngine\n")
    assert black_box.problem().evaluate(np.array([3.0, 4.0]), FIRST).fx == 5.0


def test_what_is_no_function_is_told(black_box: JobFolder) -> None:
    black_box.write("loss.py", "f = 3\n")
    assert black_box.load(run_code=True) is None
    assert black_box.report == [
        "params.in:2:8: Engine Function%Call loss:f: f is no function but of type int"
    ]


def test_data_sets_beside_a_function_have_no_effect(black_box: JobFolder) -> None:
    black_box.write("loss.py", "def f(x): return 1.0\n")
    black_box.write(
        "params.in", "Engine Function\n  Call loss:f\nEndEngine\nDataSet LossFunction=sae\n"
    )
    black_box.problem()
    assert black_box.warnings == [
        "params.in:4:1: DataSet has no effect with Engine Function, which gives the loss itself"
    ]


def test_mistakes_of_the_function_and_of_the_parameters_come_together(
    black_box: JobFolder,
) -> None:
    black_box.edit("parameter_interface.yaml", {"value: 1.0": "value: 9.0"})
    assert len(black_box.mistakes()) == 2


def test_a_block_without_call_is_told_once(black_box: JobFolder) -> None:
    black_box.write("params.in", "Engine Function\nEndEngine\n")
    assert black_box.load() is None
    (found,) = black_box.report
    assert found.startswith("params.in:1:1: Engine Function%Call is missing")


def test_the_parameters_may_name_the_function(black_box: JobFolder) -> None:
    black_box.write("params.in", "")
    dtype = "dtype: FunctionParameters\n"
    black_box.edit("parameter_interface.yaml", {"dtype: Parameters\n": dtype})
    assert black_box.load() is None
    (found,) = black_box.report
    assert found.startswith("parameter_interface.yaml:2:1: Engine Function%Call is missing")
    options = "settings: {input: {function: {Call: 'loss:f'}}}\n"
    black_box.edit("parameter_interface.yaml", {dtype: dtype + options})
    problem = with_code(black_box, "def f(x): return x[1]\n")
    assert problem.evaluate(X0, FIRST).fx == 3.0


def test_a_package_whose_name_is_taken_is_told(black_box: JobFolder) -> None:
    black_box.write("params.in", "Engine Function\n  Call json.mine:f\nEndEngine\n")
    (black_box.path / "json").mkdir()
    black_box.write("json/__init__.py", "")
    black_box.write("json/mine.py", "def f(x): return 1.0\n")
    assert black_box.load(run_code=True) is None
    assert black_box.report == [
        "params.in:2:8: Engine Function%Call json.mine:f: another package json is in use already; "
        "give it another name"
    ]


def test_modules_of_one_name_in_several_folders_are_kept_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", sys.path.copy())
    found = []
    for number in range(3):
        (tmp_path / str(number)).mkdir()
        job = JobFolder(tmp_path / str(number))
        job.write("params.in", "Engine Function\n  Call loss:f\nEndEngine\n")
        job.write("parameter_interface.yaml", PARAMETERS)
        found.append(with_code(job, f"def f(x): return {number}\n"))
    assert [problem.evaluate(X0, FIRST).fx for problem in found] == [0.0, 1.0, 2.0]


NAMED = "Engine Function\n  Call loss:f\n  Arguments Named\nEndEngine\n"


def test_a_function_may_take_the_parameters_by_name(black_box: JobFolder) -> None:
    black_box.write("params.in", NAMED)
    problem = with_code(black_box, "def f(p): return [p['a'], p['b'], p['c'], len(p)]\n")
    found = problem.evaluate(X0, FIRST).training.residuals
    assert found is not None
    assert found.tolist() == [1.0, 7.0, 3.0, 3.0]
    assert pickle.loads(pickle.dumps(problem)).evaluate(X0, FIRST).fx == found @ found


def test_values_by_name_are_what_the_parameters_give(black_box: JobFolder) -> None:
    black_box.write("params.in", NAMED)
    problem = with_code(black_box, "def f(p):\n    raise KeyError(sorted(p.items()))\n")
    (failure,) = problem.evaluate(X0, FIRST).failures
    assert str(sorted(problem.parameters.named(X0).items())) in failure.reason


def test_a_function_cannot_change_the_values_by_name(black_box: JobFolder) -> None:
    black_box.write("params.in", NAMED)
    problem = with_code(black_box, "def f(p):\n    p['a'] += 1\n    return p['a']\n")
    assert [problem.evaluate(X0, FIRST).fx for _ in range(2)] == [2.0, 2.0]


def test_a_function_that_is_async_is_told_how_to_define_it(black_box: JobFolder) -> None:
    problem = with_code(black_box, "async def f(x): return 1.0\n")
    (failure,) = problem.evaluate(X0, FIRST).training.failures
    assert failure == ("Function loss:f", "it is async: define it by def, not async def")


def test_a_module_that_is_no_python_is_told_with_its_line_when_it_may_be_run(
    black_box: JobFolder,
) -> None:
    black_box.write("loss.py", "def f(x):\n    return 1 +\n")
    assert black_box.load(run_code=True) is None
    assert black_box.report == [
        "params.in:2:8: Engine Function%Call loss:f: the module is no Python at loss.py:2:15: "
        "invalid syntax"
    ]


def test_a_folder_that_is_looked_through_is_told_once() -> None:
    code = UserCode("gone:f", (Path("/nowhere"), Path("/nowhere")))
    with pytest.raises(ImportError, match=r"^there is no module gone in /nowhere or on the Python"):
        code.find()
