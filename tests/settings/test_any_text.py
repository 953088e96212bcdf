"""No text of an input ends in a traceback."""

from hypothesis import given, settings
from hypothesis import strategies as st

from paramsrun.errors import Findings
from paramsrun.input import Source
from paramsrun.settings.declared import scope_of
from paramsrun.settings.job import JobSettings
from paramsrun.settings.read_job import read_text


def names(scope: object) -> list[str]:
    found = [*scope.keys, *scope.free, *scope.blocks, *scope.by_header]
    inner = [*scope.blocks.values(), *(s for by in scope.by_header.values() for s in by.values())]
    return found + [name for below in inner for name in names(below)]


KNOWN = sorted({*names(scope_of(JobSettings)), "End", "EndEngine", "LennardJones"})
VALUES = [
    "0",
    "-1",
    "3",
    "0.5",
    "1e999",
    "9" * 5000,
    "Yes",
    "x",
    '"',
    "'a b'",
    "[h]",
    "1:3",
    "1&(2",
]
word = st.sampled_from(KNOWN) | st.sampled_from(VALUES) | st.text(max_size=3)
line = st.lists(word, max_size=4).map(" ".join)


@settings(deadline=None)
@given(st.lists(line, max_size=12).map("\n".join))
def test_any_text_is_read_or_told(text: str) -> None:
    findings = Findings()
    settings, _ = read_text(Source(text), findings)
    assert isinstance(settings, JobSettings)
    for mistake in findings.mistakes:
        assert str(mistake).startswith("<text>:")
        assert "\n" not in str(mistake)
