"""The figure of a search: what its three parts show."""

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from paramsrun.problem.space import Dimension
from paramsrun.report.search_axes import axis_of
from paramsrun.report.search_figure import figure, write
from tests.report.searched import SPACE, sampled, search
from tests.report.told import signs

X = sampled(60)
FX = 0.1 + (np.log10(X[:, 0]) + 2.0) ** 2 + 0.1 * X[:, 1]


def parts(drawn: Figure) -> tuple[Axes, Axes, Axes]:
    losses, weights, trials, *_ = drawn.axes
    return losses, weights, trials


def lines_in(axes: Axes) -> list[np.ndarray]:
    """Return the trials that are drawn in parallel coordinates."""
    found = [c for c in axes.collections if isinstance(c, LineCollection)]
    return [path.vertices for c in found for path in c.get_paths() if len(path.vertices) == 3]


def words(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def test_the_best_so_far_falls_in_steps_to_the_best_trial() -> None:
    losses, _, _ = parts(figure(search(X, FX)))
    (best,) = [line for line in losses.lines if line.get_drawstyle() == "steps-post"]
    assert np.array_equal(best.get_ydata(), np.minimum.accumulate(FX))
    where = int(FX.argmin())
    assert losses.get_title(loc="left") == (
        f"Best so far: {FX[where]:.5g}, trial {where + 1} of {len(FX)}"
    )
    (star,) = [line for line in losses.lines if line.get_marker() == "*"]
    assert (star.get_xdata()[0], star.get_ydata()[0]) == (where + 1, FX[where])
    assert (losses.get_xlabel(), losses.get_ylabel()) == ("trial", "loss")


def test_failed_trials_are_marked_at_the_top_and_told() -> None:
    fx = FX.copy()
    fx[[3, 8]] = np.inf
    drawn = figure(search(X, fx))
    losses, _, trials = parts(drawn)
    (crosses,) = [line for line in losses.lines if line.get_marker() == "x"]
    assert list(crosses.get_xdata()) == [4, 9]
    assert signs(drawn) == ["best", "failed or pruned"]
    assert len(lines_in(trials)) == len(fx)


def test_parameters_are_listed_by_their_importance() -> None:
    _, weights, _ = parts(figure(search(X, FX)))
    names = [label.get_text() for label in weights.get_yticklabels()]
    assert names[0] == "rate"
    assert sorted(names) == ["activation", "layers", "rate"]
    widths = [bar.get_width() for bar in weights.patches]
    assert widths == sorted(widths, reverse=True)
    assert weights.get_ylim()[0] > weights.get_ylim()[1]
    assert weights.get_xlabel().startswith("share of the effects (they explain ")


def test_the_importance_tells_how_many_pruned_trials_it_leaves_out_within_the_figure() -> None:
    middle = np.median(FX)
    searched = search(X, np.where(middle < FX, np.inf, FX))
    drawn = figure(replace(searched, is_pruned=searched.fx == np.inf))
    _, weights, _ = parts(drawn)
    assert weights.get_xlabel().endswith(";\n30 pruned trials left out)")
    drawn.canvas.draw()
    told = weights.xaxis.label.get_window_extent()
    assert drawn.bbox.x0 < told.x0 < told.x1 < drawn.bbox.x1


def test_where_the_trials_do_not_tell_the_importance_it_is_said() -> None:
    _, weights, trials = parts(figure(search(X[:4], FX[:4])))
    assert words(weights) == ["the trials do not tell which parameters matter"]
    assert len(lines_in(trials)) == 4


def test_each_trial_is_a_line_through_its_values_on_typed_axes() -> None:
    _, _, trials = parts(figure(search(X, FX)))
    names = [label.get_text() for label in trials.get_xticklabels()]
    assert names == ["rate", "layers", "activation"]
    drawn = lines_in(trials)
    assert len(drawn) == len(X)
    assert {tuple(line[:, 0]) for line in drawn} == {(0.0, 1.0, 2.0)}
    heights = sorted(line[0, 1] for line in drawn)
    assert heights == pytest.approx(sorted(1.0 + np.log10(X[:, 0]) / 4.0))
    assert {"0.0001", "0.01", "1", "2", "6", "relu", "leaky relu"} <= set(words(trials))


def test_the_best_trial_lies_above_the_others() -> None:
    _, _, trials = parts(figure(search(X, FX)))
    (best,) = [line for line in trials.lines if len(line.get_xdata()) == 3]
    heights = [axis_of(d, x).at[FX.argmin()] for d, x in zip(SPACE, X.T, strict=True)]
    assert list(best.get_ydata()) == pytest.approx(heights)
    assert best.get_zorder() > max(c.get_zorder() for c in trials.collections[:2])


def test_colours_follow_the_losses_logarithmically_where_these_are_wide() -> None:
    for scale, kind in ((1.0, False), (8.0, True)):
        fx = np.exp(scale * np.linspace(0.0, 1.0, len(X)))
        _, _, trials = parts(figure(search(X, fx)))
        (coloured,) = [c for c in trials.collections if c.get_array() is not None]
        assert isinstance(coloured.norm, LogNorm) is kind
        assert coloured.norm.vmin == pytest.approx(1.0)


def test_runs_that_share_a_search_have_colours_and_names() -> None:
    drawn = figure(search(X, FX, n_runs=3))
    losses, _, _ = parts(drawn)
    dots = [line for line in losses.lines if line.get_marker() == "o"]
    assert [len(line.get_xdata()) for line in dots] == [20, 20, 20]
    assert len({line.get_color() for line in dots}) == 3
    assert signs(drawn) == ["p1.results", "p2.results", "p3.results", "best"]
    assert drawn.get_suptitle() == "3 runs, 60 trials together"
    assert signs(figure(search(X, FX, n_runs=20))) == ["best"]


def test_of_many_parameters_the_most_important_are_shown() -> None:
    space = tuple(Dimension(f"p{k}", 0.0, 1.0) for k in range(30))
    x = sampled(200, space)
    _, weights, trials = parts(figure(search(x, x @ np.arange(30.0), space)))
    shown = [label.get_text().strip() for label in trials.get_xticklabels()]
    assert shown == [f"p{k}" for k in range(16, 30)]
    assert trials.get_title(loc="left") == "The 14 most important parameters of 30"
    assert len(weights.get_yticklabels()) == 14


def test_of_many_trials_the_best_and_some_others_are_lines() -> None:
    x = sampled(2000)
    fx = x[:, 1] + 0.01 * np.arange(2000.0)
    _, _, trials = parts(figure(search(x, fx)))
    assert len(lines_in(trials)) == 600


@pytest.mark.parametrize("fx", [np.full(20, 3.0), np.full(20, np.inf), np.linspace(-5, 0, 20)])
def test_any_losses_are_drawn(fx: np.ndarray) -> None:
    file = BytesIO()
    write(search(X[:20], fx), file, "svg")
    assert b"<svg" in file.getvalue()


def test_a_single_parameter_and_names_full_of_signs_are_drawn() -> None:
    choices = ("$x_1$", "a very long choice indeed", "\x07bell")
    space = (Dimension("$a_b^{", 0.0, 2.0, "categorical", choices=choices),)
    x = np.array([[0.0], [1.0], [2.0]])
    _, _, trials = parts(figure(search(x, np.array([1.0, 2.0, 3.0]), space)))
    assert words(trials) == ["$x_1$", "a very … indeed", "?bell"]
    write(search(x, np.array([1.0, 2.0, 3.0]), space), BytesIO(), "svg")


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_the_same_trials_give_the_same_bytes(kind: str) -> None:
    files = BytesIO(), BytesIO()
    for file in files:
        write(search(X, FX), file, kind)
    assert files[0].getvalue() == files[1].getvalue()


def test_trials_of_one_value_are_spread_over_its_cell() -> None:
    axis = axis_of(SPACE[1], np.full(50, 2.0))
    assert len(set(axis.at.tolist())) == 50
    assert axis.at.min() > 1 / 6
    assert axis.at.max() < 2 / 6
    assert axis.ticks == tuple(((k + 0.5) / 6, str(k + 1)) for k in range(6))


def test_an_integer_of_many_values_has_numbers_where_they_fit() -> None:
    wide = Dimension("width", 8.0, 512.0, "integer", "log")
    axis = axis_of(wide, np.array([8.0, 64.0, 512.0]))
    assert axis.at == pytest.approx([0.0, 0.5, 1.0])
    assert [text for _, text in axis.ticks] == ["10", "20", "50", "100", "200", "500"]
