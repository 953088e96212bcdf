"""The loss figure: what is drawn, and that it is the same each time."""

import math
from io import BytesIO

import matplotlib
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from PIL import Image

from paramsrun.manager.events import End, Event
from paramsrun.report.curves import Losses
from paramsrun.report.loss_figure import figure, write
from tests.report.told import (
    CONTEXT,
    INF,
    checkpoint,
    ended,
    evaluated,
    exited,
    in_turn,
    signs,
    started,
    told,
)

FIVE: list[Event] = [
    *map(started, range(1, 6)),
    *in_turn(100, range(1, 6), (1e6 * math.exp(-k / 9) for k in range(100))),
    ended(1, "converged"),
    ended(2, "stopped"),
    ended(3, "failed"),
    exited(4, 5),
]


def axes_of(*runs: Losses) -> Axes:
    return figure(runs).axes[0]


def numbers(axes: Axes) -> list[str]:
    """Return the numbers at the curves, in order."""
    return sorted(text.get_text() for text in axes.texts)


def uprights(axes: Axes) -> list[float]:
    """Return where upright lines stand."""
    lines = [c for c in axes.collections if isinstance(c, LineCollection)]
    return sorted(path.vertices[0][0] for c in lines for path in c.get_paths())


def markers(axes: Axes) -> dict[str, tuple[float, float]]:
    """Return where icons stand."""
    return {
        str(line.get_marker()): (float(line.get_xdata()[0]), float(line.get_ydata()[0]))
        for line in axes.lines
        if line.get_marker() in ("*", "X", "^", "s")
    }


def test_axes_say_what_they_show() -> None:
    axes = axes_of(told(*FIVE, name="multiopt1.results"))
    assert axes.get_xlabel() == "evaluation number"
    assert axes.get_ylabel() == "loss"
    assert axes.get_title() == "multiopt1.results"
    assert axes.get_yscale() == "log"


def test_each_optimizer_has_its_number_and_colour() -> None:
    axes = axes_of(told(*FIVE))
    assert numbers(axes) == ["1", "2", "3", "4", "5"]
    assert len({line.get_color() for line in axes.lines if len(line.get_xdata()) > 1}) == 5


def test_icons_stand_where_optimizers_ended_and_are_explained() -> None:
    run = told(*FIVE)
    at = {c.ending.how: (float(c.ending.n), c.end_fx) for c in run.curves[:4] if c.ending}
    drawn = figure([told(*FIVE[:-1], exited(4))])
    assert markers(drawn.axes[0]) == {
        "*": at["converged"],
        "X": at["stopped"],
        "^": at["failed"],
        "s": at["job exit"],
    }
    assert signs(drawn) == ["converged", "stopped by a stopper", "failed", "job exit"]


def test_a_stop_by_hand_has_a_sign_of_its_own() -> None:
    by_hand = End(4, "stopped", "stopped on request (paramsrun stop ...)", 0.0)
    drawn = figure([told(*FIVE[:-1], by_hand)])
    assert signs(drawn) == ["converged", "stopped by a stopper", "stopped by hand", "failed"]


def test_a_run_that_goes_on_has_no_legend() -> None:
    assert figure([told(started(1), evaluated(1, 1, 3.0))]).legends == []


def test_checkpoints_and_resumes_are_upright_lines() -> None:
    drawn = figure([told(*FIVE[:30], checkpoint(25), CONTEXT, *FIVE[30:])])
    assert uprights(drawn.axes[0]) == [25.0, 25.0]
    assert signs(drawn)[-2:] == ["checkpoint", "resumed"]


def test_failed_points_are_gaps() -> None:
    axes = axes_of(told(started(1), *in_turn(5, [1], [3.0, 2.0, INF, 2.0, 1.0])))
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), [3.0, 2.0, math.nan, 2.0, 1.0])


def test_a_point_between_failed_ones_is_a_dot() -> None:
    axes = axes_of(told(started(1), *in_turn(4, [1], [3.0, INF, 2.0, INF])))
    assert axes.lines[1].get_xdata().tolist() == [1, 3]


@pytest.mark.parametrize("lowest", [0.0, -3.0])
def test_losses_that_are_not_above_0_have_a_linear_axis(lowest: float) -> None:
    axes = axes_of(told(started(1), *in_turn(3, [1], [3.0, 2.0, lowest])))
    assert axes.get_yscale() == "linear"
    low, high = axes.get_ylim()
    assert low < lowest < 3.0 < high


@pytest.mark.parametrize(
    "fx", [[1.0], [0.0, 0.0], [1e-200, 1e200], [5e-324], [-1e200, 1e200], [2.0] * 9]
)
def test_any_finite_losses_can_be_drawn(fx: list[float]) -> None:
    low, high = axes_of(told(started(1), *in_turn(len(fx), [1], fx))).get_ylim()
    assert low <= min(fx)
    assert max(fx) <= high


