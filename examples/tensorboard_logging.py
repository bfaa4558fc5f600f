"""Fit a line and log losses, weights and a picture for TensorBoard.

pip install 'gnomon[examples,tensorboard]' tensorboard
python examples/tensorboard_logging.py && tensorboard --logdir runs
"""

import argparse

import gnomon as torch
from gnomon.utils.tensorboard import SummaryWriter

parser = argparse.ArgumentParser(description="Log a training run for TensorBoard.")
parser.add_argument("--logdir", default="runs/line", help="the folder to write to")
parser.add_argument("--steps", type=int, default=50, help="updates of the parameters")
options = parser.parse_args()

torch.manual_seed(0)
x = torch.linspace(-1, 1, 40).unsqueeze(1)
y = 3 * x + 1 + 0.1 * torch.randn(40, 1)
model = torch.nn.Linear(1, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.2)

with SummaryWriter(options.logdir) as writer:
    for step in range(options.steps):
        loss = torch.nn.functional.mse_loss(model(x), y)
        writer.add_scalar("loss", loss, step)
        writer.add_scalars("line", {"slope": model.weight, "height": model.bias}, step)
        writer.add_histogram("residuals", model(x) - y, step)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    writer.add_image("gradient", torch.linspace(0, 1, 64).expand(3, 16, 64))
    writer.add_text("note", f"slope **{model.weight.item():.2f}**")

print(f"slope {model.weight.item():.2f}, height {model.bias.item():.2f}")
