"""Expressions, constraints, values and formats that try to call, import, read or swell."""

from collections.abc import Callable, Sequence

from tests.malice.attempt import Attempt, Den
from tests.malice.texts import CHECK, entry, text

CODE = "__import__('os').system('touch ../outside/canary')"
AS_EXPRESSION = {
    "an import": CODE,
    "an import of a neighbour": "__import__('evil')",
    "an attribute": "energy('d0').__class__",
    "an attribute of an extractor": "energy.__globals__",
    "a chain of dunders": "().__class__.__base__.__subclasses__()",
    "an index": "energy('d0')[0]",
    "an index by a text": "energy('d0')['__class__']",
    "a lambda": "(lambda: energy('d0'))()",
    "a comprehension": "[x for x in (1, 2)]",
    "a generator": "(x for x in (1, 2))",
    "a condition": "energy('d0') if 1 else 2",
    "an assignment": "(x := energy('d0'))",
    "a format string": 'energy(f\'{open("canary", "w")}\')',
    "a format": "energy('%s' % __import__('os'))",
    "a call as job": "energy(open('../outside/canary', 'w'))",
    "a call of a call": "energy('d0')('x')",
    "a call by keyword": "energy('d0', job=exec('1'))",
    "keywords of a map": "energy('d0', **{'a': 1})",
    "arguments of a list": "energy(*['d0'])",
    "eval": "eval('1')",
    "exec": "exec('import os')",
    "getattr": "getattr(energy, '__call__')('d0')",
    "open": "open('../outside/canary', 'w')",
    "globals": "globals()['__builtins__']",
    "await": "await energy('d0')",
    "yield": "(yield 1)",
    "a starred one": "*energy('d0')",
    "an ellipsis": "...",
    "bytes": "b'x'",
    "a complex number": "1j * energy('d0')",
    "a truth": "True * energy('d0')",
    "wide letters": "\uff45xec('1')",
    "a text without end": "'a' * 10**10",
    "a list without end": "[0] * 10**10",
    "a shift": "1 << 10**10",
    "a number of 5,000 digits": "9" * 5000,
    "a number of 1e999": "1e999",
    "5,000 brackets": "(" * 5000 + "1" + ")" * 5000,
    "60 brackets of sums": "(1+" * 60 + "energy('d0')" + ")" * 60,
    "20,001 letters": "1+" * 10_000 + "1",
    "nested lists as argument": "energy(" + "[" * 150 + "]" * 150 + ")",
    "5,000 signs": "-" * 5000 + "1",
    "a NUL byte": "energy('d0\\0')",
    "two statements": "1; import os",
    "a line break and a statement": "1\\nimport os",
}
AS_CONSTRAINT = {
    "an import": f"{CODE} < 1",
    "an attribute": "eps.__class__ < 1",
    "a call": "exec('1') < 1",
    "an index": "eps[0] < rmin",
    "a lambda": "(lambda: 1)() < eps",
    "a chain": "eps < rmin < eps < 1 in 2",
    "a number without end": "eps * 9**9**9**9 < 1",
    "a text without end": "'a' * 10**10 < 'b'",
    "a name of Python's": "__builtins__ < 1",
    "a truth": "eps < True",
    "5,000 brackets": "(" * 5000 + "eps" + ")" * 5000 + " < 1",
    "a format": "'{0.__class__}'.format(eps) < 1",
}
AS_ARRAY = {
    "an import": f"array([{CODE}])",
    "a repetition": "array([1.0] * 10**9)",
    "a call": "zeros(10**9)",
    "an attribute": "array.__class__",
    "a power": "array([9**9**9])",
    "nesting": "array(" + "[" * 90 + "1" + "]" * 90 + ")",
    "a comprehension": "array([x for x in range(10**9)])",
    "a number of 5,000 digits": f"array([{'9' * 5000}])",
}
IN_SETTINGS = {
    "an import": CODE,
    "a class": "().__class__",
    "a repetition": "'a' * 10**10",
    "a power": "9**9**9",
    "5,000 brackets": "[" * 5000,
    "a call": "open('../outside/canary', 'w')",
}
COMBINATIONS = {
    "an import": f"1 & {CODE}",
    "a call": "1 & exec('1')",
    "an attribute": "1 .__class__",
    "5,000 brackets": "(" * 5000 + "1" + ")" * 5000,
    "condition 10**30": f"{10**30}",
    "condition -1 among 2,000": " & ".join("1" * 2000) + " & -1",
    "not": "~" * 5000 + "1",
}


