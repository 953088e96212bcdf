import pytest

from paramsrun.errors import Mistake, Place, UsageError, most_like, nearest


def test_a_long_word_is_cut_off_in_a_mistake() -> None:
    word = "1+" * 3000
    told = str(Mistake(Place("job.in", 1), f"Weight cannot be {word} here"))
    assert told == f"job.in:1: Weight cannot be {word[:60]}... (6000 characters) here"


def test_a_long_word_is_cut_off_in_any_told_error() -> None:
    told = str(UsageError(f"There is no file {'a' * 5000}"))
    assert told == f"There is no file {'a' * 60}... (5000 characters)"


def test_words_of_a_path_stand_whole_in_a_mistake() -> None:
    path = "/".join(["folder"] * 50)
    assert path in str(Mistake(Place(path, 1), f"{path} does not exist"))


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("Keep", "KeepFolders"),
        ("keepfolder", "KeepFolders"),
        ("Folders", "KeepFolders"),
        ("Directory", "RunsDirectory"),
        ("Checkpoints", "ResumeCheckpoint"),
        ("epsilon", "eps"),
    ],
)
def test_the_nearest_name_is_like_it_by_its_letters_or_begins_or_ends_with_it(
    given: str, meant: str
) -> None:
    known = ("KeepFolders", "RunsDirectory", "ResumeCheckpoint", "Weight", "eps", "rmin")
    assert nearest(given, known) == f"; did you mean {meant}?"


@pytest.mark.parametrize("given", ["EXIT", "Kee", "ory", "o", ""])
def test_what_is_far_from_all_names_is_like_none(given: str) -> None:
    assert most_like(given, ("KeepFolders", "RunsDirectory", "Weight")) is None


def test_of_names_that_begin_with_a_word_the_shortest_is_meant() -> None:
    known = ("LoggingIntervalOfAll", "TheLogging", "LoggingInterval")
    assert most_like("Logg", known) == "LoggingInterval"
