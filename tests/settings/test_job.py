"""The input of a job as a whole."""

import subprocess
import sys
from pathlib import Path

import pytest

from paramsrun.errors import Findings
from paramsrun.input import Source
from paramsrun.settings.data_set import DataSet, LoggingInterval, evaluate_every, logging_of, named
from paramsrun.settings.declared import Kind, keys_of, members_of
from paramsrun.settings.families import exit_conditions, optimizers
from paramsrun.settings.job import JobSettings
from paramsrun.settings.read_job import read_job, read_text


def job(text: str) -> JobSettings:
    findings = Findings()
    settings, _ = read_text(Source(text), findings)
    findings.check()
    return settings


def test_an_empty_input_is_one_cmaes_that_ends_when_it_converges() -> None:
    settings = job("")
    assert settings == JobSettings()
    assert settings.optimizer == (optimizers["CMAES"](),)
    assert settings.exit_condition == (exit_conditions["MaxOptimizersConverged"](nconv=1),)


def test_an_input_file_is_read_with_what_it_includes(tmp_path: Path) -> None:
    (tmp_path / "job.in").write_text("@include more.in\nSkipX0")
    (tmp_path / "more.in").write_text("RandomSeed 112\n")
    findings = Findings()
    settings, tree = read_job(tmp_path / "job.in", findings)
    findings.check()
    assert (settings.random_seed, settings.skip_x0) == (112, True)
    assert [entry.name for entry in tree.entries] == ["RandomSeed", "SkipX0"]


def test_a_file_that_is_not_there_is_one_mistake(tmp_path: Path) -> None:
    findings = Findings()
    settings, _ = read_job(tmp_path / "none.in", findings)
    assert settings == JobSettings()
    assert len(findings.mistakes) == 1


def test_what_acts_already_is_taken() -> None:
    settings = job(
        """
        Task Optimization
        Scaler Linear
        ParallelLevels Optimizations=1 ParameterVectors=1 Jobs=1 Processes=-1 Threads=1
        Generator Type=SinglePoint
        OptimizerSelector
          Type Cycle
        End
        Evaluator Type=Inline
        Validation 0.2
        ResultsDirectory out
        """
    )
    assert settings.parallel_levels.parameter_vectors == 1
    assert settings.validation == 0.2


@pytest.mark.parametrize("none", ["Stopper None", "stopper NONE", "Stopper None  # any more", ""])
def test_stopper_none_is_no_stopper(none: str) -> None:
    assert job(f"{none}\nTask Optimization").stopper == ()


@pytest.mark.parametrize(
    ("n_blocks", "thresholds"), [(0, "500"), (1, "500"), (2, "500"), (2, "500 900"), (3, "1 2")]
)
def test_a_chain_has_as_many_thresholds_as_optimizers_or_one_fewer(
    n_blocks: int, thresholds: str
) -> None:
    chain = f"OptimizerSelector\n Type Chain\n Chain\n  Thresholds {thresholds}\n End\nEnd\n"
    settings = job(chain + "Optimizer\nEnd\n" * n_blocks)
    assert settings.optimizer_selector.thresholds == tuple(map(int, thresholds.split()))


def warnings(stoppers: str) -> list[str]:
    findings = Findings()
    read_text(Source(stoppers), findings)
    findings.check()
    return [warning.text for warning in findings.warnings]


def test_stoppers_that_only_limit_others_are_warned_of_where_they_stand_alone() -> None:
    young = "Stopper\n Type MinFunctionCalls\n MinFunctionCalls 100\nEnd\n"
    other = "Stopper\n Type MaxFunctionCalls\n MaxFunctionCalls 300\nEnd\n"
    assert warnings(young)[0].startswith("Stopper%MinFunctionCalls stops any optimizer")
    assert len(warnings(young + other)) == 1
    assert len(warnings(young + other + "StopperBooleanCombination 1 | 2")) == 1
    assert warnings(young + other + "StopperBooleanCombination 1 & 2") == []
    assert warnings(other + other) == []


def walk(cls: type) -> list[type]:
    below = [key.cls for key in keys_of(cls) if key.cls is not None]
    members = [m for k in keys_of(cls) if k.declaration.family for m in members_of(k).values()]
    return [cls, *(found for inner in (*below, *members) for found in walk(inner))]


@pytest.mark.parametrize("cls", walk(JobSettings), ids=lambda cls: cls.__name__)
def test_every_key_is_documented_in_a_sentence(cls: type) -> None:
    assert (cls.__doc__ or "").rstrip().endswith(".")
    for key in keys_of(cls):
        assert key.declaration.doc.endswith("."), key.name


@pytest.mark.parametrize("cls", walk(JobSettings), ids=lambda cls: cls.__name__)
def test_a_member_with_a_bare_value_has_no_other_key(cls: type) -> None:
    if any(key.declaration.bare for key in keys_of(cls)):
        assert len(keys_of(cls)) == 1


def test_only_conditions_and_stoppers_take_a_bare_value() -> None:
    for key in keys_of(JobSettings):
        if key.kind is Kind.HEADED:
            assert not any(k.declaration.bare for m in members_of(key).values() for k in keys_of(m))


def test_data_sets_are_named_by_their_order() -> None:
    sets = named((DataSet(), DataSet(path="other.yaml")))
    assert [(s.name, s.path) for s in sets] == [
        ("training_set", "training_set.yaml"),
        ("validation_set", "other.yaml"),
    ]


@pytest.mark.parametrize(
    ("every", "general", "expected"),
    [(1, 10, 10), (10, 10, 10), (14, 10, 10), (15, 10, 20), (25, 10, 30), (7, 1, 7), (3, 4, 4)],
)
def test_validation_falls_on_multiples_of_general(every: int, general: int, expected: int) -> None:
    logging = LoggingInterval(general=general)
    assert evaluate_every(DataSet(evaluate_every=every), logging) == expected


def test_the_interval_of_a_data_set_wins() -> None:
    settings = job("LoggingInterval General=5\nDataSet\n LoggingInterval General=2\nEnd")
    assert logging_of(settings.data_set[0], settings.logging_interval).general == 2
    assert logging_of(DataSet(), settings.logging_interval).general == 5


def test_reading_an_input_imports_nothing_heavy() -> None:
    program = (
        "import sys\n"
        "from paramsrun.settings.declared import scope_of\n"
        "from paramsrun.settings.job import JobSettings\n"
        "assert 'numpy' not in sys.modules\n"
        "scope_of(JobSettings)\n"
        "heavy = {'scipy', 'cma', 'matplotlib', 'lark', 'rich'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
