"""YAML files and inputs made to do harm: tags, aliases, bombs, includes; results' own read back."""

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from paramsrun import ParAMSResults
from tests.malice.attempt import INPUTS, Attempt, Den

CHECK = ("check", "params.in")
FILES = ("parameter_interface", "job_collection", "training_set", "job_collection_engines")
TAGS = {
    "object/apply": "!!python/object/apply:os.system ['touch ../outside/canary']",
    "object/new": "!!python/object/new:os.system ['touch ../outside/canary']",
    "name": "!!python/name:os.system ''",
    "module": "!!python/module:antigravity ''",
    "tuple": "!!python/tuple [1, 2]",
    "a full tag": "!<tag:yaml.org,2002:python/object/apply:os.system> ['touch ../outside/canary']",
    "binary": "!!binary gASVHAAAAAAAAACMBXBvc2l4lIwGc3lzdGVtlJOULg==",
    "one's own": "!evil {a: 1}",
}
HEADER = "---\ndtype: {}\n---\n"
DTYPES = {
    "parameter_interface": "LennardJonesParameters",
    "job_collection": "JobCollection",
    "training_set": "DataSet",
    "job_collection_engines": "EngineCollection",
}


def yaml(file: str, text: str) -> Callable[[Den], Sequence[str]]:
    """Return what puts a document behind the header of a data file."""
    return raw(file, HEADER.format(DTYPES[file]) + text)


def raw(file: str, text: str) -> Callable[[Den], Sequence[str]]:
    """Return what puts a text in place of a data file."""

    def bait(den: Den) -> Sequence[str]:
        den.job(**{file: text})
        return CHECK

    return bait


def entry(file: str, old: str, new: str) -> Callable[[Den], Sequence[str]]:
    """Return what changes a part of a data file."""

    def bait(den: Den) -> Sequence[str]:
        text = (den.base / f"{file}.yaml").read_text()
        assert old in text
        den.job(**{file: text.replace(old, new)})
        return CHECK

    return bait


def text(more: str) -> Callable[[Den], Sequence[str]]:
    """Return what adds lines to the input."""

    def bait(den: Den) -> Sequence[str]:
        den.job(more.replace("OUT", str(den.outside)))
        return CHECK

    return bait


def _included_pipe(den: Den) -> Sequence[str]:
    os.mkfifo(den.work / "pipe")
    den.job("@include pipe\n")
    return CHECK


def _included_circle(den: Den) -> Sequence[str]:
    den.job("@include params.in\n")
    return CHECK


def _included_bomb(den: Den) -> Sequence[str]:
    """Files that include the next one ten times each: 10**20 lines."""
    for k in range(20):
        den.write(f"{k}.in", f"@include {k + 1}.in\n" * 10)
    den.write("20.in", "RandomSeed 1\n")
    den.job("@include 0.in\n")
    return CHECK


def _stored_include(den: Den) -> Sequence[str]:
    text = f"@include {den.secret}\n".encode() + den.members()["inputs/params.in"]
    den.checkpoint({"inputs/params.in": text})
    return den.resumed()


def stored(line: str) -> Callable[[Den], Sequence[str]]:
    """Return what makes a checkpoint whose input has one more line."""

    def bait(den: Den) -> Sequence[str]:
        more = line.replace("OUT", str(den.outside)).encode()
        den.checkpoint({"inputs/params.in": den.members()["inputs/params.in"] + more})
        return den.resumed()

    return bait


def read_back(
    file: str, content: str, read: str, *given: str
) -> Callable[[Den], Callable[[], object]]:
    """Return what changes a file of the results, and asks Python for it."""

    def bait(den: Den) -> Callable[[], object]:
        path = den.folder() / "optimization/training_set_results" / file
        assert path.is_file()
        path.write_text(content)
        return partial(getattr(ParAMSResults("evil.results"), read), *given)

    return bait


def _pipe_read_back(den: Den) -> Callable[[], object]:
    path = den.folder() / "optimization/training_set_results" / LATEST
    path.unlink()
    os.mkfifo(path)
    return partial(ParAMSResults("evil.results").get_parameter_interface, "latest")


def _checkpoints_elsewhere(den: Den) -> Sequence[str]:
    text = den.members()["inputs/params.in"].decode()
    more = f"CheckpointControl\n  CheckpointingDirectory {den.outside}\n"
    den.checkpoint({"inputs/params.in": text.replace("CheckpointControl\n", more).encode()})
    return den.resumed()


def _checkpoints_read_back(den: Den) -> Callable[[], object]:
    at = den.folder()
    path = at / INPUTS / "params.in"
    path.write_text("!!python/object/apply:os.system ['touch ../outside/canary']\n")
    return ParAMSResults("evil.results").get_checkpoints


def _path_of_input(den: Den) -> Sequence[str]:
    os.mkfifo(den.work / "params.in")
    Path("params.in").unlink()
    Path("params.in").symlink_to("/dev/zero")
    return CHECK


