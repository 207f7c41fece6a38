"""Which tensors of a checkpoint become which weights of the transformer: names and shapes, as transformers stores each family.

Weights multiply from the right ([in, out]); queries, keys and values are one matrix, and so are gate and up of a SwiGLU, because
one large product is faster than several small ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import prod

from mailbot.generate.architecture import Architecture

_IGNORED = re.compile(r"(^|\.)(attn\.(masked_)?bias|rotary_emb\.inv_freq)$|^lm_head\.weight$")
"""Buffers that old checkpoints carry, and the output layer where it is tied to the embedding."""


def is_ignored(name: str) -> bool:
    """Return whether a tensor of a file may be there without being used."""
    return bool(_IGNORED.search(name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """One weight: `sources` of `shapes` in the files, joined along the last axis.

    `turned` ones are stored [out, in] and transposed first.
    `layer` None is a weight of the whole model.
    """

    name: str
    sources: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    layer: int | None = None
    turned: bool = False

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return sum(prod(shape) for shape in self.shapes)

    def without(self, prefix: str) -> Tensor:
        """Return it with a prefix of the source names left out."""
        return replace(self, sources=tuple(source.removeprefix(prefix) for source in self.sources))


def tensors_of(shape: Architecture) -> Iterator[Tensor]:
    """Yield every weight of an architecture."""
    return _gpt2(shape) if shape.family == "gpt2" else _llama(shape)


def _gpt2(shape: Architecture) -> Iterator[Tensor]:
    """GPT-2 stores [in, out] (its Conv1D), so nothing is turned but the output layer, kept as the embedding is: [V, D]."""
    wide, inner = shape.width, shape.inner
    yield Tensor(name="embed", sources=("transformer.wte.weight",), shapes=((shape.vocabulary, wide),))
    yield Tensor(name="positions", sources=("transformer.wpe.weight",), shapes=((shape.window, wide),))
    for layer in range(shape.layers):
        for name, source, dims in (
            ("norm1", "ln_1.weight", (wide,)),
            ("norm1_bias", "ln_1.bias", (wide,)),
            ("qkv", "attn.c_attn.weight", (wide, 3 * wide)),
            ("qkv_bias", "attn.c_attn.bias", (3 * wide,)),
            ("out", "attn.c_proj.weight", (wide, wide)),
            ("out_bias", "attn.c_proj.bias", (wide,)),
            ("norm2", "ln_2.weight", (wide,)),
            ("norm2_bias", "ln_2.bias", (wide,)),
            ("up", "mlp.c_fc.weight", (wide, inner)),
            ("up_bias", "mlp.c_fc.bias", (inner,)),
            ("down", "mlp.c_proj.weight", (inner, wide)),
            ("down_bias", "mlp.c_proj.bias", (wide,)),
        ):
            yield Tensor(name=name, layer=layer, sources=(f"transformer.h.{layer}.{source}",), shapes=(dims,))
    yield Tensor(name="norm", sources=("transformer.ln_f.weight",), shapes=((wide,),))
    yield Tensor(name="norm_bias", sources=("transformer.ln_f.bias",), shapes=((wide,),))
    if not shape.tied:
        yield Tensor(name="head", sources=("lm_head.weight",), shapes=((shape.vocabulary, wide),))


def _llama(shape: Architecture) -> Iterator[Tensor]:
    """The Llama family stores linear layers as [out, in]."""
    wide, inner = shape.width, shape.inner
    queries, keys = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    yield Tensor(name="embed", sources=("model.embed_tokens.weight",), shapes=((shape.vocabulary, wide),))
    for layer in range(shape.layers):
        at = f"model.layers.{layer}."
        qkv = tuple(f"{at}self_attn.{one}_proj" for one in "qkv")
        up = tuple(f"{at}mlp.{one}_proj" for one in ("gate", "up"))

        def turned(name: str, sources: tuple[str, ...], outs: tuple[int, ...], into: int, layer: int = layer) -> Tensor:
            stored = tuple(f"{source}.weight" for source in sources)
            return Tensor(name=name, layer=layer, sources=stored, shapes=tuple((out, into) for out in outs), turned=True)

        def plain(name: str, sources: tuple[str, ...], outs: tuple[int, ...], layer: int = layer) -> Tensor:
            return Tensor(name=name, layer=layer, sources=sources, shapes=tuple((out,) for out in outs))

        yield plain("norm1", (f"{at}input_layernorm.weight",), (wide,))
        yield turned("qkv", qkv, (queries, keys, keys), wide)
        if shape.qkv_bias:
            yield plain("qkv_bias", tuple(f"{one}.bias" for one in qkv), (queries, keys, keys))
        if shape.query_norm:
            yield plain("query_norm", (f"{at}self_attn.q_norm.weight",), (shape.head_dim,))
            yield plain("key_norm", (f"{at}self_attn.k_norm.weight",), (shape.head_dim,))
        yield turned("out", (f"{at}self_attn.o_proj",), (wide,), queries)
        if shape.out_bias:
            yield plain("out_bias", (f"{at}self_attn.o_proj.bias",), (wide,))
        yield plain("norm2", (f"{at}post_attention_layernorm.weight",), (wide,))
        yield turned("up", up, (inner, inner), wide)
        yield turned("down", (f"{at}mlp.down_proj",), (wide,), inner)
        if shape.mlp_bias:
            yield plain("up_bias", tuple(f"{one}.bias" for one in up), (inner, inner))
            yield plain("down_bias", (f"{at}mlp.down_proj.bias",), (wide,))
    yield Tensor(name="norm", sources=("model.norm.weight",), shapes=((wide,),))
    if not shape.tied:
        yield Tensor(name="head", sources=("lm_head.weight",), shapes=((shape.vocabulary, wide),))
