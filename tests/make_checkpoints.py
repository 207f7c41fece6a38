"""Makes the tiny random checkpoints in tests/fixtures/checkpoints, with the logits that transformers and torch compute from them.

Needs torch and transformers (`pip install torch transformers`), which the tests do not: run it only to make the fixtures anew.
Each directory is what `save_pretrained` writes, plus expected.safetensors: `tokens` [2, L] and `logits` [2, L, V] in float32.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import tokenizers
import torch
import transformers
from safetensors.torch import save_file

FOLDER = Path(__file__).parent / "fixtures" / "checkpoints"
LENGTH = 24
SMALL: dict[str, Any] = {
    "vocab_size": 96, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 64, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": None,
}  # fmt: skip
LLAMA3_ROPE = {
    "rope_type": "llama3", "rope_theta": 10_000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 16,
}  # fmt: skip
GPT2: dict[str, Any] = {
    "vocab_size": 96, "n_positions": 64, "n_embd": 32, "n_layer": 2, "n_head": 4, "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip
QWEN3 = {**SMALL, "head_dim": 16, "rope_parameters": {"rope_type": "default", "rope_theta": 1e6}}

CONFIGS: dict[str, transformers.PreTrainedConfig] = {
    "gpt2": transformers.GPT2Config(**GPT2),
    "gpt2-untied": transformers.GPT2Config(**GPT2, n_inner=40, activation_function="relu", tie_word_embeddings=False),
    "gpt2-text": transformers.GPT2Config(**GPT2 | {"vocab_size": 320, "n_embd": 16, "n_positions": 128}, tie_word_embeddings=False),
    "llama3": transformers.LlamaConfig(**SMALL, rope_parameters=LLAMA3_ROPE, tie_word_embeddings=False),
    "llama-biased": transformers.LlamaConfig(**SMALL, attention_bias=True, mlp_bias=True, tie_word_embeddings=True),
    "qwen2": transformers.Qwen2Config(**SMALL, tie_word_embeddings=True),
    "qwen3": transformers.Qwen3Config(**QWEN3, tie_word_embeddings=False),
    "qwen3-bf16": transformers.Qwen3Config(**QWEN3, tie_word_embeddings=True),
}


SAMPLE = """Dear Sir or Madam,

thank you for the invoice 4711 of 3 May 2026 over EUR 1,939.00. We have received your order and will pay by the end of the month.

您好,发票已收到,我们会尽快处理。

Kind regards
The desk"""


def save_tokenizer(folder: Path) -> None:
    """Train a byte-level BPE of the checkpoint's 320 tokens; 0 to 2 are special, 2 ends a text."""
    tokenizer = tokenizers.ByteLevelBPETokenizer()
    tokenizer.train_from_iterator([SAMPLE], vocab_size=320, min_frequency=1, special_tokens=["<pad>", "<bos>", "<eos>"])
    whole = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer._tokenizer, eos_token="<eos>", bos_token="<bos>")
    whole.chat_template = (
        "{% for message in messages %}<bos>{{ message.role }}\n{{ message.content }}<eos>\n{% endfor %}"
        "{% if add_generation_prompt %}<bos>assistant\n{% endif %}"
    )
    whole.save_pretrained(folder)


def roughen(model: torch.nn.Module) -> None:
    """Give every parameter, norms and biases too, values far enough from their defaults that a mistake shows in the logits."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim == 1:
                centre = 1.0 if name.endswith("weight") else 0.0
                parameter.copy_(centre + 0.3 * torch.randn_like(parameter))
            else:
                parameter.copy_(torch.randn_like(parameter) * (0.5 if "embed" in name or "wte" in name else 0.2))


def main() -> None:
    for number, (name, config) in enumerate(CONFIGS.items()):
        torch.manual_seed(1000 + number)
        model = transformers.AutoModelForCausalLM.from_config(config, attn_implementation="eager")
        roughen(model)
        if name.endswith("bf16"):
            model = model.to(torch.bfloat16)
        folder = FOLDER / name
        shutil.rmtree(folder, ignore_errors=True)
        # llama3 in shards, to have an index file; the others whole
        model.save_pretrained(folder, max_shard_size="20KB" if name == "llama3" else "1GB")
        # what bfloat16 weights stand for is computed in float32, as mailbot does on a CPU; read back, because converting the
        # model in memory would round its rotary frequencies too
        exact = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
        if name.endswith("text"):
            save_tokenizer(folder)
        tokens = torch.randint(3, config.vocab_size, (2, LENGTH))
        with torch.no_grad():
            logits = exact(tokens).logits
        save_file({"tokens": tokens.to(torch.int32), "logits": logits.contiguous()}, folder / "expected.safetensors")
        print(name, f"{sum(file.stat().st_size for file in folder.iterdir()) / 1000:.0f} kB", f"|logits| {logits.abs().max():.2f}")


if __name__ == "__main__":
    main()
