"""Text to located tree and back: the block syntax, which knows names only as it is told them."""

from paramsrun.errors import Findings
from paramsrun.input.source import Source, read_source
from paramsrun.input.tree import Block, Entry, Key, Scope, Word
from paramsrun.input.writer import write

__all__ = ["Block", "Entry", "Key", "Scope", "Source", "Word", "parse", "read_source", "write"]


def parse(source: Source, scope: Scope, findings: Findings) -> Block:
    """Return the tree of a text: a root block without a name.

    Every mistake in the text is noted; the tree then holds what could be understood. A name that
    was misspelt stands in it as the one it resembles; what was reported as unknown or misplaced
    is left out, so nobody need report it again.

    Parameters
    ----------
    scope
        The names that may stand at the top level, and within each of its blocks.
    """
    # lark takes 30 ms to import: only when there is a text to read.
    from paramsrun.input.grammar import tree
    from paramsrun.input.lines import lines
    from paramsrun.input.outline import Outline

    outline = Outline(scope, findings, source.at)
    return tree(outline.labels(lines(source, findings)), source.at)
