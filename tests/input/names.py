"""A scope like the one of a job, small enough to be read."""

from paramsrun.errors import Findings, Place
from paramsrun.input import Block, Scope, Source, parse


def _scope(*keys: str, free: tuple[str, ...] = (), **blocks: Scope) -> Scope:
    return Scope(frozenset(keys), blocks, frozenset(free))


_LJ = _scope("Cutoff", Input=_scope("Task"))
_HYBRID = Scope(frozenset({"Weight"}), by_header={"Engine": {"LennardJones": _LJ}})
SCOPE = Scope(
    keys=frozenset({"Task", "SkipX0", "MoveRange", "Title", "Path", "Stopper"}),
    blocks={
        "DataSet": _scope("Name", "Path", "LossFunction"),
        "ParallelLevels": _scope("Optimizations", "Jobs"),
        "Optimizer": _scope(
            "Type",
            CMAES=_scope("Popsize", "Sigma0", free=("Settings",)),
            Scipy=_scope("Algorithm", free=("Settings",)),
        ),
        "Stopper": _scope("Type", "MaxFunctionCalls"),
        "ExitCondition": _scope("Type", "TimeLimit"),
        "CheckpointControl": _scope("AtEnd", "EverySeconds", "NamingFormat"),
        "System": _scope("Charge", free=("Atoms",)),
    },
    by_header={"Engine": {"LennardJones": _LJ, "Hybrid": _HYBRID}},
)


def tree_of(text: str, scope: Scope = SCOPE) -> Block:
    """Return the tree of a text that holds no mistake."""
    findings = Findings()
    root = parse(Source(text, Place("job.in", 1, 1)), scope, findings)
    assert findings.mistakes == []
    return root


def mistakes_in(text: str, scope: Scope = SCOPE) -> list[str]:
    """Return the mistakes of a text, as they are shown, by line."""
    findings = Findings()
    parse(Source(text, Place("job.in", 1, 1)), scope, findings)
    return [str(mistake) for mistake in sorted(findings.mistakes)]
