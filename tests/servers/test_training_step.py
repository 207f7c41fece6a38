"""A training step computes what torch computes (the fixture holds its numbers), and no example of a row sees another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from keras import tree
from safetensors.numpy import load_file

from mailbot.errors import UsageError
from mailbot.generate import transformer
from mailbot.generate.backend import ops
from mailbot.generate.checkpoint import Weights, open_checkpoint
from mailbot.generate.training.export import stored_tensors
from mailbot.generate.training.learner import Learner
from mailbot.generate.training.lora import adapters, merged
from mailbot.generate.training.network import Network
from mailbot.generate.training.optimizer import AdamW
from mailbot.generate.training.rows import Batch
from mailbot.generate.training.spans import spans_of

FIXTURES = Path(__file__).parents[1] / "fixtures"
TORCH = json.loads((FIXTURES / "training" / "two_steps.json").read_text(encoding="utf-8"))
SETTINGS = TORCH["settings"]


def whole_rows(tokens: np.ndarray, first: int) -> Batch:
    """Rows of one example each, of which what follows place `first` is learnt."""
    weights = np.zeros(tokens.shape, np.float32)
    weights[:, first:-1] = 1.0
    positions = np.broadcast_to(np.arange(tokens.shape[1], dtype=np.int32), tokens.shape)
    return Batch(
        tokens=tokens, segments=np.ones_like(tokens), positions=positions, targets=np.roll(tokens, -1, axis=1), weights=weights
    )


def learner(network: Network, trained: Weights, frozen: Weights | None = None, *, shards: int = 1) -> Learner:
    optimizer = AdamW(betas=tuple(SETTINGS["betas"]), decay=SETTINGS["decay"], epsilon=SETTINGS["epsilon"])
    return Learner(network, trained, frozen, optimizer, clip=SETTINGS["clip"], shards=shards, seed=3)


class Tried:
    """A network, a learner of it, a batch, and the weights that it began with: compiled once for all tests."""

    def __init__(self, name: str) -> None:
        checkpoint = open_checkpoint(FIXTURES / "checkpoints" / name)
        self.architecture = checkpoint.architecture
        self.weights = checkpoint.load_weights()
        self.batch = whole_rows(load_file(FIXTURES / "checkpoints" / name / "expected.safetensors")["tokens"], SETTINGS["from"])
        self.network = Network(self.architecture, "float32", adapted=2.0)
        self.learner = learner(self.network, self.weights)

    def begin(self, weights: Weights) -> None:
        """Start anew from these weights."""
        state = self.learner.state()
        for variables in (state["means"], state["squares"]):
            for variable in variables:
                variable.assign(np.zeros(variable.shape, np.float32))
        for variable, array in zip(state["weights"], tree.flatten(weights), strict=True):
            variable.assign(array)


@pytest.fixture(scope="module")
def llama() -> Iterator[Tried]:
    tried = Tried("llama-biased")
    yield tried
    tried.learner.close()


@pytest.mark.parametrize("name", ["gpt2", "llama-biased"])
def test_two_steps_are_those_of_torch(name: str, llama: Tried) -> None:
    tried = llama if name == "llama-biased" else Tried(name)
    tried.begin(tried.weights)
    expected = TORCH["models"][name]
    for number in (1, 2):
        loss, norm = tried.learner.step([tried.batch], rate=SETTINGS["rate"], number=number)
        assert loss == pytest.approx(expected["losses"][number - 1], rel=2e-5)
        assert norm == pytest.approx(expected["norms"][number - 1], rel=2e-4)
    after = stored_tensors(tried.architecture, tried.learner.weights(), "float32")
    for key, kept in expected["after"].items():
        flat = after[key].reshape(-1)
        sample = flat[:: max(1, flat.size // SETTINGS["kept"])][: SETTINGS["kept"]]
        assert sample == pytest.approx(kept, abs=2e-4), key
    if tried is not llama:
        tried.learner.close()


@pytest.mark.parametrize("name", ["gpt2-untied", "llama3", "qwen2", "qwen3"])
def test_the_loss_of_every_family_is_that_of_torch(name: str) -> None:
    tried = Tried(name)
    loss, count = tried.learner.evaluate(tried.batch)
    assert loss / count == pytest.approx(TORCH["models"][name]["losses"][0], rel=2e-5)
    tried.learner.close()


def test_shards_and_parts_make_the_same_step(llama: Tried) -> None:
    batch = llama.batch
    names = ("tokens", "segments", "positions", "targets", "weights")
    halves = [Batch(**{name: getattr(batch, name)[row : row + 1] for name in names}) for row in (0, 1)]
    two = learner(llama.network, llama.weights, shards=2)
    made = []
    for one, parts in ((llama.learner, [batch]), (llama.learner, halves), (two, [batch])):
        llama.begin(llama.weights)
        made.append((*one.step(parts, rate=1e-2, number=1), one.weights()["embed"], one.evaluate(batch)))
    for loss, norm, embed, (held_out, count) in made[1:]:
        assert loss == pytest.approx(made[0][0], rel=1e-5)
        assert norm == pytest.approx(made[0][1], rel=1e-4)
        assert np.abs(embed - made[0][2]).max() < 1e-4
        assert held_out == pytest.approx(made[0][3][0], rel=1e-4)
        assert count == batch.weights.sum()
    # it has learnt something of the batch
    assert made[0][3][0] / made[0][3][1] < made[0][0]
    two.close()


def test_no_example_of_a_row_sees_another(llama: Tried) -> None:
    architecture, weights = llama.architecture, llama.weights
    numbers = np.random.default_rng(4)
    lengths = (9, 6, 5)
    tokens = np.zeros((2, 24), np.int32)
    tokens[:, :20] = numbers.integers(3, 96, 20)
    tokens[1, 9:15] = numbers.integers(3, 96, 6)
    segments = np.array([[1] * 9 + [2] * 6 + [3] * 5 + [0] * 4] * 2, np.int32)
    positions = np.array([[*range(9), *range(6), *range(5), *[0] * 4]] * 2, np.int32)
    flat = (ops.convert_to_tensor(one.reshape(-1)) for one in (tokens, positions))
    stream, other = llama.network.stream(weights, *flat, spans_of(segments), np.zeros(2, np.int64)).numpy().reshape(2, 24, -1)
    assert (stream[:9] == other[:9]).all()
    assert (stream[15:20] == other[15:20]).all()
    assert (stream[9:15] != other[9:15]).any()
    # and each is what the transformer makes of it alone
    start = 0
    for length in lengths:
        alone = transformer.forward(architecture, weights, ops.convert_to_tensor(tokens[:1, start : start + length])).numpy()[0]
        assert np.abs(stream[start : start + length] @ weights["embed"].T - alone).max() < 1e-4
        start += length


def test_lora_learns_beside_the_weights_and_is_merged_exactly(llama: Tried) -> None:
    weights = llama.weights
    before = {name: array.copy() for name, array in weights["layers"][0].items()}
    one = learner(llama.network, adapters(weights, 3, ("qkv", "down"), 1), weights)
    llama.begin(weights)
    began = one.evaluate(llama.batch)[0]
    assert began == pytest.approx(llama.learner.evaluate(llama.batch)[0], rel=1e-6)
    for number in range(1, 6):
        one.step([llama.batch], rate=1e-2, number=number)
    adapted = one.evaluate(llama.batch)[0]
    assert adapted < 0.95 * began
    whole = merged(weights, one.weights(), 2.0)
    llama.begin(whole)
    assert llama.learner.evaluate(llama.batch)[0] == pytest.approx(adapted, rel=1e-5)
    assert all((weights["layers"][0][name] == array).all() for name, array in before.items())
    same = {name for name, array in whole["layers"][0].items() if array is weights["layers"][0][name]}
    assert same == set(before) - {"qkv", "down"}
    one.close()


def test_lora_after_norms_with_biases_is_merged_exactly() -> None:
    tried = Tried("gpt2")
    numbers = np.random.default_rng(6)
    weights = tree.map_structure(lambda one: one + numbers.normal(0, 0.3, one.shape).astype(np.float32), tried.weights)
    learnt = adapters(weights, 3, ("qkv", "up"), 1)
    learnt = tree.map_structure(lambda one: one + numbers.normal(0, 0.3, one.shape).astype(np.float32), learnt)
    one = learner(tried.network, learnt, weights)
    tried.begin(merged(weights, learnt, 2.0))
    assert one.evaluate(tried.batch)[0] == pytest.approx(tried.learner.evaluate(tried.batch)[0], rel=1e-5)
    one.close()
    tried.learner.close()


def test_adapters_of_no_known_matrix_are_refused(llama: Tried) -> None:
    with pytest.raises(UsageError, match="there is no 'head'"):
        adapters(llama.weights, 2, ("head",), 0)


def test_long_rows_are_computed_in_blocks() -> None:
    # 256 tokens are two blocks of queries
    checkpoint = open_checkpoint(FIXTURES / "checkpoints" / "gpt2-text")
    shape = replace(checkpoint.architecture, window=256)
    weights = checkpoint.load_weights()
    weights["positions"] = np.random.default_rng(1).normal(0, 0.1, (256, shape.width)).astype(np.float32)
    tokens = np.random.default_rng(2).integers(3, 320, (1, 256)).astype(np.int32)
    logits = transformer.forward(shape, weights, ops.convert_to_tensor(tokens)).numpy()[0, 4:-1]
    logits = logits - logits.max(axis=-1, keepdims=True)
    losses = np.log(np.exp(logits).sum(axis=-1)) - logits[np.arange(len(logits)), tokens[0, 5:]]
    one = learner(Network(shape, "float32"), weights)
    assert one.evaluate(whole_rows(tokens, 4)) == (pytest.approx(losses.sum(), rel=1e-5), len(losses))
    one.close()
