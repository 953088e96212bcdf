"""A loss that takes a while, in place of one that is worth a cluster."""

import time


def loss(x):
    """Return the residuals of a curve through five points."""
    time.sleep(0.01)
    a, b, c = x
    points = ((0.0, 1.0), (1.0, 1.4), (2.0, 2.6), (3.0, 4.6), (4.0, 7.4))
    return [a + b * t + c * t * t - y for t, y in points]
