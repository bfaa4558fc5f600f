"""A tour of making tensors, reshaping them, and sharing memory with NumPy."""

import gnomon as torch


def creation():
    """Make tensors from sizes, from lists and from other tensors."""
    print("creation")
    empty = torch.Tensor(2, 3)
    print(empty.shape, empty.dtype)
    print(torch.tensor([[1, 2, 3], [4, 5, 6]]))
    print(torch.tensor([0.5, 1.0]), torch.tensor([True, False]))
    print(torch.zeros(2, 3), torch.ones(2, 3, dtype=torch.int64))
    print(torch.eye(3), torch.full((2, 2), 7.0))
    print(torch.arange(1, 6, 2), torch.linspace(1, 10, 4))
    print(torch.zeros_like(torch.ones(1, 2)))
    torch.manual_seed(0)
    print(torch.rand(2, 3), torch.randperm(5))


def shapes():
    """Look at the same memory under other shapes."""
    print("shapes")
    a = torch.arange(0, 6)
    b = a.view(-1, 3)
    print(b, b.stride(), b.is_contiguous())
    a[1] = 100
    print(b)
    print(b.view_as(torch.zeros(3, 2)))
    print(b.t(), b.t().stride(), b.t().is_contiguous())
    print(b.t().reshape(6))
    print(b.unsqueeze(1).shape, b.unsqueeze(1).squeeze(1).shape)
    try:
        b.t().view(6)
    except RuntimeError:
        print("a transposed tensor has no view of shape [6]")


def resizing():
    """Change the shape of a tensor in place; what was cut off is still there."""
    print("resizing")
    a = torch.arange(0, 6).view(2, 3)
    a.resize_(1, 3)
    print(a)
    a.resize_(2, 3)
    print(a)


def sharing():
    """Change an array and see the tensor change, and the other way round."""
    import numpy

    print("sharing")
    a = numpy.ones((2, 3), dtype=numpy.float32)
    t = torch.from_numpy(a)
    a *= 2
    print(t)
    t.add_(1)
    print(a.tolist())
    print(numpy.shares_memory(a, t.numpy()))
    copied = torch.tensor(a)
    a[0, 0] = -1
    print(t[0, 0].item(), copied[0, 0].item())


if __name__ == "__main__":
    creation()
    shapes()
    resizing()
    try:
        sharing()
    except ModuleNotFoundError:
        print("without NumPy there is nothing to share with")