@pytest.mark.parametrize("fx", [math.nan, -INF, 1.7e308])
def test_losses_that_no_axis_holds_are_gaps(fx: float) -> None:
    axes = axes_of(told(started(1), *in_turn(3, [1], [3.0, fx, 2.0])))
    assert axes.get_ylim()[1] < 10


def test_a_run_with_only_failed_points_says_so() -> None:
    axes = axes_of(told(started(1), *in_turn(6, [1], [INF] * 6), ended(1, "failed")))
    assert numbers(axes) == ["1", "no finite loss"]
    assert markers(axes)["^"][0] == 6.0


def test_forty_optimizers_have_forty_numbers() -> None:
    many = range(1, 41)
    losses = np.random.default_rng(1).lognormal(size=800).tolist()
    events = [
        *map(started, many),
        *in_turn(800, many, losses),
        *(ended(o, "stopped") for o in many),
    ]
    axes = axes_of(told(*events))
    places = {text.get_position() for text in axes.texts}
    assert len(numbers(axes)) == len(places) == 40


def test_in_a_crowd_only_those_of_the_lowest_losses_are_numbered() -> None:
    many = range(1, 201)
    events = [*map(started, many), *in_turn(400, many, (1.0 + k % 200 for k in range(400)))]
    run = told(*events)
    lowest = sorted(run.curves, key=lambda curve: curve.fx.min())[:20]
    assert numbers(axes_of(run)) == sorted(str(curve.o) for curve in lowest)


def test_a_dense_curve_is_a_band_with_its_lowest_loss_so_far() -> None:
    losses = np.random.default_rng(1).lognormal(size=20_000)
    drawn = figure([told(started(1), *in_turn(20_000, [1], losses.tolist()))])
    lowest, band = drawn.axes[0].lines[:2]
    assert (band.get_alpha(), lowest.get_alpha()) == (0.3, None)
    assert np.nanmin(band.get_ydata()) == lowest.get_ydata()[-1] == losses.min()
    assert (np.diff(lowest.get_ydata()) <= 0).all()
    assert signs(drawn) == ["lowest so far, of shaded curves"]


def test_the_run_laid_below_is_broader_and_each_number_stands_once() -> None:
    before = told(*FIVE[:65], exited(1, 2, 3, 4, 5), name="A.results")
    after = told(*FIVE[:30], checkpoint(25), CONTEXT, *FIVE[30:], name="B.results")
    drawn = figure([before, after])
    axes = drawn.axes[0]
    assert signs(drawn)[:2] == ["A.results", "B.results"]
    curves = [line for line in axes.lines if len(line.get_xdata()) > 1]
    assert {line.get_linewidth() for line in curves[:5]} == {4.2}
    assert {line.get_linewidth() for line in curves[5:]} == {1.2}
    assert numbers(axes) == ["1", "2", "3", "4", "5"]


def test_single_optimizers_laid_over_each_other_have_the_colours_of_their_runs() -> None:
    one = told(started(1), *in_turn(3, [1], [3.0, 2.0, 1.0]), name="A.results")
    axes = axes_of(one, told(started(1), evaluated(1, 1, 3.0), name="B.results"))
    assert len({line.get_color() for line in axes.lines}) == 2


@pytest.mark.parametrize("name", ["$x$.results", "_a.results", "a\nb", "\udce9", "x" * 200])
def test_any_name_of_a_folder_can_be_written(name: str) -> None:
    run = told(*FIVE, name=name)
    for runs in ([run], [run, run]):
        write(runs, BytesIO(), "svg")


@pytest.mark.parametrize(
    ("kind", "begin"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")]
)
def test_the_same_losses_give_the_same_bytes(kind: str, begin: bytes) -> None:
    def drawn() -> bytes:
        file = BytesIO()
        write([told(*FIVE)], file, kind)
        return file.getvalue()

    assert drawn().startswith(begin)
    assert drawn() == drawn()


def test_a_png_has_no_more_than_256_colours_and_among_them_those_of_the_curves() -> None:
    run, file = told(*FIVE), BytesIO()
    write([run], file, "png")
    with Image.open(file) as image:
        assert (image.mode, image.size) == ("P", (1600, 1000))
        shown = np.asarray(image.convert("RGB"), dtype=int).reshape(-1, 3)
    assert (shown[0] == 255).all()
    for line in axes_of(run).lines:
        colour = 255 * np.array(to_rgb(line.get_color()))
        assert abs(shown - colour).max(axis=1).min() < 16


def test_settings_of_matplotlib_neither_matter_nor_change() -> None:
    plain, other = BytesIO(), BytesIO()
    write([told(*FIVE)], plain, "svg")
    with matplotlib.rc_context({"lines.linewidth": 9, "axes.facecolor": "red"}):
        write([told(*FIVE)], other, "svg")
        assert matplotlib.rcParams["lines.linewidth"] == 9
    assert plain.getvalue() == other.getvalue()
