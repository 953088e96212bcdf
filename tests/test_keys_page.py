"""docs/keys.md: what `paramsrun describe` tells of every key, as one page, and always current."""

import re
from collections import Counter
from html import unescape
from pathlib import Path

from paramsrun.settings.keys_page import COMMAND, anchor, keys_page
from paramsrun.settings.topics import file_topics, input_topics
from tests.cli.jobs import paramsrun

PAGE = Path(__file__).parents[1] / "docs" / "keys.md"
TOPICS = [topic for top in (*input_topics(), *file_topics()) for topic in top.walk()]


def as_read(markdown: str) -> str:
    """Return a text without the escapes and marks that a reader does not see."""
    shown = re.sub(r"\\([\\<>\[\]*|])", r"\1", markdown)
    return " ".join(unescape(shown).replace("`", "").split())


TEXT = as_read(keys_page())


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == keys_page(), f"run: {COMMAND}"


def test_it_names_the_command_that_makes_it() -> None:
    assert COMMAND in "\n".join(keys_page().splitlines()[:6])
    printed = paramsrun(*COMMAND.partition(" > ")[0].split()[1:])
    assert printed.exit_code == 0
    assert printed.output == keys_page()


def test_all_that_is_told_of_each_topic_stands_there() -> None:
    page = keys_page()
    assert not [t.title for t in TOPICS if f'<a id="{anchor(t)}"></a>' not in page]
    told = [text for t in TOPICS for text in (*t.doc.split("\n\n"), t.value, t.unit, t.range)]
    assert len(told) > 800
    assert not [text for text in told if as_read(text) not in TEXT]


def test_every_link_leads_somewhere_and_no_two_places_have_one_name() -> None:
    page = keys_page()
    places = re.findall(r'<a id="([^"]+)">', page)
    assert not [name for name, n in Counter(places).items() if n > 1]
    headings = [h.casefold().replace(" ", "-") for h in re.findall(r"^## (.+)$", page, re.M)]
    assert set(re.findall(r"\]\(#([^)]+)\)", page)) <= {*places, *headings}


def test_every_row_of_a_table_has_all_its_columns() -> None:
    rows = [line for line in keys_page().splitlines() if line.startswith("|")]
    assert len(rows) > 200
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {7}
