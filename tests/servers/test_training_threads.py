"""What training sets before TensorFlow computes: programs of XLA that several threads may run at once."""

from __future__ import annotations

import os
import subprocess
import sys

CODE = """
import threading
from mailbot.generate.training import device

device.settle(2)
import numpy as np
import tensorflow as tf

rows = tf.constant(np.linspace(0, 1, 256 * 512, dtype=np.float32).reshape(256, 512))
for number in range(20):

    @tf.function(jit_compile=True, autograph=False)
    def summed(rows):
        return tf.reduce_sum(tf.exp(rows * (number + 1)), axis=1) + tf.reduce_max(rows, axis=1)

    summed.get_concrete_function(rows)
    together = threading.Barrier(8)

    def run():
        together.wait()
        for _ in range(10):
            summed(rows)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
print("done")
"""


def test_a_program_may_be_run_first_by_several_threads() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "XLA_FLAGS"}
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "done"), done.stderr[-2000:]
