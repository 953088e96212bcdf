"""docs/keys.md: all that `paramsrun describe` tells, as one page."""

import re
from collections.abc import Iterable, Iterator, Sequence

from paramsrun.settings.topics import OVERRIDDEN, REQUIRED, Topic, file_topics, input_topics

COMMAND = "paramsrun describe --markdown > docs/keys.md"
_INTRODUCTION = f"""\
# Keys of the input

*This page is made by `{COMMAND}`, from the declarations that the
program itself reads: change those, not this page.* `paramsrun describe NAME` tells the same in a
terminal, and `paramsrun check params.in` what is wrong with an input.

Names are case-insensitive, but for keys of YAML files, and their order does not matter. A list of
numbers has blanks between them; `1:5` stands for 1 2 3 4 5 where they are whole, `0.9:5:1.1` for
five equally spaced numbers where they are not. A number is given in the unit of its key, or in
another one in brackets behind it: `2 [h]`. A key that takes Yes or No means Yes where it stands
alone.

In tables, `[]` marks what may be given many times, and **Not yet** what is not available. In the
input of a resume, what is given replaces what is stored, unless the page says otherwise.
"""
_HEADER = (
    "| key | takes | unit | default | range or choices | what it does |\n|---|---|---|---|---|---|"
)
_TOP = "Keys of the top level"
_PARAMS = "Keys of ParAMS without effect"
_CODE = re.compile(r"(`+)(.+?)\1")


def keys_page() -> str:
    """Return the page, in Markdown."""
    return "\n".join([_INTRODUCTION, *_contents(), *_page(), ""])


def anchor(topic: Topic) -> str:
    """Return the name by which links find a topic: ``optimizer-cmaes-sigma0``."""
    return re.sub(r"[^a-z0-9]+", "-", "-".join(topic.path).casefold())


def _page() -> Iterator[str]:
    keys, blocks, idle = _parts()
    yield f"## {_TOP}\n"
    yield from _table(keys)
    for topic in (*blocks, *file_topics()):
        yield from _section(topic, 2)
    yield f"## {_PARAMS}\n"
    yield "They are accepted with a warning, so that an input for ParAMS can be read.\n"
    yield from _table(idle)


def _parts() -> tuple[list[Topic], list[Topic], list[Topic]]:
    """Return the keys of the top level, its blocks, and its keys without effect."""
    topics = input_topics()
    idle = [t for t in topics if t.mark == "-"]
    blocks = [t for t in topics if t.below]
    return [t for t in topics if t not in idle and t not in blocks], blocks, idle


def _contents() -> Iterator[str]:
    _, blocks, _ = _parts()
    yield f"- [{_TOP}](#{_slug(_TOP)})"
    for topic in (*blocks, *file_topics()):
        inner = [_link(t, t.name) for t in topic.below if t.name != "Type"]
        types = f": {', '.join(inner)}" if topic.below_are == "Types" else ""
        yield f"- {_link(topic, topic.title)}{types}"
    yield f"- [{_PARAMS}](#{_slug(_PARAMS)})\n"


def _section(topic: Topic, level: int) -> Iterator[str]:
    """Yield the section of a block, and those of the blocks and types below."""
    yield f'<a id="{anchor(topic)}"></a>\n'
    yield f"{'#' * level} {_heading(topic)}\n"
    yield from (f"{_escaped(' '.join(p.split()))}\n" for p in topic.doc.split("\n\n"))
    if facts := list(_facts(topic)):
        yield " ".join(facts) + "\n"
    yield from _table(topic.below)
    for below in topic.below:
        if below.below:
            yield from _section(below, min(level + 1, 4))


def _heading(topic: Topic) -> str:
    return f"{topic.title}{'[]' if topic.recurs else ''}"


def _facts(topic: Topic) -> Iterator[str]:
    if topic.recurs:
        yield "It may be given many times."
    if topic.parameters:
        yield f"It takes parameters of type {_escaped(topic.parameters)}."
    if topic.default not in ("", "none", REQUIRED):
        yield f"Left out, it is {_escaped(topic.default)}."
    if (resumed := _resumed(topic)) and len(topic.path) == 1:
        yield resumed
    if topic.status != "acts":
        yield f"**{topic.status[0].upper()}{topic.status[1:]}.**"


def _resumed(topic: Topic) -> str:
    """Return what a key does in the input of a resume, where it does not just replace its like."""
    if topic.on_resume in ("", OVERRIDDEN):
        return ""
    how = topic.on_resume.removeprefix("can be overridden: ")
    return f"On resume {how if how.startswith('all ') else f'it {how}'}."


def _table(topics: Sequence[Topic]) -> Iterator[str]:
    yield _HEADER
    for topic in topics:
        yield f"| {' | '.join(_cells(topic))} |"
    yield ""


def _cells(topic: Topic) -> Iterable[str]:
    name = f"`{topic.name}{'[]' if topic.recurs else ''}`"
    at = anchor(topic)
    name = f"[{name}](#{at})" if topic.below else f'<a id="{at}"></a>{name}'
    paragraphs = topic.doc.split("\n\n")[: 1 if topic.below else None]
    resumed = _resumed(topic) if len(topic.path) == 1 else ""
    told = [_status(topic), *paragraphs, f"Value: {topic.value}" if topic.value else "", resumed]
    units = [topic.unit, f"({', '.join(topic.other_units)})" if topic.other_units else ""]
    return (
        name,
        _cell(topic.kind),
        _cell(" ".join(filter(None, units))),
        _cell("**required**" if topic.default == REQUIRED else topic.default),
        _cell(topic.range or ", ".join(topic.choices)),
        _cell(" ".join(filter(None, told))),
    )


def _status(topic: Topic) -> str:
    if topic.status == "acts":
        return ""
    return f"**{'Not yet' if topic.mark == '*' else topic.status[0].upper() + topic.status[1:]}.**"


def _cell(text: str) -> str:
    return _escaped(" ".join(text.split())).replace("|", "\\|")


def _link(topic: Topic, text: str) -> str:
    return f"[{text}](#{anchor(topic)})"


def _slug(title: str) -> str:
    return title.casefold().replace(" ", "-")


def _escaped(text: str) -> str:
    """Return a text whose characters mean nothing to Markdown but for code and emphasis of ours."""
    parts, at = [], 0
    for code in _CODE.finditer(text):
        parts += [_plain(text[at : code.start()]), f"`{code[2]}`"]
        at = code.end()
    return "".join([*parts, _plain(text[at:])])


def _plain(text: str) -> str:
    return re.sub(r"([\\<>\[\]]|(?<!\*)\*(?!\*))", r"\\\1", text)
