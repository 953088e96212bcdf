"""User code and programs: what may be loaded or started, when, and what parameters may not do."""

import sys
from collections.abc import Callable, Sequence

from tests.cli.jobs import PARAMETERS, SAMPLING, SEED, paramsrun
from tests.malice import forging
from tests.malice.attempt import Attempt, Den
from tests.malice.texts import CHECK

TOUCH = "import os\nopen('{}', 'w').close()\n"
LOSS = "def loss(x):\n    return float(x @ x)\n"
END = "ExitCondition\n  Type MaxTotalFunctionCalls\n  MaxTotalFunctionCalls 4\nEnd\n"
EARLY = "CheckpointControl\n  NamingFormat c%(count)\n  EveryFunctionCalls 2\n  KeepPast -1\nEnd\n"
REST = SAMPLING + END + EARLY + SEED + "Evaluator Type=Inline\n"
SHELL = "cat given > /dev/null\necho 1.0\n"


def function(call: str, more: str = "", **modules: str) -> Callable[[Den], Sequence[str]]:
    """Return what checks a job that calls a function of the user's; CANARY is the file."""

    def bait(den: Den) -> Sequence[str]:
        den.write("parameter_interface.yaml", PARAMETERS)
        for name, code in modules.items():
            den.write(f"{name.replace('__', '/')}.py", code.replace("CANARY", str(den.canary)))
        den.write("params.in", f"Engine Function\n  Call {call}\nEndEngine\n{more or REST}")
        return CHECK

    return bait


def run(bait: Callable[[Den], Sequence[str]]) -> Callable[[Den], Sequence[str]]:
    """Return what makes a job, and runs it."""
    return lambda den: bait(den)[1:]


def program(
    command: str, keys: str = "", values: str = PARAMETERS
) -> Callable[[Den], Sequence[str]]:
    """Return what runs a job of a program of the user's."""

    def bait(den: Den) -> Sequence[str]:
        den.write("parameter_interface.yaml", values)
        den.write("run.sh", SHELL)
        den.write("given", "nothing\n")
        told = command.replace("CANARY", str(den.canary))
        wanted = keys.replace("OUT", str(den.outside))
        den.write(
            "params.in",
            f"Engine Command\n  Command {told}\n  File given\n{wanted}EndEngine\n{REST}",
        )
        return ["params.in"]

    return bait


def choices(*values: str, names: str = "act") -> str:
    """Return parameters with these choices, and any name."""
    listed = "".join(f"- {value}\n" for value in values)
    return (
        f"---\ndtype: Parameters\n---\nname: {names}\ntype: categorical\nvalue: {values[0]}\n"
        f"choices:\n{listed}is_active: true\n---\n"
        "name: b\nvalue: 1.0\nrange: [-2.0, 2.0]\nis_active: true\n"
    )


def named(name: str) -> Attempt:
    """Return the attempt to give a parameter a name that means something to others."""
    bait = program("sh ./run.sh", values=choices("x", "y", names=name))
    return Attempt(f"the parameter {name}", bait, "Done", fails=False, programs=True)


def chosen(value: str) -> Attempt:
    """Return the attempt to hand a choice to a program."""
    bait = program("sh ./run.sh", "  Template t.txt\n", choices(value, "x"))

    def with_template(den: Den) -> Sequence[str]:
        den.write("t.txt", "{{act}}\n")
        return bait(den)

    return Attempt(f"the choice {value}", with_template, "Done", fails=False, programs=True)


def resumed_after(
    write: Callable[[Den], Sequence[str]],
) -> Callable[[Den], Sequence[str]]:
    """Return what runs a job, and goes on from a checkpoint with an input that names no code."""

    def bait(den: Den) -> Sequence[str]:
        write(den)
        result = paramsrun("params.in")
        assert result.exit_code == 0, result.output
        for name in ("odd", "walk"):
            sys.modules.pop(name, None)
        members = forging.members(den.work / "params.results/checkpoints/c000.tar.gz")
        den.forged(members.items())
        return den.resumed()

    return bait


def _plugin(den: Den) -> Sequence[str]:
    code = """\
print("LOADED")
from paramsrun import BaseOptimizer, MinimizeResult
class Walk(BaseOptimizer):
    def minimize(self, function, x0, bounds):
        for _ in range(50):
            function(self.rng.uniform(bounds[:, 0], bounds[:, 1]))
        return MinimizeResult()
    def callstop(self, reason):
        pass
"""
    optimizer = "Optimizer\n  Type Plugin\n  Plugin\n    Class walk:Walk\n  End\nEnd\n"
    function("plain:loss", optimizer + END + EARLY + SEED, plain=LOSS, walk=code)(den)
    return CHECK


def _neighbour(name: str, optimizer: str) -> Callable[[Den], Sequence[str]]:
    def bait(den: Den) -> Sequence[str]:
        den.job()
        path = den.write(
            "params.in", (den.work / "params.in").read_text().replace(SAMPLING, optimizer)
        )
        den.write(f"{name}.py", TOUCH.format(den.canary))
        return [path.name]

    return bait


def call(name: str, wanted: str, fails: bool = True, **modules: str) -> Attempt:
    """Return the attempt to check a job that calls something; nothing of it may run."""
    code = TOUCH.replace("{}", "CANARY") + LOSS
    bait = function(name, **(modules or {"evil": code}))
    return Attempt(f"check of {name}", bait, wanted, fails)


