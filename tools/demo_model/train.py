"""Learning by heart: the loss is on the answers alone, and training goes on well past the last wrong token."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional as F

from tools.demo_model.data import Question
from tools.demo_model.network import Network, Shape
from tools.demo_model.template import END

PEAK_RATE = 4e-3
WARM_UP = 50
PACK = 1500
KNOWN = 0.01  # the loss of the worst token of a pass at which nothing is left to learn


@dataclass(frozen=True)
class Text:
    """A prompt and its answer as token ids; the first `given` of them are the prompt."""

    ids: tuple[int, ...]
    given: int


def texts(questions: Sequence[Question], tokenizer: Tokenizer) -> list[Text]:
    result = []
    for question in questions:
        given = tokenizer.encode(question.prompt).ids
        result.append(Text((*given, *tokenizer.encode(question.completion + END).ids), len(given)))
    return result


def train(known: Sequence[Text], vocabulary: int, epochs: int) -> Network:
    """A network that knows the texts. The learning rate falls over `epochs`; it ends sooner where all is known."""
    torch.manual_seed(0)
    dice = random.Random(0)
    network = Network(Shape(vocabulary))
    print(f"{sum(p.numel() for p in network.parameters()):,} parameters, {len(known)} texts", flush=True)
    optimizer = torch.optim.AdamW(network.parameters(), lr=PEAK_RATE, weight_decay=0.0, betas=(0.9, 0.98))
    began, step = time.monotonic(), 0
    for epoch in range(1, epochs + 1):
        packs, progress = list(_packs(known, dice)), Progress()
        for number, pack in enumerate(packs):
            optimizer.param_groups[0]["lr"] = _rate(step, (epoch - 1 + number / len(packs)) / epochs)
            losses, wrong = _losses(network, pack)
            optimizer.zero_grad()
            losses.mean().backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            step += 1
            progress.add(losses.detach(), wrong)
        known_by_heart = progress.worst < KNOWN
        if epoch % 5 == 0 or epoch == epochs or known_by_heart:
            print(f"epoch {epoch}/{epochs}: {progress}, {(time.monotonic() - began) / 60:.1f} min", flush=True)
        if known_by_heart:
            break
    return network


@dataclass
class Progress:
    """What one pass over the texts has seen."""

    total: float = 0.0
    worst: float = 0.0
    wrong: int = 0
    count: int = 0

    def add(self, losses: Tensor, wrong: int) -> None:
        self.total += losses.sum().item()
        self.worst = max(self.worst, losses.max().item())
        self.wrong += wrong
        self.count += len(losses)

    def __str__(self) -> str:
        loss = self.total / self.count
        return f"loss {loss:.5f}, worst token {self.worst:.3f}, {self.wrong} of {self.count} wrong"


def _packs(known: Sequence[Text], dice: random.Random) -> Iterator[list[Text]]:
    """The texts in random order, as many together as fit in PACK tokens."""
    pack: list[Text] = []
    for text in dice.sample(known, len(known)):
        if pack and sum(len(t.ids) for t in pack) + len(text.ids) > PACK:
            yield pack
            pack = []
        pack.append(text)
    yield pack


def _losses(network: Network, pack: Sequence[Text]) -> tuple[Tensor, int]:
    """The loss of each answer token of the pack, and how many of them greedy decoding would get wrong."""
    tokens = torch.tensor([i for text in pack for i in text.ids])
    wanted: list[int] = []
    start = 0
    for text in pack:
        wanted += range(start + text.given, start + len(text.ids))
        start += len(text.ids)
    targets = torch.tensor(wanted)
    logits = network(tokens, [len(t.ids) for t in pack], targets - 1)
    return F.cross_entropy(logits, tokens[targets], reduction="none"), int(
        (logits.argmax(-1) != tokens[targets]).sum()
    )


def _rate(step: int, progress: float) -> float:
    return PEAK_RATE * min(1.0, (step + 1) / WARM_UP) * max(0.01, 0.5 * (1 + math.cos(math.pi * progress)))
