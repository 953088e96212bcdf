"""Payloads that unpickling would execute, in every place of checkpoints and results folders."""

import base64
import json
from collections.abc import Callable, Sequence
from typing import Any

from tests.malice.archives import PICKLE
from tests.malice.attempt import INPUTS, Attempt, Den
from tests.malice.base import EIGHT_CALLS

STATE = "states/000001_000000003"
WALK = '''\
import json
from pathlib import Path
from paramsrun import BaseOptimizer, MinimizeResult

class Walk(BaseOptimizer):
    """Steps at random; it saves its state in the way of the base class."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.x, self.n = None, 0

    def minimize(self, function, x0, bounds):
        while self.n < 40:
            self.n += 1
            self.x = x0 + 0.01 * self.rng.normal(size=len(x0))
            function(self.x.clip(bounds[:, 0], bounds[:, 1]))
            self.check_messages()
        return MinimizeResult(True, self.x, 0.0)

    def checkpoint_save(self, path, force=None, block=None):
        super().checkpoint_save(path, force, block)

    def callstop(self, reason):
        self.n = 40
'''
INPUT = f"""\
Engine Function
  Call walk:loss
EndEngine
Optimizer
  Type Plugin
  Plugin
    Class walk:Walk
  End
End
{EIGHT_CALLS}RandomSeed 3
"""


def in_checkpoint(name: str) -> Callable[[Den], Sequence[str]]:
    """Return what makes a checkpoint with a payload in a member."""

    def bait(den: Den) -> Sequence[str]:
        den.checkpoint({name: PICKLE + b"\n"})
        return den.resumed()

    return bait


def in_folder(name: str, *command: str) -> Callable[[Den], Sequence[str]]:
    """Return what makes a results folder with a payload in a file."""

    def bait(den: Den) -> Sequence[str]:
        path = den.folder() / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(PICKLE)
        return list(command) or den.resumed("evil.results")

    return bait


def in_every_member(den: Den) -> Sequence[str]:
    den.checkpoint(dict.fromkeys(den.members(), PICKLE + b"\n"))
    return den.resumed()


def state(name: str, content: bytes) -> Callable[[Den], Sequence[str]]:
    """Return what makes a checkpoint of a built-in optimizer with a state of it."""

    def bait(den: Den) -> Sequence[str]:
        den.checkpoint({name: content})
        return den.resumed()

    return bait


def of_plugin(content: bytes) -> Callable[[Den], Sequence[str]]:
    """Return what runs an optimizer of the user's, and changes what it wrote of itself."""

    def bait(den: Den) -> Sequence[str]:
        from tests.cli.jobs import PARAMETERS, paramsrun
        from tests.malice import forging

        den.write("parameter_interface.yaml", PARAMETERS)
        den.write("walk.py", WALK + "\ndef loss(x):\n    return float(x @ x)\n")
        den.write("params.in", INPUT)
        result = paramsrun("params.in")
        assert result.exit_code == 0, result.output
        members = forging.members(den.work / "params.results/checkpoints/c000.tar.gz")
        states = [name for name in members if name.startswith("states/")]
        assert states, "it has written nothing of itself"
        den.forged({**members, **dict.fromkeys(states, content)}.items())
        return den.resumed()

    return bait


def plain(kind: str, **fields: Any) -> bytes:
    """Return a state whose attribute n is of some kind."""
    return json.dumps({"n": {"__kind__": kind, **fields}}).encode()


def generator(name: str, **fields: Any) -> bytes:
    """Return a state whose attribute rng is a generator."""
    items = [["bit_generator", name], *map(list, fields.items())]
    held = {"__kind__": "dict", "items": items}
    return json.dumps({"rng": {"__kind__": "generator", "state": held}}).encode()


def twister(position: int) -> bytes:
    """Return a state with a generator that reads its key at a position."""
    key = {
        "__kind__": "array",
        "dtype": "<u4",
        "shape": [624],
        "data": base64.b64encode(bytes(range(256)) * 9 + bytes(192)).decode(),
    }
    inner = {"__kind__": "dict", "items": [["key", key], ["pos", position]]}
    return generator("MT19937", state=inner)


