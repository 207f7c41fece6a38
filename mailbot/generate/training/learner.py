"""One training step: the loss of a batch, its gradients, and the weights after them. TensorFlow only.

A batch is cut into as many shards as there are cores; each shard's gradients are one XLA program, and they run side by side,
because XLA's CPU code keeps to one core. Their sum, in a fixed order, moves the weights in one more program.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import tensorflow as tf

from mailbot.generate.architecture import Architecture
from mailbot.generate.backend import ops
from mailbot.generate.training.optimizer import AdamW, clipped
from mailbot.generate.training.rows import Batch
from mailbot.generate.transformer import read_segments

Array = Any
Nest = dict[str, Any]


def summed_loss(shape: Architecture, weights: Nest, arrays: Sequence[Array]) -> Array:
    """Return the cross entropy of a shard, summed over what is learnt of it (nats)."""
    tokens, segments, positions, targets, counts = arrays
    stream = read_segments(shape, weights, tokens, positions, segments)
    output = weights["embed" if shape.tied else "head"]
    logits = ops.cast(ops.matmul(stream, ops.transpose(output)), "float32")
    # a comparison instead of a look-up, so that its gradient is no scatter
    wanted = ops.equal(ops.arange(shape.vocabulary, dtype="int32")[None, :], ops.reshape(targets, (-1, 1)))
    losses = ops.logsumexp(logits, axis=-1) - ops.sum(ops.where(wanted, logits, 0.0), axis=-1)
    return ops.sum(losses * ops.reshape(counts, (-1,)))


class Learner:
    """Master weights and optimizer state of one run, in float32, and the compiled steps over them."""

    def __init__(
        self, shape: Architecture, weights: Nest, optimizer: AdamW, *, clip: float, shards: int, compute: str = "float32"
    ) -> None:
        """`weights` is a nest of numpy arrays; `compute` the dtype of products."""
        self._shape = shape
        self._optimizer = optimizer
        self._clip = clip
        self._shards = shards
        self._compute = compute
        self._nest = tf.nest.map_structure(lambda array: tf.Variable(array, dtype=tf.float32), weights)
        self._flat = tf.nest.flatten(self._nest)
        self._means = [tf.Variable(tf.zeros_like(one)) for one in self._flat]
        self._squares = [tf.Variable(tf.zeros_like(one)) for one in self._flat]
        self._gradients_of_shard = tf.function(self._shard, jit_compile=True, autograph=False)
        self._loss_of_shard = tf.function(self._shard_loss, jit_compile=True, autograph=False)
        self._move = tf.function(self._moved, jit_compile=True, autograph=False)
        self._threads = ThreadPoolExecutor(shards, "shard")

    def step(self, parts: Sequence[Batch], *, rate: float, number: int) -> tuple[float, float]:
        """Learn from the parts of one batch; return the mean loss of what is learnt (nats a token) and the gradients' norm.

        `number` counts steps from 1.
        """
        cut = [shard for part in parts for shard in self._cut(part)]
        done = self._in_parallel(self._gradients_of_shard, cut)
        counts = [np.float32(shard[4].sum()) for shard in cut]
        loss, norm = self._move(done, counts, tf.constant(rate, tf.float32), tf.constant(number, tf.float32))
        return float(loss), float(norm)

    def evaluate(self, batch: Batch) -> tuple[float, float]:
        """Return the summed loss of a batch and how many tokens it is of."""
        losses = self._in_parallel(self._loss_of_shard, self._cut(batch))
        return sum(float(loss) for loss in losses), float(batch.weights.sum())

    def state(self) -> Mapping[str, Any]:
        """Return what a checkpoint must hold to go on."""
        return {"weights": self._flat, "means": self._means, "squares": self._squares}

    def weights(self) -> Nest:
        """Return the weights as numpy arrays."""
        nest: Nest = tf.nest.map_structure(lambda variable: variable.numpy(), self._nest)
        return nest

    def _cut(self, batch: Batch) -> list[tuple[np.ndarray, ...]]:
        return list(zip(*(np.array_split(array, self._shards) for array in batch.arrays()), strict=True))

    def _shard_loss(self, weights: Nest, arrays: Sequence[Array]) -> Array:
        return summed_loss(self._shape, self._cast(weights), arrays)

    def _shard(self, weights: Nest, arrays: Sequence[Array]) -> Any:
        flat = tf.nest.flatten(weights)
        with tf.GradientTape() as tape:
            tape.watch(flat)
            loss = self._shard_loss(weights, arrays)
        return loss, [tf.convert_to_tensor(one) for one in tape.gradient(loss, flat)]

    def _cast(self, weights: Nest) -> Nest:
        """Return the weights as the products take them; gradients come back to the float32 masters."""
        nest: Nest = tf.nest.map_structure(lambda one: ops.cast(one, self._compute), weights)
        return nest

    def _read(self) -> Nest:
        """Return the weights as they stand now. Handed to the shards as values, because a program locks the variables it reads."""
        nest: Nest = tf.nest.map_structure(lambda variable: variable.read_value(), self._nest)
        return nest

    def _in_parallel(self, program: Any, cut: Sequence[Sequence[Array]]) -> list[Any]:
        weights = self._read()
        return list(self._threads.map(lambda shard: program(weights, shard), cut))

    def _moved(self, done: Sequence[Any], counts: Sequence[Array], rate: Array, number: Array) -> Any:
        """Take one step from the loss and gradients of each shard; return the mean loss and the gradients' norm."""
        count = sum(counts)
        loss, gradients = tf.nest.map_structure(lambda *ones: sum(ones) / count, *done)
        scaled, norm = clipped(gradients, self._clip)
        for weight, gradient, mean, square in zip(self._flat, scaled, self._means, self._squares, strict=True):
            news = self._optimizer.moved(weight.read_value(), gradient, mean.read_value(), square.read_value(), rate, number)
            for variable, value in zip((weight, mean, square), news, strict=True):
                variable.assign(value)
        return loss, norm
