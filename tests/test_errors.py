from paramsrun.errors import Mistake, Place, UsageError


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
