"""Settings to text and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramsrun.input import write
from paramsrun.settings.job import JobSettings
from paramsrun.settings.tree_of import tree_of
from tests.settings.test_record import FULL
from tests.settings.toy import Toy, Walk, sound


@pytest.mark.parametrize("defaults", [False, True])
@pytest.mark.parametrize("settings", [FULL, Toy()])
def test_settings_come_back_from_their_text(settings: Toy, defaults: bool) -> None:
    text = write(tree_of(settings, defaults=defaults))
    told_of_old = [line for line in text.splitlines() if line.startswith("Old")]
    assert told_of_old == []
    assert sound(text) == settings


def test_defaults_are_left_out_unless_asked_for() -> None:
    assert write(tree_of(Toy())) == ""
    assert write(tree_of(Toy(on=True, wait=2.0))) == "On Yes\nWait 2\n"
    assert "Count 3\n" in write(tree_of(Toy(), defaults=True))
    assert "Task Optimization\n" in write(tree_of(JobSettings(), defaults=True))


@given(st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), max_size=20))
def test_any_title_on_one_line_comes_back(title: str) -> None:
    if '"' in title and "'" in title:
        return
    assert sound(write(tree_of(Toy(title=title)))).title == title


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_number_comes_back(number: float) -> None:
    assert sound(write(tree_of(Toy(ratio=number, angles=(number, 1.0))))).ratio == number


words = st.from_regex(r"[A-Za-z_]{1,8}", fullmatch=True)


@given(st.dictionaries(words, st.integers() | st.booleans() | words, max_size=3))
def test_any_settings_of_an_optimizer_come_back(settings: dict[str, object]) -> None:
    settings = {name: v for name, v in settings.items() if not name.lower().endswith("end")}
    walk = Walk(settings={**settings, "path": "a/b # c", "no": "No", "none": "None"})
    assert sound(write(tree_of(Toy(mover=walk)))).mover.settings == walk.settings
