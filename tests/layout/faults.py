"""Calls with exactly one fault each: what must be raised, and the words programs look for.

An entry is the view's name (the same in PyTorch), the shape of a contiguous operand, the
arguments, the class of the error and PyTorch's phrase. The phrase is PyTorch's as observed in
version 2.13; where PyTorch is installed it is checked against it.
"""

from typing import NamedTuple


class Fault(NamedTuple):
    view: str
    shape: tuple[int, ...]
    arguments: tuple[int | tuple[int, ...], ...]
    error: type[Exception]
    phrase: str


OUT_OF_RANGE = "Dimension out of range (expected to be in range of [-2, 1], but got 5)"
SCALAR = "cannot be applied to a 0-dim tensor"
PAIR = (2, 3)

FAULTS = [
    Fault("select", PAIR, (5, 0), IndexError, OUT_OF_RANGE),
    Fault(
        "select", PAIR, (0, 5), IndexError,
        "select(): index 5 out of range for tensor of size [2, 3] at dimension 0",
    ),
    Fault("select", PAIR, (0, -3), IndexError, "select(): index -3 out of range"),
    Fault("select", (), (0, 0), IndexError, f"select() {SCALAR}"),
    Fault("narrow", PAIR, (5, 0, 1), IndexError, OUT_OF_RANGE),
    Fault(
        "narrow", PAIR, (1, 4, 0), IndexError,
        "start out of range (expected to be in range of [-3, 3], but got 4)",
    ),
    Fault(
        "narrow", PAIR, (1, 1, 5), RuntimeError,
        "start (1) + length (5) exceeds dimension size (3).",
    ),
    Fault(
        "narrow", PAIR, (1, -1, 5), RuntimeError,
        "start (2) + length (5) exceeds dimension size (3).",
    ),
    Fault("narrow", PAIR, (1, 0, -1), RuntimeError, "length must be non-negative"),
    Fault("narrow", (), (0, 0, 1), RuntimeError, f"narrow() {SCALAR}"),
    Fault("permute", PAIR, ((0,),), RuntimeError, "number of dimensions in the tensor input"),
    Fault("permute", PAIR, ((0, 5),), IndexError, OUT_OF_RANGE),
    Fault("permute", PAIR, ((0, -2),), RuntimeError, "duplicate dims are not allowed"),
    Fault("transpose", PAIR, (0, 5), IndexError, OUT_OF_RANGE),
    Fault("movedim", PAIR, (5, 0), IndexError, OUT_OF_RANGE),
    Fault(
        "movedim", PAIR, ((0, 0), (0, 1)), RuntimeError,
        "movedim: repeated dim in `source` ([0, 0])",
    ),
    Fault(
        "movedim", PAIR, ((0, 1), (0, 0)), RuntimeError,
        "movedim: repeated dim in `destination` ([0, 0])",
    ),
    Fault(
        "movedim", PAIR, ((0,), (0, 1)), RuntimeError,
        "movedim: Invalid source or destination dims: source ([0] dims) should contain the "
        "same number of dims as destination ([0, 1] dims)",
    ),
    Fault(
        "expand", PAIR, ((2,),), RuntimeError,
        "the number of sizes provided (1) must be greater or equal to the number of "
        "dimensions in the tensor (2)",
    ),
    Fault(
        "expand", PAIR, ((5, 3),), RuntimeError,
        "The expanded size of the tensor (5) must match the existing size (2) at "
        "non-singleton dimension 0.  Target sizes: [5, 3].  Tensor sizes: [2, 3]",
    ),
    Fault(
        "expand", PAIR, ((-1, 2, 3),), RuntimeError,
        "The expanded size of the tensor (-1) isn't allowed in a leading, non-existing "
        "dimension 0",
    ),
    Fault("broadcast_to", PAIR, ((2,),), RuntimeError, "the number of sizes provided (1)"),
    Fault("view", PAIR, ((4,),), RuntimeError, "shape '[4]' is invalid for input of size 6"),
    Fault(
        "view", PAIR, ((-1, 4),), RuntimeError, "shape '[-1, 4]' is invalid for input of size 6"
    ),
    Fault(
        "view", PAIR, ((-1, 0),), RuntimeError, "shape '[-1, 0]' is invalid for input of size 6"
    ),
    Fault("view", PAIR, ((-1, -1),), RuntimeError, "only one dimension can be inferred"),
    Fault("view", PAIR, ((-2, 3),), RuntimeError, "invalid shape dimension -2"),
    Fault(
        "view", (0, 3), ((-1, 0),), RuntimeError,
        "cannot reshape tensor of 0 elements into shape [-1, 0] because the unspecified "
        "dimension size -1 can be any value and is ambiguous",
    ),
    Fault("squeeze", PAIR, (5,), IndexError, OUT_OF_RANGE),
    Fault(
        "squeeze", PAIR, ((0, -2),), RuntimeError,
        "dim 0 appears multiple times in the list of dims",
    ),
    Fault(
        "unsqueeze", PAIR, (5,), IndexError,
        "Dimension out of range (expected to be in range of [-3, 2], but got 5)",
    ),
    Fault(
        "unsqueeze", (), (2,), IndexError,
        "Dimension out of range (expected to be in range of [-1, 0], but got 2)",
    ),
    Fault("flatten", PAIR, (0, 5), IndexError, OUT_OF_RANGE),
    Fault(
        "flatten", PAIR, (1, 0), RuntimeError,
        "flatten() has invalid args: start_dim cannot come after end_dim",
    ),
    Fault("unflatten", PAIR, (5, (2,)), IndexError, OUT_OF_RANGE),
    Fault("unflatten", PAIR, (1, ()), RuntimeError, "sizes must be non-empty"),
    Fault(
        "unflatten", PAIR, (1, (2, 2)), RuntimeError,
        "unflatten: Provided sizes [2, 2] don't multiply up to the size of dim 1 (3) in the "
        "input tensor",
    ),
    Fault("diagonal", PAIR, (0, 0, 5), IndexError, OUT_OF_RANGE),
    Fault(
        "diagonal", PAIR, (0, 1, -1), RuntimeError,
        "diagonal dimensions cannot be identical 1, ",
    ),
    Fault(
        "diagonal", (), (0, 0, 1), IndexError,
        "Dimension out of range (expected to be in range of [-1, 0], but got 1)",
    ),
    Fault("unfold", PAIR, (5, 1, 1), IndexError, OUT_OF_RANGE),
    Fault(
        "unfold", PAIR, (1, 5, 1), RuntimeError,
        "maximum size for tensor at dimension 1 is 3 but size is 5",
    ),
    Fault("unfold", PAIR, (1, 2, 0), RuntimeError, "step is 0 but must be > 0"),
    Fault("unfold", PAIR, (1, -2, 1), RuntimeError, "size is -2 but must be >= 0"),
    Fault(
        "unfold", (), (0, 2, 1), RuntimeError,
        "maximum size for tensor at dimension 0 is 1 but size is 2",
    ),
    Fault(
        "as_strided", PAIR, ((2,), (1, 2)), RuntimeError,
        "mismatch in length of strides and shape",
    ),
    Fault(
        "as_strided", PAIR, ((2,), (-1,)), RuntimeError,
        "Negative strides are not supported at the moment, got strides: [-1]",
    ),
    Fault("as_strided", PAIR, ((-2,), (1,)), RuntimeError, "sizes"),
    Fault(
        "as_strided", PAIR, ((2,), (1,), -1), RuntimeError, "Tensor: invalid storage offset -1"
    ),
    Fault("split", PAIR, (1, 5), IndexError, OUT_OF_RANGE),
    Fault(
        "split", PAIR, (0,), RuntimeError,
        "split_size can only be 0 if dimension size is 0, but got dimension size of 2",
    ),
    Fault(
        "split", PAIR, (-1,), RuntimeError,
        "split expects split_size be non-negative, but got split_size=-1",
    ),
    Fault(
        "split", PAIR, ((1, 2),), RuntimeError,
        "split_with_sizes expects split_sizes to sum exactly to 2 (input tensor's size at "
        "dimension 0), but got split_sizes=[1, 2]",
    ),
    Fault(
        "split", PAIR, ((-1, 3),), RuntimeError,
        "split_with_sizes expects split_sizes have only non-negative entries, but got "
        "split_sizes=[-1, 3]",
    ),
    Fault("split", (), (1,), RuntimeError, "expects at least a 1-dimensional tensor"),
    Fault(
        "chunk", PAIR, (0,), RuntimeError,
        "chunk expects `chunks` to be greater than 0, got: 0",
    ),
    Fault("chunk", PAIR, (2, 5), IndexError, OUT_OF_RANGE),
    Fault("chunk", (), (1,), RuntimeError, "expects at least a 1-dimensional tensor"),
    Fault(
        "tensor_split", PAIR, (0,), RuntimeError,
        "number of sections must be larger than 0, got 0",
    ),
    Fault("tensor_split", PAIR, (2, 5), IndexError, OUT_OF_RANGE),
    Fault("tensor_split", (), (2,), RuntimeError, "at least a 1-dimensional tensor"),
    Fault("unbind", PAIR, (5,), IndexError, OUT_OF_RANGE),
    Fault("unbind", (), (), IndexError, ""),
]  # fmt: skip
