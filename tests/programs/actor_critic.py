"""An actor and its critic, and ratios of probabilities clipped, in a world of sines."""

import math
from collections import deque
from typing import NamedTuple

import torch
import torch.multiprocessing as mp
from torch import Tensor, nn, optim
from torch.distributions import Categorical, Normal, kl_divergence
from torch.nn import functional

torch.manual_seed(543)
mp.set_sharing_strategy("file_system")


class Action(NamedTuple):
    log_probability: Tensor
    value: Tensor


class Environment:
    def reset(self) -> list[float]:
        self.state, self.time = [0.1, -0.2, 0.3, 0.05], 0
        return self.state

    def step(self, action: int) -> tuple[list[float], float, bool]:
        self.time += 1
        self.state = [math.sin(3 * s + 0.5 * action + i) for i, s in enumerate(self.state)]
        return self.state, 1.0 if self.state[0] > 0 else -0.5, self.time >= 5


class Policy(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(4, 8)
        self.action_head = nn.Linear(8, 2)
        self.value_head = nn.Linear(8, 1)
        self.actions: list[Action] = []
        self.rewards: list[float] = []

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = functional.relu(self.hidden(x))
        return functional.softmax(self.action_head(x), dim=-1), self.value_head(x)


def select_action(model: Policy, state: list[float]) -> int:
    probabilities, value = model(torch.tensor(state).float())
    distribution = Categorical(probabilities)
    action = distribution.sample()
    model.actions.append(Action(distribution.log_prob(action), value))
    return action.item()


def finish_episode(model: Policy, optimizer: optim.Optimizer) -> float:
    total, returns = 0.0, deque()
    for reward in model.rewards[::-1]:
        total = reward + 0.99 * total
        returns.appendleft(total)
    returns = torch.tensor(returns)
    returns = (returns - returns.mean()) / (returns.std() + torch.finfo(torch.float32).eps)
    losses = []
    for (log_probability, value), wanted in zip(model.actions, returns, strict=True):
        losses.append(-log_probability * (wanted - value.item()))
        losses.append(functional.smooth_l1_loss(value, torch.tensor([wanted])).reshape(()))
    optimizer.zero_grad()
    loss = torch.stack(losses).sum()
    loss.backward()
    optimizer.step()
    del model.rewards[:], model.actions[:]
    return loss.item()


environment, actor = Environment(), Policy()
adam = optim.Adam(actor.parameters(), lr=3e-2)
for episode in range(3):
    state, done = environment.reset(), False
    while not done:
        state, reward, done = environment.step(select_action(actor, state))
        actor.rewards.append(reward)
    print(f"episode {episode}: loss {finish_episode(actor, adam):.6f}")

net = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 2))
for layer in net.modules():
    if isinstance(layer, nn.Linear):
        nn.init.xavier_uniform_(layer.weight, gain=math.sqrt(2))
        nn.init.zeros_(layer.bias)
log_std = nn.Parameter(torch.zeros(2))
adam = optim.Adam([*net.parameters(), log_std], lr=1e-2, eps=1e-5)
observed, advantage = torch.randn(5, 3), torch.randn(5)
with torch.no_grad():
    old = Normal(net(observed), log_std.exp())
    taken = old.sample()
    before = old.log_prob(taken).sum(-1)
for step in range(3):
    new = Normal(net(observed), log_std.exp().expand(5, 2))
    ratio = (new.log_prob(taken).sum(-1) - before).exp()
    clipped = torch.clamp(ratio, 0.8, 1.2)
    loss = -torch.min(ratio * advantage, clipped * advantage).mean()
    loss = loss - 0.01 * new.entropy().sum(-1).mean()
    adam.zero_grad()
    loss.backward()
    norm = nn.utils.clip_grad_norm_(net.parameters(), 0.5).item()
    apart = kl_divergence(old, new).mean().item()
    print(f"step {step}: loss {loss.item():.6f}, norm {norm:.6f}, divergence {apart:.6f}")
    adam.step()
