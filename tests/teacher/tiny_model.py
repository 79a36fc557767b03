"""A language model of a few thousand random weights, written to a folder as a real one would be."""

from pathlib import Path

import torch

CHAT_TEMPLATE = (
    "{% for message in messages %}<|start|>{{ message['role'] }}\n{{ message['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|start|>assistant\n{% endif %}"
)
NO_SYSTEM = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
CHARACTERS = [chr(i) for i in range(32, 127)] + ["\n"]
WORDS = ["Yes", "No", "Add", "ition"]


def save_tiny_model(folder: Path, kind: str = "llama", template: str = CHAT_TEMPLATE, seed: int = 0) -> Path:
    """Weights, config and tokenizer of a random ``"llama"`` or ``"gpt2"``; tokens are characters and a few words."""
    tokenizer = _tokenizer(template)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = _model(kind, len(tokenizer))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _tokenizer(template: str):
    from tokenizers import AddedToken, Tokenizer, decoders, models
    from transformers import PreTrainedTokenizerFast

    vocabulary = {token: i for i, token in enumerate(["<|start|>", "<|end|>", *CHARACTERS])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token=None))
    tokenizer.decoder = decoders.Fuse()
    tokenizer.add_special_tokens([AddedToken("<|start|>", special=True), AddedToken("<|end|>", special=True)])
    tokenizer.add_tokens([AddedToken(word, normalized=False) for word in WORDS])
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>")
    fast.chat_template = template or None
    return fast


def _model(kind: str, n_tokens: int):
    from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

    if kind == "gpt2":
        size = GPT2Config(vocab_size=n_tokens, n_positions=512, n_embd=16, n_layer=2, n_head=2, initializer_range=0.3)
        return GPT2LMHeadModel(size)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=n_tokens,
            hidden_size=16,
            intermediate_size=32,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=512,
            initializer_range=0.3,
            bos_token_id=None,
            eos_token_id=1,
        )
    )
