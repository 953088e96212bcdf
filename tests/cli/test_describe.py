"""`paramsrun describe [KEY]`."""

from tests.cli.jobs import paramsrun


def test_every_block_and_key_is_listed() -> None:
    result = paramsrun("describe")
    assert result.exit_code == 0
    assert "Optimizer" in result.output
    assert "LoggingInterval" in result.output


def test_one_key_is_explained_in_any_case() -> None:
    result = paramsrun("describe", "optimizer%cmaes%sigma0")
    assert result.exit_code == 0
    assert result.output.startswith("Optimizer%CMAES%Sigma0\n")


def test_an_unknown_key_is_told_with_the_nearest() -> None:
    result = paramsrun("describe", "Optimizr")
    assert result.exit_code == 2
    assert result.output == ("There is no block, key or type Optimizr; did you mean Optimizer?\n")
