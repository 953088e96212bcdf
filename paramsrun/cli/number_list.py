"""Options that take several numbers, up to the next word that is none: ``--optimizers 2 4 7``."""

import re
from collections.abc import Collection, Iterator

import click

_NUMBERS = re.compile(r"[0-9][0-9, ]*")


def numbers(ctx: click.Context, parameter: click.Parameter, text: str | None) -> tuple[int, ...]:
    """Return the whole numbers above 0 in a text, parted by blanks or commas."""
    if text is None:
        return ()
    words = re.split(r"[, ]+", text.strip(", "))
    if not all(re.fullmatch(r"0*[1-9][0-9]{0,17}", word) for word in words):
        raise click.BadParameter(f"{text!r} should be one or more numbers, such as 2 4 7")
    return tuple(map(int, words))


class TakesNumbers(click.Command):
    """A command whose options with the callback `numbers` go on over the numbers that follow."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments."""
        names = {name for p in self.params if p.callback is numbers for name in p.opts}
        return super().parse_args(ctx, list(_joined(args, names)))


def _joined(args: list[str], names: Collection[str]) -> Iterator[str]:
    """Yield the arguments, with all numbers behind one of the names in one word."""
    k = 0
    while k < len(args):
        word = args[k]
        yield word
        k += 1
        if word == "--":
            yield from args[k:]
            return
        if word in names and k < len(args):
            end = k + 1
            while end < len(args) and _NUMBERS.fullmatch(args[end]):
                end += 1
            yield " ".join(args[k:end])
            k = end
