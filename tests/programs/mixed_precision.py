"""A loop with gradients scaled against underflow, in which a step overflows."""

import torch
from torch import Tensor, nn, optim
from torch.cuda import amp

torch.manual_seed(0)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")


class Square(torch.autograd.Function):
    @staticmethod
    @torch.amp.custom_fwd(device_type=device.type)
    def forward(ctx: torch.autograd.function.FunctionCtx, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    @torch.amp.custom_bwd(device_type=device.type)
    def backward(ctx: torch.autograd.function.FunctionCtx, cotangent: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return 2 * x * cotangent


@torch.jit.script
def gelu(x):  # as TorchScript has it, a tensor
    return x * 0.5 * (1.0 + torch.erf(x / 1.41421))


net = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2)).to(device)
optimizer = optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
scaler = torch.amp.GradScaler("cpu", init_scale=1024.0, growth_interval=2)
idle = amp.GradScaler(enabled=False)
inputs, targets = torch.randn(3, 4).to(device), torch.randn(3, 2).to(device)
for step in range(6):
    optimizer.zero_grad()
    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=False):
        loss = Square.apply(gelu(net(inputs)) - targets).mean()
    loss = idle.scale(loss)
    if step == 3:
        loss = loss * float("inf")
    scaler.scale(loss).backward()
    if step % 2:
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(net.parameters(), 0.5)
    scaler.step(optimizer)
    scaler.update()
    print(f"step {step}: loss {loss.item():.6f}, scale {scaler.get_scale()}")
print(scaler.state_dict(), idle.state_dict())
