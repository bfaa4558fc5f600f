"""Fit a line to noisy points by gradient descent, and draw it with ``--plot FILE``.

The points are y = 2x + 3 + noise. The slope is near 2 within a hundred steps; the intercept
takes a thousand to come near 3, for the loss depends on it far less.
"""

import argparse

import gnomon as torch


def points(count=16):
    """Return ``count`` values of x between 0 and 20, and y = 2x + 3 with noise around it."""
    x = torch.rand(count, 1) * 20
    y = x * 2 + 3 + torch.randn(count, 1)
    return x, y


def fit(steps, rate):
    """Return slope and intercept after ``steps`` batches of points."""
    w = torch.rand(1, 1, requires_grad=True)
    b = torch.zeros(1, 1, requires_grad=True)
    for step in range(steps):
        x, y = points()
        prediction = x.mm(w) + b.expand_as(y)
        loss = (0.5 * (prediction - y) ** 2).mean()
        loss.backward()
        for parameter in (w, b):
            parameter.data.sub_(rate * parameter.grad.data)
            parameter.grad.data.zero_()
        if step % 100 == 0 or step == steps - 1:
            print(f"step {step:4d}  loss {loss.item():.6g}  w {w.item():.6g}  b {b.item():.6g}")
    return w, b


def plot(w, b, path):
    """Draw the line over fresh points and save the picture at ``path``."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    x, y = points(20)
    line_x = torch.arange(0, 20).view(-1, 1).float()
    line_y = line_x.mm(w.data) + b.data.expand_as(line_x)
    figure, axes = pyplot.subplots()
    axes.scatter(x.numpy(), y.numpy(), label="points")
    axes.plot(line_x.numpy(), line_y.numpy(), label=f"y = {w.item():.3f} x + {b.item():.3f}")
    axes.legend()
    figure.savefig(path)
    print(f"saved {path}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Fit a line to noisy points.")
    parser.add_argument(
        "--steps", type=int, default=1000, help="batches of points to learn from"
    )
    parser.add_argument("--rate", type=float, default=0.01, help="step length")
    parser.add_argument("--plot", metavar="FILE", help="save a picture (needs matplotlib)")
    options = parser.parse_args()

    torch.manual_seed(1000)
    slope, intercept = fit(options.steps, options.rate)
    if options.plot:
        plot(slope, intercept, options.plot)
