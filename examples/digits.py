"""Recognize handwritten digits: 1797 pictures of 8 x 8 pixels that come with scikit-learn.

A small convolutional network is trained on four fifths of them and judged on the rest:

    python examples/digits.py                      # on the accelerator: seconds
    python examples/digits.py --device cpu         # pure Python: some minutes
"""

import argparse

from sklearn.datasets import load_digits
from tqdm import tqdm

import gnomon as torch
from gnomon import nn
from gnomon.utils.data import DataLoader, Dataset, random_split

parser = argparse.ArgumentParser(description="Train a network on handwritten digits.")
parser.add_argument(
    "--device", help="cpu, opencl, opencl:1, ...; an accelerator if there is one"
)
parser.add_argument("--epochs", type=int, default=16, help="passes over the training data")
parser.add_argument("--batch", type=int, default=64, help="pictures of a step")
parser.add_argument("--pictures", type=int, default=1797, help="use only so many of them")
options = parser.parse_args()
if options.device is None:
    found = torch.accelerator.is_available()
    options.device = torch.accelerator.current_accelerator() if found else "cpu"


class Digits(Dataset):
    """Pictures of one channel, with values from 0 to 1, and which digit each shows."""

    def __init__(self, count):
        digits = load_digits()
        self.pictures = torch.from_numpy(digits.images[:count]).float().unsqueeze(1) / 16
        self.labels = torch.from_numpy(digits.target[:count])

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return self.pictures[index], self.labels[index]


class Network(nn.Module):
    """Two convolutions, a pool, and two linear layers."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(8, 16, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.classifier = nn.Sequential(
            nn.Flatten(), nn.Linear(256, 64), nn.ReLU(), nn.Linear(64, 10)
        )

    def forward(self, x):
        return self.classifier(self.features(x))


def accuracy(model, loader):
    """Return the part of the pictures whose digit the model finds."""
    model.eval()
    right = total = 0
    with torch.no_grad():
        for pictures, labels in loader:
            found = model(pictures.to(options.device)).argmax(1).cpu()
            right += (found == labels).sum().item()
            total += len(labels)
    model.train()
    return right / total


torch.manual_seed(0)
data = Digits(options.pictures)
train, test = random_split(data, [0.8, 0.2])
loader = DataLoader(train, batch_size=options.batch, shuffle=True, drop_last=True)
test_loader = DataLoader(test, batch_size=256)
model = Network().to(options.device)
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
loss_function = nn.CrossEntropyLoss()

for epoch in range(options.epochs):
    total = 0.0
    for pictures, labels in tqdm(loader, desc=f"epoch {epoch}", leave=False):
        pictures, labels = pictures.to(options.device), labels.to(options.device)
        loss = loss_function(model(pictures), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    print(f"epoch {epoch:2d}  loss {total / len(loader):.4f}")

print(f"on {options.device}: test accuracy {accuracy(model, test_loader):.1%}")
