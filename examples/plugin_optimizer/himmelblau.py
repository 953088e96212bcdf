"""The function of Himmelblau (1972): four minima, one of them at (3, 2), all of value 0."""


def loss(x):
    """Return the loss at x = (a, b)."""
    a, b = x
    return (a * a + b - 11.0) ** 2 + (a + b * b - 7.0) ** 2
