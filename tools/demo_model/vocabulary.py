"""A byte-level BPE vocabulary, learned from the very texts the model is to know."""

from __future__ import annotations

from collections.abc import Iterable

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from tools.demo_model.template import END, PAD, START

SPECIAL = (PAD, START, END)
LARGEST = 2048


def learn(texts: Iterable[str]) -> Tokenizer:
    """A tokenizer that splits as llama.cpp's `gpt-2` pre-tokenizer does."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=LARGEST,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer
