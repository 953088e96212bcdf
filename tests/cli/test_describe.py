"""`paramsrun describe [KEY]`: every key, each in full, by any part of its path."""

import re
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from paramsrun.cli.command import main
from paramsrun.settings.declared import Declared, Kind, bare_key, keys_of, members_of
from paramsrun.settings.families import extractors
from paramsrun.settings.job import JobSettings
from paramsrun.settings.topics import file_topics, input_topics
from paramsrun.settings.values import show_value
from tests.cli.jobs import paramsrun

SHORTEST = 12
"""Characters of the shortest doc that can say something."""


def declared(cls: type = JobSettings, path: str = "") -> Iterator[tuple[str, Declared]]:
    """Walk the declarations: each block and key with its path, each type with its own keys."""
    for key in keys_of(cls):
        at = f"{path}%{key.name}".lstrip("%")
        yield at, key
        if key.cls is not None:
            yield from declared(key.cls, at)
        elif key.declaration.family is not None:
            for name, member in members_of(key).items():
                bare = bare_key(member)
                below = f"{at}%{name}"
                yield from ((below, bare),) if bare else declared(member, below)


KEYS = dict(declared())
TOPICS = {topic.title: topic for top in (*input_topics(), *file_topics()) for topic in top.walk()}


def described(path: str) -> str:
    """Return what the command prints of a path, in one line."""
    result = CliRunner().invoke(main, ["describe", path])
    assert result.exit_code == 0, result.output
    of_it = re.split(r"\n\n(?=\S)", result.output)[0]
    return " ".join(of_it.split())


def default_of(key: Declared) -> str:
    if key.required:
        return "none, it must be given"
    value = key.default()
    return "none" if value in (None, (), "") else show_value(key, value)


def test_every_block_and_key_is_listed() -> None:
    result = paramsrun("describe")
    assert result.exit_code == 0
    lines = [line[2:].split() for line in result.output.splitlines()[5:] if line]
    listed = [words[0].removesuffix("[]") for words in lines]
    assert {path.rpartition("%")[2] for path in KEYS} <= set(listed)
    assert {"Expression", "is_active", "AMSInput", *extractors} <= set(listed)


def test_nothing_that_is_declared_is_left_out() -> None:
    assert {path.replace("Engine%", "Engine ", 1) for path in KEYS} <= set(TOPICS)
    assert len(KEYS) > 150


@pytest.mark.parametrize("path", KEYS)
def test_each_key_is_described_by_its_path_in_full(path: str) -> None:
    key, text = KEYS[path], described(path)
    declaration = key.declaration
    assert text.startswith(path.replace("Engine%", "Engine ", 1) + " ")
    assert " ".join(declaration.doc.split()) in text
    for choice in key.choices:
        assert choice in text
    for words, limit in (
        ("at least", declaration.at_least),
        ("above", declaration.above),
        ("at most", declaration.at_most),
        ("below", declaration.below),
    ):
        assert limit is None or f"{words} {limit:g}" in text
    if declaration.unit is not None:
        assert f"Unit {declaration.unit}" in text
    if key.kind.recurs:
        assert "it may be given many times" in text
    if declaration.ignored is not None:
        assert f"Status accepted without effect: {declaration.ignored}" in text
    if not key.kind.is_block:
        assert f"Default {default_of(key)} Status" in text


@pytest.mark.parametrize("path", [path for path, key in KEYS.items() if key.declaration.later])
def test_what_is_to_come_says_so(path: str) -> None:
    later = KEYS[path].declaration.later
    assert re.search(f"Status (for now only .+|not available yet): {later}", described(path))


