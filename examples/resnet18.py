"""Train ResNet-18, written with modules, for a few steps on synthetic images.

Layers have the names of torchvision's ``resnet18``, so that its published weights load into
this one. He et al., "Deep Residual Learning for Image Recognition", 2015.
"""

import argparse

import gnomon as torch
from gnomon import nn

parser = argparse.ArgumentParser(description="Train ResNet-18 on synthetic images.")
parser.add_argument("--device", default="cpu", help="cpu, opencl, opencl:1, ...")
parser.add_argument("--steps", type=int, default=3, help="updates of the parameters")
parser.add_argument("--batch", type=int, default=2, help="images of a step")
parser.add_argument("--size", type=int, default=32, help="height and width of an image")
parser.add_argument("--width", type=int, default=64, help="channels of the first stage")
parser.add_argument("--classes", type=int, default=1000, help="kinds of image")
options = parser.parse_args()


class Block(nn.Module):
    """Two convolutions around which the input passes."""

    def __init__(self, channels, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, outputs, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or channels != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(channels, outputs, 1, stride=stride, bias=False),
                nn.BatchNorm2d(outputs),
            )

    def forward(self, x):
        past = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.bn2(self.conv2(x))
        return self.relu(x + past)


class ResNet18(nn.Module):
    """Four stages of two blocks, each stage at half the size and twice the channels."""

    def __init__(self, width=64, classes=1000):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1 = self.stage(width, width, 1)
        self.layer2 = self.stage(width, 2 * width, 2)
        self.layer3 = self.stage(2 * width, 4 * width, 2)
        self.layer4 = self.stage(4 * width, 8 * width, 2)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(8 * width, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    @staticmethod
    def stage(channels, outputs, stride):
        return nn.Sequential(Block(channels, outputs, stride), Block(outputs, outputs, 1))

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(torch.flatten(self.avgpool(x), 1))


def main():
    torch.manual_seed(0)
    model = ResNet18(options.width, options.classes)
    images = torch.randn(options.batch, 3, options.size, options.size)
    labels = torch.randint(0, options.classes, (options.batch,))
    model, images, labels = (each.to(options.device) for each in (model, images, labels))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    loss_function = nn.CrossEntropyLoss()
    count = sum(parameter.numel() for parameter in model.parameters())
    print(f"{count} parameters on {options.device}")
    for step in range(options.steps):
        loss = loss_function(model(images), labels)
        print(f"step {step:2d}  loss {loss.item():.4f}")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


if __name__ == "__main__":
    main()
