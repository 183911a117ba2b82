"""One layer of ReLU units, fitted by Adam (Kingma and Ba, ICLR 2015) with a cosine schedule; inputs are standardised."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

RUNNING = (0.9, 0.999)  # of the gradient and of its square

Loss = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, float]]
"""(outputs of a batch (n, m), its rows) -> gradient of the summed loss (n, m), mean loss."""


class Perceptron(NamedTuple):
    """Weights on raw inputs: relu(x @ hidden + hidden_bias) @ output + output_bias. float32."""

    hidden: np.ndarray
    hidden_bias: np.ndarray
    output: np.ndarray
    output_bias: np.ndarray

    def __call__(self, x: np.ndarray) -> np.ndarray:
        return np.maximum(0, x @ self.hidden + self.hidden_bias) @ self.output + self.output_bias


class Course(NamedTuple):
    """How it is learnt: `rate` is Adam's step at the start, `decay` pulls the weights towards 0."""

    units: int
    epochs: int
    batch: int
    rate: float
    decay: float


def fit(
    x: np.ndarray, loss: Loss, outputs: int, course: Course, seed: int, told: Callable[[int, float], None]
) -> Perceptron:
    """Fit to rows of `x`, (n, inputs); `told` is called with each epoch and its mean loss."""
    units, epochs, batch_size, start_rate, decay = course
    random = np.random.default_rng(seed)
    some = x[:: max(1, len(x) // 200_000)].astype(np.float32)
    mean, spread = some.mean(axis=0), some.std(axis=0) + 1e-3
    inputs = x.shape[1]
    weights = [
        (random.standard_normal((inputs, units)) / np.sqrt(inputs)).astype(np.float32),
        np.zeros(units, np.float32),
        (random.standard_normal((units, outputs)) / np.sqrt(units)).astype(np.float32),
        np.zeros(outputs, np.float32),
    ]
    first, second = [np.zeros_like(w) for w in weights], [np.zeros_like(w) for w in weights]
    batches = max(1, len(x) // batch_size)
    step, steps = 0, epochs * batches
    for epoch in range(epochs):
        order, total = random.permutation(len(x)), 0.0
        for b in range(batches):
            rows = np.sort(order[b * batch_size : (b + 1) * batch_size])
            batch = (x[rows].astype(np.float32) - mean) / spread
            active = np.maximum(0, batch @ weights[0] + weights[1])
            gradient, mean_loss = loss(active @ weights[2] + weights[3], rows)
            total += mean_loss
            gradient = (gradient / len(rows)).astype(np.float32)
            back = (gradient @ weights[2].T) * (active > 0)
            gradients = [batch.T @ back + decay * weights[0], back.sum(0), active.T @ gradient, gradient.sum(0)]
            step += 1
            rate = start_rate * (0.5 + 0.5 * np.cos(np.pi * step / steps))
            for k, g in enumerate(gradients):
                first[k] = RUNNING[0] * first[k] + (1 - RUNNING[0]) * g
                second[k] = RUNNING[1] * second[k] + (1 - RUNNING[1]) * g**2
                along = first[k] / (1 - RUNNING[0] ** step)
                weights[k] -= rate * along / (np.sqrt(second[k] / (1 - RUNNING[1] ** step)) + 1e-8)
        told(epoch, total / batches)
    hidden, hidden_bias, output, output_bias = weights
    raw = (hidden / spread[:, None], hidden_bias - (mean / spread) @ hidden, output, output_bias)
    return Perceptron(*(w.astype(np.float32) for w in raw))
