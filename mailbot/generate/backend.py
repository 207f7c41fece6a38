"""The one module that knows which tensor library runs below Keras: how a step is compiled, and where its state stays.

`KERAS_BACKEND` chooses tensorflow (the default) or jax. Importing this module imports that library: only the engine's own
process does so.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from mailbot.errors import ConfigError

BACKENDS = ("tensorflow", "jax")

os.environ.setdefault("KERAS_BACKEND", BACKENDS[0])
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

NAME = os.environ["KERAS_BACKEND"]
if NAME not in BACKENDS:
    raise ConfigError(f"KERAS_BACKEND is {NAME!r}", remedy=f"set it to {' or '.join(BACKENDS)}, or not at all")
try:
    import keras
    from keras import ops
except ImportError as error:
    raise ConfigError(f"the local model needs {NAME} ({error})", remedy='install it with `pip install "mailbot[cpu]"`') from error

__all__ = ["NAME", "Resident", "is_exhausted", "keras", "limit_threads", "on_accelerator", "ops"]

Step = Callable[..., tuple[list[Any], Any]]
"""(weights, state, *inputs) → (the new state, outputs), written over `keras.ops`."""


class Resident:
    """Weights and state that stay on the device between calls.

    Each compiled step replaces the state by the one it returns, in place where the library can: nothing of it is copied to the
    host, and only inputs and outputs travel.
    """

    def __init__(self, weights: Any, shapes: Sequence[tuple[int, ...]], dtype: str) -> None:
        """`weights` is a nest of arrays; the state starts as zeros of `shapes`."""
        self._weights = keras.tree.map_structure(lambda array: _placed(array, dtype), weights)
        self._empty = [(shape, dtype) for shape in shapes]
        self._state: list[Any] = []
        self._begin()

    def renew(self, shapes: Sequence[tuple[int, ...]]) -> None:
        """Begin again with a state of other shapes. What was compiled before is of no use any more, and must not be kept."""
        dtype = self._empty[0][1]
        self._empty = [(shape, dtype) for shape in shapes]
        self._state = []
        self._begin()

    def compiled(self, step: Step) -> Callable[..., Any]:
        """Return the step as a function of its inputs (numpy arrays) that returns its outputs; each shape is compiled once.

        What of the state it returns as it got it stays untouched.
        """
        return self._with_jax(step) if NAME == "jax" else self._with_tensorflow(step)

    def _begin(self) -> None:
        if NAME == "jax":
            self._state = [ops.zeros(shape, dtype) for shape, dtype in self._empty]
        else:
            import tensorflow as tf

            self._state = [tf.Variable(tf.zeros(shape, dtype), trainable=False) for shape, dtype in self._empty]

    def _with_tensorflow(self, step: Step) -> Callable[..., Any]:
        import tensorflow as tf

        # it warns of a function traced for several shapes, which is what buckets are for
        tf.get_logger().setLevel("ERROR")

        @tf.function(jit_compile=True, autograph=False)  # type: ignore[untyped-decorator]
        def run(*inputs: Any) -> Any:
            old = [variable.read_value() for variable in self._state]
            new, outputs = step(self._weights, list(old), *inputs)
            for variable, before, value in zip(self._state, old, new, strict=True):
                if value is not before:
                    variable.assign(value)
            return outputs

        return lambda *inputs: run(*(tf.convert_to_tensor(one) for one in inputs))

    def _with_jax(self, step: Step) -> Callable[..., Any]:
        import jax

        # weights are an argument: closed over, they would be compiled in as constants
        run = jax.jit(step, donate_argnums=(1,))

        def call(*inputs: Any) -> Any:
            self._state, outputs = run(self._weights, self._state, *inputs)
            return outputs

        return call


def _placed(array: Any, dtype: str) -> Any:
    """Return an array as a tensor. On a CPU TensorFlow shares float32 arrays with numpy: its own conversion copies them twice."""
    if NAME == "tensorflow" and dtype == "float32" and str(array.dtype) == dtype and not on_accelerator():
        import tensorflow as tf

        return tf.experimental.dlpack.from_dlpack(array.__dlpack__())
    return ops.convert_to_tensor(array, dtype=dtype)


def limit_threads(most: int) -> None:
    """Let computations use at most so many CPU threads. Call it before anything is computed."""
    if NAME == "jax":
        os.environ["NPROC"] = str(most)
    else:
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(most)


def is_exhausted(error: BaseException) -> bool:
    """Return whether an error says that the device has no memory left, in the words of either library or of Python."""
    named = type(error).__name__ == "ResourceExhaustedError" or isinstance(error, MemoryError)
    return named or "RESOURCE_EXHAUSTED" in str(error) or "out of memory" in str(error).lower()


def on_accelerator() -> bool:
    """Return whether computations run on a GPU."""
    if NAME == "jax":
        import jax

        return bool(jax.default_backend() != "cpu")
    import tensorflow as tf

    return bool(tf.config.list_physical_devices("GPU"))
