"""What benchmarks/fuzz.py takes for a finding, and how it shortens the input of one."""

from types import SimpleNamespace

import pytest
from fuzz_worker import Reader, minimized

from paramsrun.errors import UsageError


class Told:
    """Commands that read the last input put before them."""

    def __init__(self, is_typed: bool = False) -> None:
        self.data = b""
        self.reader = Reader(
            SimpleNamespace(put=self.put, commands=lambda _: [["check"]], is_typed=is_typed),
            self.read,
        )

    def put(self, data: bytes) -> None:
        self.data = data

    def read(self, command: list[str]) -> tuple[int, str, BaseException | None]:
        if b"!" in self.data:
            try:
                int(self.data)
            except ValueError as error:
                return 1, "", error
        return len(self.data) % 3, self.data.decode(), None


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"abc", "accepted"),
        (b"ab", "refused"),
        (b"a!", "traceback"),
        (b" ", "unclear"),
        (b"a\x1bcd", "unclear"),
        (b"Traceback (most re", "accepted"),
        (b"Traceback (most rec", "unclear"),
        (b"x" * 4001, "unclear"),
    ],
)
def test_what_comes_of_an_input(data: bytes, kind: str) -> None:
    assert Told().reader.outcome(data).kind == kind


def test_what_a_user_typed_may_be_told_again() -> None:
    assert Told(is_typed=True).reader.outcome(b"a\x1bcd").kind == "refused"


def test_an_input_is_shortened_to_what_its_finding_needs() -> None:
    reader = Told().reader
    data = b"one\ntwo ! three\nfour\n"
    assert minimized(data, reader.outcome(data).site, reader) == b"!"


def test_a_finding_is_named_by_the_last_frame_of_paramsrun() -> None:
    from paramsrun.results.status import status

    told = Told()
    told.reader = Reader(
        SimpleNamespace(put=told.put, commands=lambda _: [["status"]], is_typed=False),
        lambda _: (1, "", caught()),
    )

    def caught() -> BaseException:
        with pytest.raises(UsageError) as error:
            status("nowhere")
        return error.value

    assert told.reader.outcome(b"").site.startswith("UsageError at results/folder.py:")
