"""A small GPT, trained as such programs are: one process or several, with or without CUDA."""

import inspect
import math
import os
import tempfile
from contextlib import nullcontext
from dataclasses import asdict, dataclass

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.parallel import DistributedDataParallel


@dataclass
class Config:
    block: int = 8
    vocabulary: int = 20
    layers: int = 2
    heads: int = 2
    width: int = 8
    fused: bool = False


class Attention(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        self.heads, self.fused = config.heads, config.fused
        self.c_attn = nn.Linear(config.width, 3 * config.width, bias=False)
        self.c_proj = nn.Linear(config.width, config.width, bias=False)
        mask = torch.tril(torch.ones(config.block, config.block))
        self.register_buffer("mask", mask.view(1, 1, config.block, config.block))

    def forward(self, x: Tensor) -> Tensor:
        batch, length, width = x.size()
        q, k, v = (
            part.view(batch, length, self.heads, width // self.heads).transpose(1, 2)
            for part in self.c_attn(x).split(width, dim=2)
        )
        if self.fused:
            y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            scores = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
            scores = scores.masked_fill(self.mask[:, :, :length, :length] == 0, float("-inf"))
            y = functional.softmax(scores, dim=-1) @ v
        return self.c_proj(y.transpose(1, 2).contiguous().view(batch, length, width))


class Block(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(config.width, bias=False)
        self.attn = Attention(config)
        self.ln_2 = nn.LayerNorm(config.width, bias=False)
        self.mlp = nn.Sequential(
            nn.Linear(config.width, 4 * config.width),
            nn.GELU(),
            nn.Linear(4 * config.width, config.width),
        )

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class GPT(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.transformer = nn.ModuleDict(
            {
                "wte": nn.Embedding(config.vocabulary, config.width),
                "wpe": nn.Embedding(config.block, config.width),
                "h": nn.ModuleList([Block(config) for _ in range(config.layers)]),
                "ln_f": nn.LayerNorm(config.width, bias=False),
            }
        )
        self.lm_head = nn.Linear(config.width, config.vocabulary, bias=False)
        self.transformer.wte.weight = self.lm_head.weight
        self.apply(self._initialize)
        for name, parameter in self.named_parameters():
            if name.endswith("c_proj.weight"):
                nn.init.normal_(parameter, mean=0.0, std=0.02 / math.sqrt(2 * config.layers))

    @torch.jit.ignore
    def _initialize(self, module: nn.Module) -> None:
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, mean=0.0, std=0.2)
        if isinstance(module, nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)

    def forward(self, index: Tensor, targets: Tensor | None = None) -> tuple[Tensor, Tensor]:
        torch._assert(index.size(1) <= self.config.block, "the text is longer than a block")
        places = torch.arange(index.size(1), dtype=torch.long, device=index.device)
        x = self.transformer.wte(index) + self.transformer.wpe(places)
        for block in self.transformer.h:
            x = block(x)
        logits = self.lm_head(self.transformer.ln_f(x))
        if targets is None:
            return logits[:, [-1], :], torch.zeros(())
        loss = functional.cross_entropy(
            logits.view(-1, logits.size(-1)), targets.view(-1), ignore_index=-1
        )
        return logits, loss

    def configure_optimizers(self, decay: float, device_type: str) -> torch.optim.Optimizer:
        trained = [p for p in self.parameters() if p.requires_grad]
        groups = [
            {"params": [p for p in trained if p.dim() >= 2], "weight_decay": decay},
            {"params": [p for p in trained if p.dim() < 2], "weight_decay": 0.0},
        ]
        fused = "fused" in inspect.signature(torch.optim.AdamW).parameters
        extra = {"fused": True} if fused and device_type == "cuda" else {}
        return torch.optim.AdamW(groups, lr=1e-2, betas=(0.9, 0.95), **extra)

    @torch.no_grad()
    def generate(self, index: Tensor, count: int, top_k: int) -> Tensor:
        for _ in range(count):
            logits, _ = self(index[:, -self.config.block :])
            logits = logits[:, -1, :] / 0.8
            largest, _ = torch.topk(logits, min(top_k, logits.size(-1)))
            logits[logits < largest[:, [-1]]] = -float("inf")
            drawn = torch.multinomial(functional.softmax(logits, dim=-1).cpu(), num_samples=1)
            index = torch.cat((index, drawn.to(index.device)), dim=1)
        return index


def learning_rate(step: int, warmup: int = 2, last: int = 4) -> float:
    if step < warmup:
        return 1e-2 * (step + 1) / (warmup + 1)
    ratio = (step - warmup) / (last - warmup)
    return 1e-3 + 0.5 * (1.0 + math.cos(math.pi * ratio)) * 9e-3


torch.manual_seed(1337)
torch.backends.cuda.matmul.allow_tf32 = False
torch.set_float32_matmul_precision("highest")
device = "cuda" if torch.cuda.is_available() else "cpu"
context = nullcontext() if device == "cpu" else torch.amp.autocast("cuda", torch.float32)
text = "sphinx of black quartz judge my vow " * 5
letters = sorted(set(text))
data = torch.tensor([letters.index(letter) for letter in text])


def get_batch() -> tuple[Tensor, Tensor]:
    starts = torch.randint(len(data) - 8, (2,))
    x = torch.stack([data[i : i + 8] for i in starts])
    y = torch.stack([data[i + 1 : i + 9] for i in starts])
    if device == "cuda":
        x, y = x.pin_memory(), y.pin_memory()
    return x.to(device, non_blocking=True), y.to(device, non_blocking=True)


if int(os.environ.get("RANK", "-1")) != -1:
    dist.init_process_group("gloo")
for fused in (False, True):
    plain = GPT(Config(vocabulary=len(letters), fused=fused)).to(device)
    scaler = torch.amp.GradScaler(device, enabled=False)
    optimizer = plain.configure_optimizers(0.1, device)
    model = torch.compile(plain, backend="eager") if fused else plain
    if dist.is_initialized():
        model = DistributedDataParallel(model)
    for step in range(3):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step)
        for part in range(2):
            if dist.is_initialized():
                model.require_backward_grad_sync = part == 1
            x, y = get_batch()
            with context:
                _, loss = model(x, y)
            scaler.scale(loss / 2).backward()
        scaler.unscale_(optimizer)
        norm = nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad(set_to_none=True)
        print(f"iter {step}: loss {loss.item():.6f}, norm {norm.item():.6f}")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "checkpoint.pt")
        torch.save({"model": plain.state_dict(), "config": asdict(plain.config)}, path)
        checkpoint = torch.load(path, map_location=device)
    again = GPT(Config(**checkpoint["config"])).to(device).eval()
    print(again.load_state_dict(checkpoint["model"]))
    start = torch.zeros((1, 1), dtype=torch.long, device=device)
    print(repr("".join(letters[i] for i in again.generate(start, 6, top_k=5)[0].tolist())))
if dist.is_initialized():
    dist.destroy_process_group()