def philox(position: int) -> bytes:
    """Return a state with a generator that reads its buffer at a position."""

    def words(n: int) -> dict[str, Any]:
        data = base64.b64encode(bytes(8 * n)).decode()
        return {"__kind__": "array", "dtype": "<u8", "shape": [n], "data": data}

    inner = {"__kind__": "dict", "items": [["counter", words(4)], ["key", words(2)]]}
    return generator(
        "Philox",
        state=inner,
        buffer=words(4),
        buffer_pos=position,
        has_uint32=0,
        uinteger=0,
    )


GOES_ON = "Done"
ANEW = r"Done|cannot be restored"
DEEP = b'{"n":' + b"[" * 50_000 + b"]" * 50_000 + b"}"
MEMBERS = (
    *(
        Attempt(f"a pickle as {name}", in_checkpoint(name), wanted)
        for name, wanted in {
            "inputs/params.in": "is not text",
            "inputs/parameter_interface.yaml": "is not text",
            "inputs/job_collection.yaml": "is not text",
            "inputs/training_set.yaml": "is not text",
            "inputs/job_collection_engines.yaml": "is not text",
            "inputs/validation_set.yaml": "is not text",
            "journal/000001.jsonl": "damaged journal line",
            "journal/000002.jsonl": r"000002\.jsonl:1: damaged",
        }.items()
    ),
    Attempt("a pickle in every member", in_every_member, "damaged journal line"),
    *(
        Attempt(f"a pickle as {name}", in_checkpoint(name), GOES_ON, fails=False)
        for name in (
            "inputs/extra.pkl",
            "inputs/walk.py",
            "inputs/sitecustomize.py",
            "inputs/numpy.py",
            "journal/000001.pkl",
            "states/000001.pkl",
        )
    ),
    Attempt("a pickle as params.in of a folder", in_folder(f"{INPUTS}/params.in"), "is not text"),
    Attempt(
        "a pickle as lock", in_folder("run.lock", "status", "evil.results"), "cut", fails=False
    ),
    Attempt("a pickle as list", in_folder("checkpoints/checkpoints.txt"), GOES_ON, fails=False),
    Attempt(
        "a pickle as best parameters",
        in_folder("optimization/training_set_results/best/parameter_interface.yaml"),
        GOES_ON,
        fails=False,
    ),
)
STATES = (
    Attempt("a pickle as state of a built-in", state(STATE, PICKLE), ANEW, fails=False),
    Attempt("a state of optimizer 99", state("states/000099_000000003", PICKLE), ANEW, False),
    Attempt("a state of no number", state("states/0evil_1x", PICKLE), ANEW, False),
    Attempt(
        "a state of odd digits", state("states/00000\u0661_00000000\u00b2", PICKLE), ANEW, False
    ),
    Attempt("a state that is a folder", state(f"{STATE}/x", PICKLE), ANEW, False),
    Attempt("a state of 10**11 points", state("states/000001_99999999999", PICKLE), ANEW, False),
    *(
        Attempt(f"{name} as state of a plugin", of_plugin(content), ANEW, False, own_code=True)
        for name, content in {
            "a pickle": PICKLE,
            "nesting of 50,000": DEEP,
            "a class": plain("os.system", items=["touch"]),
            "an attribute of Python's": plain("__class__", items=[]),
            "an array of objects": plain("array", dtype="O", shape=[1], data="AAAAAAAAAAA="),
            "an array of records with objects": plain(
                "array", dtype="i8,O", shape=[1], data="AAAAAAAAAAAAAAAAAAAAAA=="
            ),
            "an array of 10**12 numbers": plain("array", dtype="<f8", shape=[10**12], data=""),
            "an array of negative shape": plain("array", dtype="<f8", shape=[-7, 3], data=""),
            "a generator that is none": generator("Generator"),
            "a generator beyond its key": twister(10**6),
            "a generator before its key": twister(-(10**6)),
            "a generator beyond its buffer": philox(-(10**6)),
            "a list": b"[1]",
            "attributes of the run's": b'{"_signal_pipe": 1, "logger": 2, "__class__": 3}',
        }.items()
    ),
)
CATALOGUE = {"pickle: members and files": MEMBERS, "pickle: states": STATES}