EVIL = TOUCH.replace("{}", "CANARY") + LOSS
CODE = (
    call("evil:loss", "no mistakes", False),
    call("pack.evil:loss", "no mistakes", False, pack____init__=EVIL, pack__evil=EVIL),
    call("evil:loss.__globals__", "no mistakes", False),
    call("evil:missing", r"holds no missing"),
    call("evil:loss()", "Call must be|module:"),
    call("../evil:loss", "Call must be|module:"),
    call("/tmp/evil:loss", "Call must be|module:"),
    call("evil;import os:loss", "Call must be|module:"),
    call("__import__('evil'):loss", "Call must be|module:"),
    call("evil", "Call must be|module:"),
    call("evil:", "Call must be|module:"),
    call("os:system", "no mistakes", False),
    call("antigravity:geohash", "no mistakes|holds no", False),
    Attempt(
        "a module of 10**5 brackets",
        function("odd:loss", odd="(" * 100_000),
        "the module is no Python|cannot be read|too",
    ),
    Attempt(
        "a module of NUL bytes", function("odd:loss", odd="\0\0"), "is no Python|cannot be read"
    ),
    Attempt("os:system is run", run(function("os:system")), "not finite", own_code=True),
    Attempt("builtins:exec is run", run(function("builtins:exec")), "not finite", own_code=True),
    Attempt("builtins:exit is run", run(function("builtins:exit")), "exit", own_code=True),
    Attempt("sys:exit is run", run(function("sys:exit")), "not finite", own_code=True),
    Attempt(
        "one's own code is run",
        run(function("evil:loss", evil=EVIL)),
        r"Code of yours: evil:loss in .*evil\.py .*Done",
        fails=False,
        own_code=True,
        canary=True,
    ),
    Attempt(
        "a stored function is named before it is loaded",
        resumed_after(function("odd:loss", odd="print('LOADED')\n" + LOSS)),
        r"^(?!.*LOADED.*Code of yours).*Code of yours: odd:loss.*LOADED.*Done",
        fails=False,
        own_code=True,
    ),
    Attempt(
        "a stored plugin is named before it is loaded",
        resumed_after(_plugin),
        r"^(?!.*LOADED.*Code of yours).*Code of yours: walk:Walk.*LOADED.*Done",
        fails=False,
        own_code=True,
    ),
    *(
        Attempt(
            f"a neighbour {name}.py",
            _neighbour(name, optimizer),
            "Done",
            fails=False,
            apart=name in ("cma", "scipy"),
        )
        for name, optimizer in {
            "cma": "Optimizer\n  Type CMAES\nEnd\n",
            "scipy": "Optimizer\n  Type Scipy\nEnd\n",
            "numpy": SAMPLING,
            "sitecustomize": SAMPLING,
            "paramsrun": SAMPLING,
        }.items()
    ),
)
SHELL_TOLD = r"Warning: params\.in:2:\d+: Engine Command%Command: no shell runs it"
COMMANDS = (
    *map(
        chosen,
        (
            '"; touch CANARY"',
            '"$(touch ../../../outside/canary)"',
            '"`touch ../../../outside/canary`"',
            '"| touch ../../../outside/canary"',
            '"-rf /"',
            '"a\\nb"',
            '"\\e[2J"',
            '"../../../outside/canary"',
            '"{{b}}"',
        ),
    ),
    *map(
        named,
        (
            "LD_PRELOAD",
            "PATH",
            "'x; touch canary'",
            "../../../outside/canary",
            "'a=b'",
            "repeat",
            "'\u212aelvin'",
        ),
    ),
    Attempt(
        "a NUL byte in a choice",
        program("sh ./run.sh", values=choices('"a\\0b"', "x")),
        "not finite.*null byte",
        programs=True,
    ),
    Attempt(
        "a NUL byte in a name",
        program("sh ./run.sh", values=choices("x", "y", names='"a\\0b"')),
        "Done",
        fails=False,
        programs=True,
    ),
    *(
        Attempt(
            f"Command sh ./run.sh {words}", program(f"sh ./run.sh {words}"), SHELL_TOLD, False, True
        )
        for words in ("; touch CANARY", "| touch CANARY", "&& touch CANARY", "> CANARY", "$HOME")
    ),
    *(
        Attempt(f"Command {words}", program(words), wanted, programs=True)
        for words, wanted in {
            "echo $(touch CANARY)": SHELL_TOLD,
            "touch 'CANARY": "cut into words",
            "../outside/none": "there is no program",
        }.items()
    ),
    *(
        Attempt(f"{keys.strip()}", program("sh ./run.sh", keys), wanted)
        for keys, wanted in {
            "  LossFile ../x\n": "LossFile must be a file in the folder",
            "  LossFile /etc/passwd\n": "LossFile must be a file in the folder",
            "  RunsDirectory ../runs\n": "RunsDirectory must be a name",
            "  RunsDirectory ../../../..\n": "RunsDirectory must be a name",
            "  Template OUT\n": "is no file",
            "  File /dev/zero\n": "is no file",
            "  LossPattern (((((\n": "no regular expression",
        }.items()
    ),
    Attempt(
        "one's own program is run",
        program("sh -c 'touch CANARY; echo 1.0'"),
        r"Command of yours, run for each evaluation: sh -c .*touch.*Done",
        fails=False,
        programs=True,
        canary=True,
    ),
    Attempt(
        "a stored program is named before it runs",
        resumed_after(program("sh ./run.sh")),
        r"Command of yours, run for each evaluation: sh \./run\.sh.*Resumed.*Done",
        fails=False,
        programs=True,
    ),
)
CATALOGUE = {"code": CODE, "programs": COMMANDS}
