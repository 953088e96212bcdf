"""Where labels stand."""

import numpy as np
import pytest

from paramsrun.report.label_places import Box, Canvas, Size, place

SIZE = Size(20.0, 20.0)
LINE = np.column_stack([np.linspace(100, 500, 50), np.full(50, 300.0)])


def overlap(one: Box, other: Box) -> bool:
    return (
        abs(one.x - other.x) < (one.width + other.width) / 2
        and abs(one.y - other.y) < (one.height + other.height) / 2
    )


def canvas_with(*paths: np.ndarray) -> Canvas:
    canvas = Canvas(800.0, 600.0)
    for path in paths:
        canvas.draw(path)
    return canvas


def test_a_label_stands_at_the_free_end_of_its_curve() -> None:
    box = place(canvas_with(LINE), LINE, SIZE, 5.0, 10.0)
    assert box == Box(500 + 5 + 5 + 10, 300.0, 20.0, 20.0)


def test_labels_of_curves_that_end_together_do_not_cover_each_other() -> None:
    canvas = canvas_with(*[LINE] * 8)
    boxes = [place(canvas, LINE, SIZE, 5.0, 10.0) for _ in range(8)]
    assert not any(overlap(a, b) for k, a in enumerate(boxes) for b in boxes[:k])


def test_a_label_keeps_off_icons() -> None:
    canvas = canvas_with(LINE)
    icon = Box(520.0, 300.0, 16.0, 16.0)
    canvas.take(icon)
    assert not overlap(place(canvas, LINE, SIZE, 5.0, 0.0), icon)


def test_a_label_stays_on_the_canvas() -> None:
    path = np.array([[0.0, 0.0], [799.0, 599.0]])
    box = place(canvas_with(path), path, SIZE, 5.0, 0.0)
    assert 10 <= box.x <= 790
    assert 10 <= box.y <= 590


@pytest.mark.parametrize("gap", [[np.nan, np.nan], [7.0, np.nan]])
def test_a_curve_that_is_a_point_between_gaps_is_labelled(gap: list[float]) -> None:
    path = np.array([gap, [100.0, 100.0], gap])
    assert place(canvas_with(path), path, SIZE, 5.0, 0.0) == Box(115.0, 100.0, 20.0, 20.0)


def test_a_long_step_is_covered_all_along() -> None:
    canvas = canvas_with(np.array([[0.0, 100.0], [700.0, 100.0]]))
    assert canvas.cost(Box(350.0, 100.0, 20.0, 20.0)) > 0
    assert canvas.cost(Box(350.0, 200.0, 20.0, 20.0)) == 0