@pytest.mark.parametrize(
    "path", [path for path, key in KEYS.items() if key.kind in (Kind.TYPED, Kind.TYPED_BLOCKS)]
)
def test_the_key_type_is_described_with_every_type(path: str) -> None:
    text = described(f"{path}%Type")
    assert text.startswith(f"{path}%Type ")
    for name in members_of(KEYS[path]):
        assert name in text


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (
            "DataSet%LossFunction",
            "mae: the mean of weight*|d/sigma| over the elements of each entry, and of that over "
            "the entries. rmse: the root of the same mean of weight*(d/sigma)^2. Weights are not "
            "normalised.",
        ),
        (
            "DataSet%EvaluateEvery",
            "rounded to the nearest multiple of LoggingInterval%General, never below it",
        ),
        ("LoggingInterval%Flush", "best and latest are written once a second, at the next"),
        ("Engine Command%Template", "to put into the folder under its own name"),
        ("Engine Command%LossPattern", "in LossFile or else in standard output"),
        ("Engine Command%RunsDirectory", "the 12th evaluation that optimizer 1 asked for"),
        ("Engine Command%RunsDirectory", "in the journal and the results evaluations are numbered"),
        ("Engine Command%KeepFolders", "The reason of a failed evaluation names its folder."),
        ("ExitCondition%Type", "Default the type whose name the block holds, if that is one"),
    ],
)
def test_what_is_easily_misread_is_told(path: str, told: str) -> None:
    assert told in described(path)


def test_each_doc_is_made_of_whole_sentences() -> None:
    paragraphs = [
        " ".join(paragraph.split())
        for topic in TOPICS.values()
        for paragraph in (*topic.doc.split("\n\n"), *filter(None, [topic.value]))
    ]
    assert not [text for text in paragraphs if not re.fullmatch(r"[A-Z].*[^.]\.", text)]
    assert not [text for text in paragraphs if len(text) < SHORTEST]


def test_each_topic_is_found_by_its_title() -> None:
    assert not [title for title in TOPICS if not described(title).startswith(title)]


def test_one_key_is_explained_in_any_case() -> None:
    result = paramsrun("describe", "optimizer%cmaes%sigma0")
    assert result.exit_code == 0
    assert result.output.startswith("Optimizer%CMAES%Sigma0\n")


def test_the_name_of_a_type_alone_is_enough() -> None:
    output = paramsrun("describe", "CMAES").output
    assert output.startswith("Optimizer%CMAES\n")
    assert "\n        Popsize " in output


def test_the_name_of_a_key_alone_finds_it_wherever_it_is() -> None:
    assert paramsrun("describe", "popsize").output.startswith("Optimizer%CMAES%Popsize\n")
    output = paramsrun("describe", "NumberOfFunctionCalls").output
    found = [line for line in output.splitlines() if line.startswith("Stopper%")]
    assert found == [
        f"Stopper%{name}%NumberOfFunctionCalls"
        for name in ("BestFunctionValueUnmoving", "CurrentFunctionValueUnmoving", "MinStepSize")
    ]


def test_the_words_of_a_path_may_stand_apart() -> None:
    assert paramsrun("describe", "Engine", "Function").output.startswith("Engine Function\n")


@pytest.mark.parametrize(
    ("value", "key"),
    [("nelder-mead", "Optimizer%Scipy%Algorithm"), ("TPE", "Optimizer%Optuna%Sampler")],
)
def test_a_value_finds_the_key_that_takes_it(value: str, key: str) -> None:
    assert paramsrun("describe", value).output.startswith(f"{key}\n")


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("Optimizr", "Optimizer"),
        ("Optimizr%CMAES%Sigma0", "Optimizer%CMAES%Sigma0"),
        ("CMAES%Sigma1", "CMAES%Sigma0"),
        ("Stopper%CMAES%Popsiez", "Optimizer%CMAES%Popsize"),
        ("Expresion", "Expression"),
        ("EXIT", "ExitCondition"),
        ("Spawning", "ControlOptimizerSpawning"),
    ],
)
def test_an_unknown_key_is_told_with_the_nearest(given: str, meant: str) -> None:
    result = paramsrun("describe", given)
    assert result.exit_code == 2
    assert result.output == f"There is no block, key or type {given}; did you mean {meant}?\n"


@pytest.mark.parametrize("given", ["", "%", "xyzzy"])
def test_what_is_like_nothing_leads_to_the_list(given: str) -> None:
    result = paramsrun("describe", given)
    assert result.exit_code == 2
    assert result.output.endswith("; `paramsrun describe` lists all\n")


def test_the_page_is_of_all_keys() -> None:
    result = paramsrun("describe", "CMAES", "--markdown")
    assert result.exit_code == 2
    assert "leave out the key" in result.output
