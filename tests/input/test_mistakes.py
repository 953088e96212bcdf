"""Wrong texts beside their exact reports, in mistakes/."""

from pathlib import Path

import pytest

from paramsrun.input import Scope
from tests.input.names import mistakes_in

FILES = sorted((Path(__file__).parent / "mistakes").glob("*.in"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_all_mistakes_of_a_text_are_in_one_report(file):
    assert mistakes_in(file.read_text()) == file.with_suffix(".txt").read_text().splitlines()


def test_the_path_of_a_deep_place_is_cut_in_the_middle():
    scope = Scope(blocks={})
    scope.blocks["B"] = scope
    mistakes = mistakes_in("B\n" * 5000 + "C 1\n" + "End\n" * 5000, scope)
    assert mistakes == ["job.in:5001:1: B%B%B%B%...%B%B%B%B%C: no such key or block"]


def test_a_thousand_unknown_names_are_all_reported():
    assert len(mistakes_in("".join(f"Name{i} 1\n" for i in range(1000)))) == 1000