def expression(value: str) -> Callable[[Den], Sequence[str]]:
    quoted = '"' + value.replace('"', '\\"') + '"'
    return entry("training_set", "energy('d0')", quoted)


def combined(value: str) -> Callable[[Den], Sequence[str]]:
    return text(f"ExitConditionBooleanCombination {value}\n")


def settings(value: str) -> Callable[[Den], Sequence[str]]:
    """Return what puts a value into a free block of an optimizer."""
    return text(
        f"Optimizer\n Type Scipy\n Scipy\n  Settings\n   maxiter {value}\n  End\n End\nEnd\n"
    )


def typed(value: str) -> Callable[[Den], Sequence[str]]:
    """Return what gives a parameter choices."""
    old = "value: 3.0e-4\nrange: [1.0e-4, 1.0e-3]"
    return entry("parameter_interface", old, f"type: categorical\nvalue: a\nchoices: {value}")


def template(hole: str) -> Callable[[Den], Sequence[str]]:
    """Return what makes a job of a program with a hole in a template."""

    def bait(den: Den) -> Sequence[str]:
        interface = (den.base / "parameter_interface.yaml").read_text()
        den.write("parameter_interface.yaml", interface.replace("LennardJonesP", "P"))
        den.write("t.txt", f"{hole}\n")
        den.write(
            "params.in",
            "Engine Command\n  Command true\n  Template t.txt\nEndEngine\n"
            "Optimizer\n  Type CMAES\nEnd\nRandomSeed 1\n",
        )
        return CHECK

    return bait


PLACE = r"training_set\.yaml:\d+:\d+: "
EXPRESSIONS = tuple(
    Attempt(f"{name} as expression", expression(value), PLACE)
    for name, value in AS_EXPRESSION.items()
)
POWERS = (
    Attempt(
        "a power without end",
        entry("training_set", "energy('d0')", "energy('d0')*9**9**9**9"),
        "training_set|finite|no mistakes",
        fails=False,
    ),
    Attempt(
        "a power without end is run",
        lambda den: [*entry("training_set", "energy('d0')", "energy('d0')*9**9**9**9")(den)][1:],
        "not finite|too large|overflow",
    ),
)
CONSTRAINTS = tuple(
    Attempt(f"{name} as constraint", text(f'Constraint "{value}"\n'), r"params\.in:\d+:\d+: ")
    for name, value in AS_CONSTRAINT.items()
)
VALUES = (
    *(
        Attempt(
            f"{name} as reference",
            entry("training_set", "ReferenceValue: -0.0", f'ReferenceValue: "{value}"'),
            PLACE,
        )
        for name, value in AS_ARRAY.items()
    ),
    *(
        Attempt(f"{name} in a free block", settings(value), "no mistakes|Settings", fails=False)
        for name, value in IN_SETTINGS.items()
    ),
    *(
        Attempt(f"{name} as combination", combined(value), r"params\.in:\d+:\d+: ")
        for name, value in COMBINATIONS.items()
    ),
    Attempt("choices of a tag", typed("[!!python/name:os.system '']"), "tags are not read"),
    Attempt("choices that nest", typed("[" * 100), "levels of nesting"),
    Attempt("choices of code", typed(f'["a", "{CODE}"]'), "parameter_interface|eps"),
    Attempt(
        "an attribute in a template", template("{{eps.__class__}}"), "t.txt:1:1: .*no parameter"
    ),
    Attempt("an index in a template", template("{{eps[0]}}"), "t.txt:1:1: .*no parameter"),
    Attempt("a conversion in a template", template("{{eps!r}}"), "t.txt:1:1: .*no parameter"),
    Attempt("a format of a format", template("{{eps:{rmin}}}"), "t.txt|no mistakes", fails=False),
    Attempt("a width of 10**10", template("{{eps:10000000000}}"), "t.txt:1:1: .*format"),
    Attempt("a width of 10**9", template("{{eps:1000000000}}"), "t.txt:1:1: .*format"),
    Attempt("a precision of 10**9", template("{{eps:.999999999f}}"), "t.txt:1:1: .*format"),
    Attempt("a width of 10**30", template("{{eps:" + "9" * 30 + "}}"), "t.txt:1:1: .*format"),
)
CATALOGUE = {
    "expressions": (*EXPRESSIONS, *POWERS),
    "constraints": CONSTRAINTS,
    "values and formats": VALUES,
}
