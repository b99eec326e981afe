"""A small Llama: RMSNorm, interleaved rotary positions, SwiGLU, the output tied to the embedding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class Shape:
    """The sizes that make a network; `width` is shared out among the heads."""

    vocabulary: int
    width: int = 160
    layers: int = 4
    heads: int = 5
    hidden: int = 448
    theta: float = 10000.0
    epsilon: float = 1e-5

    @property
    def head(self) -> int:
        return self.width // self.heads


class Norm(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(shape.width))
        self.epsilon = shape.epsilon

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.epsilon) * self.weight


class Block(nn.Module):
    """Attention and a gated feed-forward. Tensors are (tokens, width): texts lie one after the other."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.attn_norm, self.ffn_norm = Norm(shape), Norm(shape)
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            setattr(self, name, nn.Linear(shape.width, shape.width, bias=False))
        self.ffn_gate = nn.Linear(shape.width, shape.hidden, bias=False)
        self.ffn_up = nn.Linear(shape.width, shape.hidden, bias=False)
        self.ffn_down = nn.Linear(shape.hidden, shape.width, bias=False)

    def forward(self, x: Tensor, lengths: Sequence[int], turn: tuple[Tensor, Tensor]) -> Tensor:
        h = self.attn_norm(x)
        q, k = rotate(self._heads(self.attn_q(h)), turn), rotate(self._heads(self.attn_k(h)), turn)
        parts = zip(*(t.split(list(lengths)) for t in (q, k, self._heads(self.attn_v(h)))), strict=True)
        seen = [self._attend(*part) for part in parts]
        x = x + self.attn_output(torch.cat(seen))
        h = self.ffn_norm(x)
        return x + self.ffn_down(F.silu(self.ffn_gate(h)) * self.ffn_up(h))

    def _heads(self, x: Tensor) -> Tensor:
        return x.view(len(x), self.shape.heads, self.shape.head)

    def _attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        q, k, v = (t.transpose(0, 1)[None] for t in (q, k, v))
        out = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return out[0].transpose(0, 1).reshape(q.shape[2], -1)


class Network(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.token_embd = nn.Embedding(shape.vocabulary, shape.width)
        self.blk = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.output_norm = Norm(shape)
        nn.init.normal_(self.token_embd.weight, std=0.02)

    def forward(self, tokens: Tensor, lengths: Sequence[int], wanted: Tensor) -> Tensor:
        """Logits (wanted, vocabulary) at the positions `wanted` of several texts laid end to end."""
        turn = angles(self.shape, lengths)
        x = self.token_embd(tokens)
        for block in self.blk:
            x = block(x, lengths, turn)
        return F.linear(self.output_norm(x[wanted]), self.token_embd.weight)


def angles(shape: Shape, lengths: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Cosines and sines (tokens, 1, head / 2) of the rotary positions; each text begins at 0."""
    positions = torch.cat([torch.arange(n) for n in lengths]).float()
    speeds = shape.theta ** (-torch.arange(0, shape.head, 2) / shape.head)
    turns = positions[:, None, None] * speeds
    return turns.cos(), turns.sin()


def rotate(x: Tensor, turn: tuple[Tensor, Tensor]) -> Tensor:
    """Neighbours are a pair, as llama.cpp has it for this architecture."""
    cos, sin = turn
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack((a * cos - b * sin, a * sin + b * cos), -1).flatten(-2)
