"""Trains a small neural network to tell two spirals apart; knows nothing of paramsrun.

    python train.py hyperparameters.json

prints the loss on the validation data every few epochs, and at last alone on a line.
"""

import json
import sys
from itertools import pairwise

import numpy as np

EPOCHS, EVERY = 40, 4
FORWARD = {"tanh": np.tanh, "relu": lambda x: np.maximum(x, 0.0), "sine": np.sin}
SLOPE = {
    "tanh": lambda x: 1.0 - np.tanh(x) ** 2,
    "relu": lambda x: (x > 0.0).astype(float),
    "sine": np.cos,
}


def spirals(n, rng):
    """Return n points (n, 2) of two spirals with some noise, and which one each is of (n,)."""
    label = np.arange(n) % 2
    angle = 3.0 * np.pi * np.sqrt(rng.random(n))
    direction = np.where(label == 0, 1.0, -1.0)
    x = (direction * angle / 10.0)[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    return x + rng.normal(0.0, 0.03, x.shape), label.astype(float)


class Network:
    """Two hidden layers and one output, the probability of the second spiral."""

    def __init__(self, widths, activation, rng):
        self.act, self.slope = FORWARD[activation], SLOPE[activation]
        sizes = [2, *widths, 1]
        self.weights = [rng.normal(0.0, np.sqrt(2.0 / a), (a, b)) for a, b in pairwise(sizes)]
        self.biases = [np.zeros(b) for b in sizes[1:]]
        self.moments = [[np.zeros_like(p), np.zeros_like(p)] for p in self.parameters]
        self.n_steps = 0

    @property
    def parameters(self):
        return self.weights + self.biases

    def outputs(self, x):
        """Return what each layer gets (before its activation), and the probability (n,)."""
        before = []
        for k, (w, b) in enumerate(zip(self.weights, self.biases, strict=True)):
            x = (self.act(before[-1]) if k else x) @ w + b
            before.append(x)
        return before, 1.0 / (1.0 + np.exp(-np.clip(x[:, 0], -30.0, 30.0)))

    def loss(self, x, y):
        """Return the mean cross-entropy."""
        p = np.clip(self.outputs(x)[1], 1e-9, 1.0 - 1e-9)
        return float(-np.mean(y * np.log(p) + (1.0 - y) * np.log(1.0 - p)))

    def step(self, x, y, rate):
        """Go down the gradient of one batch, by Adam (Kingma & Ba 2014, arXiv:1412.6980)."""
        before, p = self.outputs(x)
        error = ((p - y) / len(x))[:, None]
        w_slopes, b_slopes = [], []
        for k in reversed(range(len(self.weights))):
            inputs = self.act(before[k - 1]) if k else x
            w_slopes.insert(0, inputs.T @ error)
            b_slopes.insert(0, error.sum(axis=0))
            if k:
                error = (error @ self.weights[k].T) * self.slope(before[k - 1])
        self.n_steps += 1
        for parameter, slope, moment in zip(
            self.parameters, w_slopes + b_slopes, self.moments, strict=True
        ):
            for m, decay, value in zip(moment, (0.9, 0.999), (slope, slope**2), strict=True):
                m += (1.0 - decay) * (value - m)
            first, second = (
                m / (1.0 - d**self.n_steps) for m, d in zip(moment, (0.9, 0.999), strict=True)
            )
            parameter -= rate * first / (np.sqrt(second) + 1e-8)


def main(file):
    with open(file) as opened:
        given = json.load(opened)
    rng = np.random.default_rng(0)
    (x, y), (x_valid, y_valid) = spirals(400, rng), spirals(400, rng)
    network = Network([given["width1"], given["width2"]], given["activation"], rng)
    for epoch in range(1, EPOCHS + 1):
        order = rng.permutation(len(x))
        for batch in np.split(order, range(given["batch"], len(x), given["batch"])):
            network.step(x[batch], y[batch], given["rate"])
        if epoch % EVERY == 0:
            print(f"epoch {epoch} loss {network.loss(x_valid, y_valid):.6f}", flush=True)
    print(network.loss(x_valid, y_valid))


if __name__ == "__main__":
    main(sys.argv[1])
