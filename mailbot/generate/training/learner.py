"""One training step: the loss of a batch, its gradients, and the weights after them. TensorFlow only.

A batch is cut into as many shards as there are cores; the shards run side by side, each on one core. Their gradients, added in a
fixed order, move the weights in one XLA program.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count, islice
from threading import Lock
from typing import Any

import numpy as np
import tensorflow as tf

from mailbot.generate.checkpoint import Weights
from mailbot.generate.training.network import Network
from mailbot.generate.training.optimizer import AdamW, clipped
from mailbot.generate.training.rows import Batch, Shard

Array = Any


class Learner:
    """Master weights and optimizer state of one run, in float32, and the compiled steps over them."""

    def __init__(
        self, network: Network, trained: Weights, frozen: Weights | None, optimizer: AdamW, *, clip: float, shards: int, seed: int
    ) -> None:
        """`trained` and `frozen` are nests of numpy arrays that make the network's weights together."""
        self._network = network
        self._optimizer = optimizer
        self._clip = clip
        self._shards = shards
        self._seed = seed
        self._nest = tf.nest.map_structure(lambda array: tf.Variable(array, dtype=tf.float32), trained)
        self._frozen = tf.nest.map_structure(tf.constant, frozen or {})
        self._flat = tf.nest.flatten(self._nest)
        self._means = [tf.Variable(tf.zeros_like(one)) for one in self._flat]
        self._squares = [tf.Variable(tf.zeros_like(one)) for one in self._flat]
        self._gradients_of_shard = _Open(self._shard)
        self._loss_of_shard = _Open(self._shard_loss)
        self._move = tf.function(self._moved, jit_compile=True, autograph=False)
        self._threads = ThreadPoolExecutor(shards, "shard")

    def step(self, parts: Sequence[Batch], *, rate: float, number: int) -> tuple[float, float]:
        """Learn from the parts of one batch; return the mean loss of what is learnt (nats a token) and the gradients' norm.

        `number` counts steps from 1.
        """
        # each residual part of each layer adds to its shard's seed: what shards and steps drop is drawn apart
        seeds = (np.array([self._seed, place << 12], np.int64) for place in count(number * len(parts) * self._shards))
        total: Any = None
        for part in parts:
            for done in self._threads.map(self._gradients_of_shard, part.shards(self._shards), islice(seeds, self._shards)):
                total = done if total is None else tf.nest.map_structure(tf.add, total, done)
        learnt = np.float32(sum(float(part.weights.sum()) for part in parts))
        loss, norm = self._move(*total, learnt, np.float32(rate), np.float32(number))
        return float(loss), float(norm)

    def evaluate(self, batch: Batch) -> tuple[float, float]:
        """Return the summed loss of a batch and how many tokens it is of."""
        losses = self._threads.map(self._loss_of_shard, batch.shards(self._shards))
        return sum(float(loss) for loss in losses), float(batch.weights.sum())

    def state(self) -> Mapping[str, Any]:
        """Return what a checkpoint must hold to go on."""
        return {"weights": self._flat, "means": self._means, "squares": self._squares}

    def weights(self) -> Weights:
        """Return what is trained, as numpy arrays."""
        nest: Weights = tf.nest.map_structure(lambda variable: variable.numpy(), self._nest)
        return nest

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown()

    def _shard_loss(self, shard: Shard) -> Array:
        return self._network.loss(self._whole(self._values()), shard, tf.zeros(2, tf.int64))

    def _shard(self, shard: Shard, seed: Array) -> tuple[Array, list[Array]]:
        trained = self._values()
        flat = tf.nest.flatten(trained)
        with tf.GradientTape() as tape:
            tape.watch(flat)
            loss = self._network.loss(self._whole(trained), shard, seed)
        return loss, [tf.convert_to_tensor(one) for one in tape.gradient(loss, flat)]

    def _values(self) -> Weights:
        nest: Weights = tf.nest.map_structure(lambda variable: variable.read_value(), self._nest)
        return nest

    def _whole(self, trained: Weights) -> Weights:
        """Return the network's weights: what is trained beside what is not."""
        if not self._frozen:
            return trained
        layers = tuple({**base, **more} for base, more in zip(self._frozen["layers"], trained["layers"], strict=True))
        return {**self._frozen, **trained, "layers": layers}

    def _moved(self, loss: Array, gradients: Sequence[Array], learnt: Array, rate: Array, number: Array) -> tuple[Array, Array]:
        """Take one step from summed loss and gradients of so many learnt tokens; return the mean loss and the gradients' norm."""
        scaled, norm = clipped([gradient / learnt for gradient in gradients], self._clip)
        for weight, gradient, mean, square in zip(self._flat, scaled, self._means, self._squares, strict=True):
            news = self._optimizer.moved(weight.read_value(), gradient, mean.read_value(), square.read_value(), rate, number)
            for variable, value in zip((weight, mean, square), news, strict=True):
                variable.assign(value)
        return loss / learnt, norm


class _Open:
    """A function of a shard as one program, whatever the numbers of its tokens and examples: their widths alone make another."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._programs: dict[tuple[int, ...], Callable[..., Any]] = {}
        self._lock = Lock()

    def __call__(self, shard: Shard, *more: Array) -> Any:
        widths = tuple(one.shape[1] for one in shard.spans.places)
        with self._lock:
            program = self._programs.get(widths)
            if program is None:
                signature = tf.nest.map_structure(lambda one: tf.TensorSpec((None, *one.shape[1:]), one.dtype), (shard, *more))
                program = tf.function(self._function, input_signature=signature, autograph=False)
                # alone: threads that meet a new program at once would each optimise and compile it
                done = program(shard, *more)
                self._programs[widths] = program
                return done
        return program(shard, *more)
