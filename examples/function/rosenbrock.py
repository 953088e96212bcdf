"""The function of Rosenbrock (1960), with its minimum 0 at (1, 1)."""


def loss(x):
    """Return the loss at x = (a, b)."""
    a, b = x
    return (1.0 - a) ** 2 + 100.0 * (b - a * a) ** 2
