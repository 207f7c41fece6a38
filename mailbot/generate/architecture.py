"""The shape of a GPT as a Hugging Face config.json states it: GPT-2 and the Llama family (Llama 3, Qwen2, Qwen3).

Only what the transformer computes exactly is accepted; anything else is one error that names what is supported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mailbot.errors import ConfigError

SUPPORTED = ("gpt2", "llama", "qwen2", "qwen3")
"""The values of `model_type` in config.json that are read."""

Activation = Literal["gelu", "gelu_tanh", "relu", "silu"]

_ACTIVATIONS: dict[str, Activation] = {
    "gelu": "gelu", "gelu_new": "gelu_tanh", "gelu_pytorch_tanh": "gelu_tanh", "relu": "relu", "silu": "silu", "swish": "silu",
}  # fmt: skip

REMEDY = f"use a checkpoint of {', '.join(SUPPORTED[:-1])} or {SUPPORTED[-1]} (Llama 3, Qwen2 and Qwen3 among them)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rope:
    """Rotary position embedding; with `factor` above 1 the low frequencies are slowed down as Llama 3.1 does, or all ("linear")."""

    theta: float
    scaling: Literal["none", "linear", "llama3"] = "none"
    factor: float = 1.0
    low_frequency: float = 1.0
    high_frequency: float = 4.0
    trained_window: int = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """Everything that fixes what a transformer computes, but its weights.

    `width` is the size of the residual stream, `inner` that of the feed-forward layer, `window` the most positions there are.
    `rope` None means learned positions (GPT-2). `rms` norms have no bias and no mean; `gated` is SwiGLU. `query_norm` is the
    norm of each head's queries and keys (Qwen3). `tied` uses the token embedding as the output layer too.
    """

    family: str
    layers: int
    width: int
    heads: int
    kv_heads: int
    head_dim: int
    inner: int
    vocabulary: int
    window: int
    epsilon: float
    activation: Activation
    rope: Rope | None
    rms: bool
    gated: bool
    qkv_bias: bool
    out_bias: bool
    mlp_bias: bool
    query_norm: bool
    tied: bool

    def cache_bytes(self, positions: int, bytes_each: int = 4) -> int:
        """Return the bytes that keys and values of so many positions of one slot take, in all layers."""
        return 2 * self.layers * self.kv_heads * self.head_dim * positions * bytes_each


def parse_architecture(config: Mapping[str, Any], file: str) -> Architecture:
    """Return the architecture that a config.json describes; `file` is its name, for errors. Raises ConfigError."""
    family = config.get("model_type")
    if family not in SUPPORTED:
        raise ConfigError(f"{file}: the architecture {family!r} is not supported", remedy=REMEDY)
    reader = _Reader(config, file)
    if config.get("quantization_config"):
        raise reader.refuse("quantization_config", "quantised weights are not read", "use the float checkpoint it was made from")
    found = _gpt2(reader) if family == "gpt2" else _llama(reader, str(family))
    if found.heads % found.kv_heads:
        raise ConfigError(f"{file}: {found.heads} attention heads do not divide among {found.kv_heads} key/value heads")
    if found.rope and found.head_dim % 2:
        raise ConfigError(f"{file}: rotary positions need an even head_dim, not {found.head_dim}")
    return found


class _Reader:
    """Takes typed values out of a config.json, and says which one is wrong."""

    def __init__(self, config: Mapping[str, Any], file: str) -> None:
        self.config = config
        self.file = file

    def refuse(self, key: str, why: str, remedy: str = REMEDY) -> ConfigError:
        return ConfigError(f"{self.file}: {key}: {why}", remedy=remedy)

    def whole(self, key: str, default: int | None = None) -> int:
        value = self.config.get(key)
        value = default if value is None else value
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise self.refuse(key, f"a whole number above 0 is expected, not {value!r}", "take the checkpoint's own config.json")
        return value

    def real(self, key: str, default: float, source: Mapping[str, Any] | None = None) -> float:
        value = (self.config if source is None else source).get(key)
        value = default if value is None else value
        if not isinstance(value, int | float) or isinstance(value, bool) or value <= 0:
            raise self.refuse(key, f"a number above 0 is expected, not {value!r}", "take the checkpoint's own config.json")
        return float(value)

    def flag(self, key: str, default: bool) -> bool:
        value = self.config.get(key)
        return default if value is None else bool(value)

    def activation(self, key: str, default: str) -> Activation:
        name = self.config.get(key) or default
        if name not in _ACTIVATIONS:
            raise self.refuse(key, f"{name!r} is not supported", f"supported are {', '.join(_ACTIVATIONS)}")
        return _ACTIVATIONS[name]


def _gpt2(reader: _Reader) -> Architecture:
    """GPT-2 (Radford et al. 2019): LayerNorm before each part, learned positions, biases everywhere."""
    if not reader.flag("scale_attn_weights", True) or reader.flag("scale_attn_by_inverse_layer_idx", False):
        raise reader.refuse("scale_attn_weights", "only attention scaled by the root of head_dim is supported")
    width, heads = reader.whole("n_embd"), reader.whole("n_head")
    if width % heads:
        raise reader.refuse("n_head", f"{heads} heads do not divide a width of {width}", "take the checkpoint's own config.json")
    return Architecture(
        family="gpt2",
        layers=reader.whole("n_layer"),
        width=width,
        heads=heads,
        kv_heads=heads,
        head_dim=width // heads,
        inner=reader.whole("n_inner", 4 * width),
        vocabulary=reader.whole("vocab_size"),
        window=reader.whole("n_positions"),
        epsilon=reader.real("layer_norm_epsilon", 1e-5),
        activation=reader.activation("activation_function", "gelu_new"),
        rope=None,
        rms=False,
        gated=False,
        qkv_bias=True,
        out_bias=True,
        mlp_bias=True,
        query_norm=False,
        tied=reader.flag("tie_word_embeddings", True),
    )


def _llama(reader: _Reader, family: str) -> Architecture:
    """Llama, Qwen2 (biases on queries, keys and values) and Qwen3 (a norm on queries and keys instead)."""
    width, heads = reader.whole("hidden_size"), reader.whole("num_attention_heads")
    biased = reader.flag("attention_bias", False)
    window = reader.whole("max_position_embeddings")
    if reader.flag("use_sliding_window", False):
        # inside the sliding window nothing slides: the answer is exact, only the usable window is shorter
        window = min(window, reader.whole("sliding_window", window))
    return Architecture(
        family=family,
        layers=reader.whole("num_hidden_layers"),
        width=width,
        heads=heads,
        kv_heads=reader.whole("num_key_value_heads", heads),
        head_dim=reader.whole("head_dim", max(1, width // heads)),
        inner=reader.whole("intermediate_size"),
        vocabulary=reader.whole("vocab_size"),
        window=window,
        epsilon=reader.real("rms_norm_eps", 1e-6),
        activation=reader.activation("hidden_act", "silu"),
        rope=_rope(reader),
        rms=True,
        gated=True,
        qkv_bias=True if family == "qwen2" else biased,
        out_bias=False if family == "qwen2" else biased,
        mlp_bias=family == "llama" and reader.flag("mlp_bias", False),
        query_norm=family == "qwen3",
        tied=reader.flag("tie_word_embeddings", False),
    )


def _rope(reader: _Reader) -> Rope:
    """Read `rope_parameters` (transformers 5) or `rope_theta` beside `rope_scaling` (before)."""
    stated = reader.config.get("rope_parameters") or reader.config.get("rope_scaling") or {}
    if not isinstance(stated, Mapping):
        raise reader.refuse("rope_scaling", f"an object is expected, not {stated!r}")
    theta = reader.real("rope_theta", reader.real("rope_theta", 10_000.0), stated)
    kind = stated.get("rope_type") or stated.get("type") or "default"
    if reader.real("partial_rotary_factor", reader.real("partial_rotary_factor", 1.0), stated) != 1.0:
        raise reader.refuse("partial_rotary_factor", "only whole heads are rotated")
    if kind == "default":
        return Rope(theta=theta)
    if kind == "linear":
        return Rope(theta=theta, scaling="linear", factor=reader.real("factor", 1.0, stated))
    if kind == "llama3":
        return Rope(
            theta=theta,
            scaling="llama3",
            factor=reader.real("factor", 8.0, stated),
            low_frequency=reader.real("low_freq_factor", 1.0, stated),
            high_frequency=reader.real("high_freq_factor", 4.0, stated),
            trained_window=int(reader.real("original_max_position_embeddings", 8192, stated)),
        )
    raise reader.refuse("rope_scaling", f"{kind!r} is not supported", "supported are default, linear and llama3")