LAUGHS = "a0: &a0 [ha]\n" + "".join(
    f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 10)}]\n" for k in range(1, 12)
)
NO_TAG = "tags are not read"
NO_ALIAS = "aliases are not read"
YAML = (
    *(
        Attempt(
            f"the tag {name} in {file}", yaml(file, f"name: {tag}\n"), f"{file}.yaml:.*{NO_TAG}"
        )
        for file in FILES
        for name, tag in TAGS.items()
        if file == "training_set" or name in ("object/apply", "binary")
    ),
    *(
        Attempt(f"a billion laughs in {file}", yaml(file, LAUGHS), f"{file}.yaml:.*{NO_ALIAS}")
        for file in FILES
    ),
    Attempt("a tag on a document", raw("training_set", f"--- {TAGS['object/apply']}\n"), NO_TAG),
    Attempt("a tag on a key", yaml("training_set", "!!python/name:os.system : 1\n"), NO_TAG),
    Attempt(
        "a tag by a handle",
        raw(
            "training_set",
            "%TAG !e! tag:yaml.org,2002:python/\n---\na: !e!object/apply:os.system ['x']\n",
        ),
        NO_TAG,
    ),
    Attempt("a list that holds itself", yaml("job_collection", "a: &a [*a]\n"), NO_ALIAS),
    Attempt("a merge key", yaml("job_collection", "a: &a {b: 1}\nc: {<<: *a}\n"), NO_ALIAS),
    Attempt("a merge without an alias", yaml("job_collection", "<<: {ID: a}\n"), "<<|ID"),
    Attempt("lists nested deeply", yaml("training_set", "a: " + "[" * 5000), "levels of nesting"),
    Attempt("maps nested deeply", yaml("training_set", "{a: " * 5000), "levels of nesting"),
    Attempt(
        "indents nested deeply",
        yaml("training_set", "".join(f"{' ' * k}a:\n" for k in range(500))),
        "levels of nesting",
    ),
    Attempt("a key of a list", yaml("training_set", "? [a, b]\n: 1\n"), "a key must be a single"),
    Attempt("1,000 documents", yaml("training_set", "---\na: 1\n" * 1000), "2900 more mistakes"),
    Attempt(
        "escape codes in a name",
        entry("job_collection", "ID: d0", 'ID: "\\e[2J\\x9b"'),
        "no job d0",
    ),
    Attempt(
        "escape codes in an expression",
        entry("training_set", "energy('d0')", '"\\e]0;x\\a"'),
        "training_set.yaml:",
    ),
    Attempt(
        "escape codes in a parameter",
        entry("parameter_interface", "name: eps", 'name: "\\e[2J"'),
        "parameter_interface.yaml",
    ),
    Attempt("a value of 1e400", entry("parameter_interface", "3.0e-4", "1e400"), "finite|number"),
    Attempt(
        "a value of code",
        entry("parameter_interface", "3.0e-4", "\"__import__('os').system('x')\""),
        "number",
    ),
    Attempt(
        "a tag in an input, where it is a comment",
        text(f"{TAGS['object/apply']}\n"),
        "no mistakes",
        fails=False,
    ),
)
INCLUDES = (
    Attempt("an include of a pipe", _included_pipe, "pipe or a device"),
    Attempt("an include without end", text("@include /dev/zero\n"), "pipe or a device"),
    Attempt("an include of itself", _included_circle, "goes in a circle"),
    Attempt("includes that double", _included_bomb, "included"),
    Attempt("a stored include of a secret", _stored_include, "leads outside"),
    Attempt("stored data elsewhere", stored("JobCollection OUT/secret.txt\n"), "leads outside"),
    Attempt(
        "stored data upwards",
        stored("JobCollection ../../../outside/secret.txt\n"),
        "leads outside",
    ),
    Attempt(
        "stored results elsewhere", stored("ResultsDirectory OUT/canary\n"), "Done", fails=False
    ),
    Attempt("stored resume elsewhere", stored("ResumeCheckpoint OUT/x\n"), "Done", fails=False),
    Attempt(
        "stored checkpoints elsewhere",
        _checkpoints_elsewhere,
        "Checkpoints go to .*/outside, as is stored",
        fails=False,
        elsewhere=True,
    ),
)
LATEST = "latest/parameter_interface.yaml"
PREDICTIONS = "best/data_set_predictions.yaml"
BACK = (
    Attempt(
        "a tag in the latest parameters",
        read_back(LATEST, f"a: {TAGS['object/apply']}\n", "get_parameter_interface", "latest"),
        NO_TAG,
    ),
    Attempt(
        "laughs in the latest",
        read_back(LATEST, LAUGHS, "get_parameter_interface", "latest"),
        NO_ALIAS,
    ),
    Attempt(
        "a tag in the predictions",
        read_back(PREDICTIONS, f"a: {TAGS['object/new']}\n", "get_data_set_predictions"),
        NO_TAG,
    ),
    Attempt(
        "code as loss",
        read_back("latest/loss.txt", "__import__('os')", "get_loss", "latest"),
        "loss.txt",
    ),
    Attempt("a pipe as latest parameters", _pipe_read_back, "There is no"),
    Attempt("a tag in the stored input", _checkpoints_read_back, r"c000\.tar\.gz", fails=False),
    Attempt(
        "code in the running losses",
        read_back("running_loss.txt", "#evaluation\n__import__('os')\n", "get_running_loss"),
        "running_loss.txt",
    ),
)
CATALOGUE = {"yaml: tags and bombs": YAML, "input: includes": INCLUDES, "python: read back": BACK}
