"""Composites with options that are drawn: sizes, dims, masks, weights and geometries in
combinations that nobody lists, since a fused kernel has a way of its own for many of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from random import Random
from typing import Final, TypeAlias

import gnomon as torch
from gnomon import Tensor
from gnomon.backend import Device, DType, bfloat16, float16, float32, float64
from gnomon.nn import functional as F
from gnomon_conformance.cases import Case, Level
from gnomon_conformance.functions import (
    BEFORE,
    Function,
    Input,
    amid,
    channels_last,
    elements_of,
    indices,
    judge_function,
    strided,
    with_gradients,
)
from gnomon_conformance.judging import NOTHING, Evidence, Wrong
from gnomon_conformance.target import Target, oracle

LEVEL: Final = Level.COMPOSITE
#: A function of inputs, and the inputs.
Drawn: TypeAlias = tuple[Function, list[Input]]
Draw: TypeAlias = Callable[[Random], Drawn]
Shape: TypeAlias = tuple[int, ...]
#: Sizes on both sides of those that tiles and groups of threads have.
_SIZES: Final = (1, 2, 3, 5, 9, 17, 33, 37, 67)
#: How many draws a case makes: of functions, of those that take long, and of geometries.
_DRAWS: Final = 8
_FEW_DRAWS: Final = 4
_GEOMETRIES: Final = 12
#: Where what is not zero is looked for.
_CHOSEN_OF: Final[tuple[Shape, ...]] = (
    *((1,), (2,), (17,), (300,), (5, 7), (3, 4, 5), (129, 3), (4099,), (2, 3, 2, 3)),
    (271, 270),
)


def cases(seed: int) -> Iterator[Case]:
    """Yield one case for each kind of composite and each float dtype."""
    for name, (draw, turns) in _KINDS.items():
        for dtype in (float32, float64, float16, bfloat16):
            yield _case(name, dtype, partial(_functions, name, draw, turns, dtype, seed))
    for dtype in (float32, float64, float16):
        for name, draw in _OF_WHOLE_NUMBERS.items():
            yield _case(name, dtype, partial(_exact, name, draw, dtype, seed))
        yield _case("insertion-points", dtype, partial(_insertion_points, dtype, seed))
        yield _case("leading-places", dtype, partial(_leading_places, dtype, seed))
        yield _case("chosen-positions", dtype, partial(_chosen_positions, dtype, seed))


def _case(name: str, dtype: DType, check: Callable[[Target], Evidence]) -> Case:
    return Case(level=LEVEL, family="options", subject=name, dtype=dtype.name, check=check)


def _functions(
    name: str, draw: Draw, turns: int, dtype: DType, seed: int, target: Target
) -> Evidence:
    """Some draws of a kind of function: half of them with their gradients."""
    evidence = NOTHING
    for turn in range(turns):
        key = f"{name} {dtype.name} {turn}"
        function, inputs = draw(Random(f"{key} {seed}"))
        if draw is _resampling and turn % 4 in (0, 3):
            function = _of_channels_last(function)
        if turn % 2:
            function = with_gradients(function, alike=turn % 4 == 3)
        elif turn % 4 == 2 and draw not in (_norm, _long_norm):
            # Of equal elements a norm leaves what their mean is off by.
            function = _of_repeated(function, (turn // 4 + dtype.itemsize // 4) % 2)
        evidence += judge_function(function, inputs, dtype, key, target, exact_strides=False)
    return evidence


def _of_channels_last(function: Function) -> Function:
    return lambda x: function([channels_last(each) for each in x])


def _of_repeated(function: Function, dim: int) -> Function:
    """Return a function of inputs of which the first in ``dim`` stands for all."""
    return lambda x: function(
        [
            each.narrow(dim, 0, 1).expand(each.shape) if _is_along(each, dim) else each
            for each in x
        ]
    )


def _is_along(tensor: Tensor, dim: int) -> bool:
    return tensor.dim() > dim and tensor.shape[dim] > 0


def _size(chooser: Random, most: int) -> int:
    """Return a size with which ``most`` elements are not exceeded."""
    return chooser.choice([size for size in _SIZES if size <= max(most, 1)])


def _sizes(chooser: Random, count: int, most: int) -> Shape:
    """Return sizes in any order, of ``most`` elements at most."""
    found: list[int] = []
    for _ in range(count):
        found.append(_size(chooser, most // math.prod(found)))
    chooser.shuffle(found)
    return tuple(found)


def _softmax(chooser: Random) -> Drawn:
    shape = [_size(chooser, 67), *_several(chooser, 1, 4, chooser.randint(0, 3))]
    if chooser.random() < 0.5:
        shape = [*_sizes(chooser, 2, 700), *_several(chooser, 1, 2, chooser.randint(0, 1))]
    chooser.shuffle(shape)
    dim = chooser.randrange(len(shape))
    which = chooser.choice((F.softmax, F.log_softmax))
    return lambda x: [which(x[0], dim)], [Input(tuple(shape))]


def _norm(chooser: Random) -> Drawn:
    """Norms of layers, groups and batches, with weights, offsets, both and none."""
    # Elements that are small next to the root of 1e-5 tell a smaller eps from it.
    eps, size = chooser.choice(((1e-5, 2.0), (0.1, 2.0), (1e-9, 1e-3)))
    kind = chooser.choice(("layer", "layer", "group", "batch", "batch"))
    if kind == "layer":
        shape = _sizes(chooser, chooser.randint(2, 3), 700)
        weights = shape[chooser.randint(1, len(shape) - 1) :]
    elif kind == "group":
        groups = chooser.randint(1, 4)
        channels = groups * chooser.randint(1, 9)
        shape = (chooser.randint(1, 3), channels, *_sizes(chooser, chooser.randint(1, 2), 15))
        weights = (channels,)
    else:
        channels = chooser.choice((1, 3, 9, 33, 67))
        shape = (chooser.randint(2, 5), channels, *_sizes(chooser, chooser.randint(0, 2), 5))
        weights = (channels,)
    scaled, shifted = chooser.choice(((True, True), (True, False), (False, True)))

    def function(x: list[Tensor]) -> Sequence[Tensor]:
        weight, bias = x[1] if scaled else None, x[2] if shifted else None
        if kind == "layer":
            return [F.layer_norm(x[0], weights, weight, bias, eps)]
        if kind == "group":
            return [F.group_norm(x[0], groups, weight, bias, eps)]
        mean, variance = x[1].detach() * 1.0, x[2].detach() * 1.0
        result = F.batch_norm(x[0], mean, variance, weight, bias, True, 0.3, eps)
        return [result, mean, variance]

    return function, [Input(shape, -size, size), Input(weights), Input(weights)]


def _long_norm(chooser: Random) -> Drawn:
    """Norms of rows that are long, or many."""
    shape = chooser.choice(((2, 259), (1, 1027), (3, 5, 71), (291, 3), (128, 8), (96, 5)))
    weights = shape[1:]
    return (
        lambda x: [F.layer_norm(x[0], weights, x[1], x[2])],
        [Input(shape), Input(weights), Input(weights)],
    )


def _sum_with_product(chooser: Random) -> Drawn:
    """Sums with a product, of which the addend has any shape that fits and lies anyhow."""
    rows, inner, columns = _sizes(chooser, 3, 4000)
    if chooser.random() < 0.15:
        inner = 0
    if chooser.random() < 0.3:  # so that an addend's rows may be taken for its columns
        rows = columns = min(rows, columns)
    batch = chooser.choice((0, 0, 1, 3))
    beta, alpha = chooser.choice(((1, 1), (1, 1), (0.5, -1.5), (0, 2)))
    whole = (batch, rows, columns) if batch else (rows, columns)
    shapes: list[Shape] = [whole, whole, whole[-2:], (columns,), (rows, 1), (1, columns), ()]
    shape = chooser.choice(shapes)
    turned = len(shape) > 1 and chooser.random() < 0.5
    add = torch.baddbmm if batch else torch.addmm

    def function(x: list[Tensor]) -> Sequence[Tensor]:
        addend = x[0].transpose(-1, -2) if turned else x[0]
        return [add(addend, x[1], x[2], beta=beta, alpha=alpha)]

    ahead = (batch,) if batch else ()
    of_addend = (*shape[:-2], shape[-1], shape[-2]) if turned else shape
    return function, [
        Input(of_addend),
        Input((*ahead, rows, inner)),
        Input((*ahead, inner, columns)),
    ]


def _attention(chooser: Random) -> Drawn:
    """Attention with masks of every kind, over places of any number."""
    batch, heads = chooser.choice(((1, 1), (2, 1), (1, 2), (2, 3), (3, 3)))
    queries, keys = _sizes(chooser, 2, 350)
    width, wide = (_size(chooser, 17) for _ in range(2))
    causal, masked = chooser.choice(((False, True), (True, False), (False, False)))
    scale = chooser.choice((None, 0.3, -0.7, 0.0))
    kind = chooser.choice(("float", "bool"))
    mask = Input(
        (
            chooser.choice((1, batch)),
            chooser.choice((1, heads)),
            chooser.choice((1, queries, queries)),
            keys,
        ),
        kind=kind,
    )
    shapes = ((queries, width), (keys, width), (keys, wide))

    def function(x: list[Tensor]) -> Sequence[Tensor]:
        given = x[3].detach() if masked else None
        attend = F.scaled_dot_product_attention
        return [attend(x[0], x[1], x[2], given, is_causal=causal, scale=scale)]

    return function, [*[Input((batch, heads, *shape)) for shape in shapes], mask]


def _class_loss(chooser: Random) -> Drawn:
    """Cross entropies and likelihoods of rows and places, weighted, reduced and ignored."""
    places = chooser.choice(((), (), (2,), (3, 5)))
    rows, classes = _sizes(chooser, 2, 700 // math.prod(places))
    if chooser.random() < 0.1:
        rows = 0
    reduction = chooser.choice(("mean", "sum", "none"))
    weighted = chooser.random() < 0.5
    ignored = chooser.choice((-100, 0, classes - 1))
    targets = indices((rows, *places), classes)
    if chooser.random() < 0.1:  # nothing but ignored ones
        targets = targets._replace(low=ignored, high=ignored + 1)
    alike = chooser.random() < 0.2
    loss = chooser.choice((F.cross_entropy, F.cross_entropy, F.nll_loss))

    def function(x: list[Tensor]) -> Sequence[Tensor]:
        weight = x[2].detach() if weighted else None
        target = x[1][:1].expand(x[1].shape) if alike and rows else x[1]
        return [loss(x[0], target, weight, ignore_index=ignored, reduction=reduction)]

    return function, [
        Input((rows, classes, *places), -4.0, 4.0),
        targets,
        Input((classes,), 0.25, 2.0),
    ]


def _resampling(chooser: Random) -> Drawn:
    """Averages and interpolations from lines to volumes, to more places and to fewer."""
    rank = chooser.randint(1, 3)
    sizes = tuple([chooser.randint(2, (19, 9, 5)[rank - 1]) for _ in range(rank)])
    images = (chooser.choice((1, 2, 5)), chooser.choice((1, 3, 5, 19)))
    if chooser.random() < 0.5:
        kernel = [chooser.randint(1, min(3, size)) for size in sizes]
        stride = [chooser.randint(1, 3) for _ in sizes]
        padding = [chooser.randint(0, length // 2) for length in kernel]
        pool = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)[rank - 1]
        rounded, counted = chooser.random() < 0.5, chooser.random() < 0.5
        return (
            lambda x: [pool(x[0], kernel, stride, padding, rounded, counted)],
            [Input((*images, *sizes))],
        )
    target = [chooser.randint(1, 2 * size) for size in sizes]
    smooth = ("linear", chooser.choice(("bilinear", "bicubic")), "trilinear")[rank - 1]
    mode = chooser.choice((smooth, smooth, "nearest", "nearest-exact", "area"))
    corners = chooser.choice((True, False)) if mode == smooth else None
    return (
        lambda x: [F.interpolate(x[0], target, mode=mode, align_corners=corners)],
        [Input((*images, *sizes))],
    )


def _whole(shape: Shape, dtype: DType, device: Device, chooser: Random) -> Tensor:
    """Return small whole numbers, of which sums stay whole in every dtype."""
    values = [float(chooser.randint(-2, 2)) for _ in range(math.prod(shape))]
    return torch.tensor(values, dtype=dtype).reshape(shape).to(device)


def _equal(mine: Sequence[Tensor], right: Sequence[Tensor], what: str) -> Evidence:
    """Raise Wrong unless results are what exact ones are in their dtype."""
    compared = 0
    for number, (got, exact) in enumerate(zip(mine, right, strict=True)):
        if got.shape != exact.shape:
            raise Wrong(f"{what}result {number}: {got.shape}; it must be {exact.shape}")
        pairs = zip(elements_of(got), elements_of(exact), strict=True)
        for element, (value, wanted) in enumerate(pairs):
            if value != got.dtype.convert(wanted):
                raise Wrong(
                    f"{what}result {number}: element {element} is {value!r}; "
                    f"it must be {wanted!r}"
                )
            compared += 1
    return Evidence(max(compared, 1))


def _exact(name: str, draw: Draw, dtype: DType, seed: int, target: Target) -> Evidence:
    """Some draws of a kind of function on whole numbers, of which results are exact: where a
    dtype holds the sums, with their gradients.
    """
    chooser = Random(f"{name} {dtype.name} {seed}")
    evidence = NOTHING
    for turn in range(_GEOMETRIES):
        function, inputs = draw(chooser)
        given = [_whole(each.shape, dtype, target.device, chooser) for each in inputs]
        if turn % 3 == 1:
            given = [strided(each) for each in given]
        elif turn % 3 == 2:
            given = [channels_last(each) for each in given]
        graded = dtype.itemsize > 2 or name == "max-pools"
        call = with_gradients(function) if graded else function
        exact = call([each.to(oracle()).to(float64) for each in given])
        evidence += _equal(call(given), exact, f"{name}, draw {turn}: ")
    return evidence


def _several(chooser: Random, low: int, high: int, count: int) -> list[int]:
    return [chooser.randint(low, high) for _ in range(count)]


def _convolution(chooser: Random) -> Drawn:
    """A convolution of any rank and geometry, either way, of few channels or small images."""
    rank, transposed = chooser.randint(1, 3), chooser.random() < 0.5
    groups, images = chooser.choice((1, 1, 1, 2, 3)), 1
    inner, outer = _sizes(chooser, 2, 99 // groups)
    kernel = _several(chooser, 1, (9, 4, 3)[rank - 1], rank)
    stride, dilation = (_several(chooser, 1, 3, rank) for _ in range(2))
    padding = _several(chooser, 0, 2, rank)
    few = inner * outer * math.prod(kernel) < 100
    more = _several(chooser, 0, ((4, 2, 1), (40, 9, 3))[few][rank - 1], rank)
    if few:
        images = chooser.choice((1, 2, 5))
        if rank == 1 and chooser.random() < 0.5:  # long lines, or many of them
            more, images = chooser.choice((([140], 1), ([3], 70)))
    geometry = zip(kernel, dilation, padding, more, strict=True)
    sizes = [
        rest + 2 * margin + 1 if transposed else max(step * (k - 1) + 1 + rest - 2 * margin, 1)
        for k, step, margin, rest in geometry
    ]
    extra = [chooser.randrange(max(pair)) for pair in zip(stride, dilation, strict=True)]
    straight = (F.conv1d, F.conv2d, F.conv3d)[rank - 1]
    back = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)[rank - 1]
    biased, alike = chooser.random() < 0.7, chooser.random() < 0.2

    def function(x: list[Tensor]) -> Sequence[Tensor]:
        weight = x[1][:1].expand(x[1].shape) if alike else x[1]
        bias = x[2] if biased else None
        if transposed:
            return [back(x[0], weight, bias, stride, padding, extra, groups, dilation)]
        return [straight(x[0], weight, bias, stride, padding, dilation, groups)]

    channels = (groups * inner, outer) if transposed else (groups * outer, inner)
    return function, [
        Input((images, groups * inner, *sizes)),
        Input((*channels, *kernel)),
        Input((groups * outer,)),
    ]


def _max_pool(chooser: Random) -> Drawn:
    """Largest elements of windows of any kind, and their places."""
    rank, rounded = chooser.randint(1, 3), chooser.random() < 0.5
    kernel = _several(chooser, 1, (9, 4, 3)[rank - 1], rank)
    stride = _several(chooser, 1, 3, rank)
    dilation = _several(chooser, 1, 2, rank)
    padding = [chooser.randint(0, length // 2) for length in kernel]
    sizes = [
        step * (length - 1) + 1 + chooser.randint(0, (19, 7, 2)[rank - 1])
        for step, length in zip(dilation, kernel, strict=True)
    ]
    images = chooser.choice(((1, 1), (2, 3), (5, 1), (1, 9), (1, 17), (3, 7)))
    pool = (F.max_pool1d, F.max_pool2d, F.max_pool3d)[rank - 1]

    def function(x: list[Tensor]) -> Sequence[Tensor]:
        found = pool(x[0], kernel, stride, padding, dilation, rounded, True)
        return [found[0], found[1]]

    return function, [Input((*images, *sizes))]


def _insertion_points(dtype: DType, seed: int, target: Target) -> Evidence:
    """Places in sorted rows with many equal elements, of values that are NaN or beyond."""
    chooser = Random(f"insertion points {dtype.name} {seed}")
    evidence = NOTHING
    values = (*map(float, range(-9, 10)), -math.inf, math.inf, math.nan)
    for turn in range(_GEOMETRIES):
        rows = chooser.choice((1, 3))
        many, few = chooser.choice((0, 1, 2, 16, 17, 33, 130)), _size(chooser, 67)
        columns = [
            [chooser.choice(values) for _ in range(rows * count)] for count in (many, few)
        ]
        for row in range(rows):
            begin = row * many
            part = columns[0][begin : begin + many]
            columns[0][begin : begin + many] = sorted(part, key=lambda x: (x != x, x))
        sequence, wanted = (
            torch.tensor(column, dtype=dtype).reshape((rows, count))
            for column, count in zip(columns, (many, few), strict=True)
        )
        if turn % 3 == 1:
            sequence, wanted = strided(sequence), strided(wanted)
        right = turn % 2 == 1
        found = torch.searchsorted(
            sequence.to(target.device), wanted.to(target.device), right=right
        )
        exact = torch.searchsorted(sequence, wanted, right=right)
        evidence += _equal([found], [exact], f"searchsorted of {many} and {few}: ")
    return evidence


def _leading_places(dtype: DType, seed: int, target: Target) -> Evidence:
    """The first of rows and of columns, few and many of them, with equal elements and NaN."""
    chooser = Random(f"leading places {dtype.name} {seed}")
    evidence = NOTHING
    few = (*map(float, range(-9, 10)), -0.0, -math.inf, math.inf, math.nan)
    for turn in range(_GEOMETRIES):
        rows, length = chooser.choice((1, 2, 5, 70)), chooser.choice((1, 2, 15, 16, 33, 130))
        count = chooser.choice([each for each in (0, 1, 2, 5, 16, length) if each <= length])
        if turn % 4 == 3:  # around a power of two
            length, count = 300, 63 + turn // 4
        elif turn % 6 == 0:  # long ones, of which few are among the first
            rows, length, count = ((2, 2100, 5), (1, 70000, 40))[turn // 6]
        largest = turn % 2 == 0
        values = few if turn % 4 < 2 else [chooser.uniform(-9, 9) for _ in range(rows * length)]
        x = torch.tensor(chooser.choices(values, k=rows * length), dtype=dtype)
        x = x.reshape((rows, length) if turn % 3 else (length, rows))
        dim = 1 if turn % 3 else 0
        if turn % 5 == 1:
            x = strided(x)
        _, found = x.to(target.device).topk(count, dim, largest)
        _, exact = x.to(oracle()).topk(count, dim, largest)
        evidence += _equal([found], [exact], f"the first {count} of {rows} of {length}: ")
    return evidence


def _chosen_positions(dtype: DType, seed: int, target: Target) -> Evidence:
    """Where lines and matrices of every length are not zero: nowhere, everywhere, or here and
    there.
    """
    chooser = Random(f"chosen positions {dtype.name} {seed}")
    evidence = NOTHING
    for turn, shape in enumerate(_CHOSEN_OF):
        share = (0.5, 0.02, 1.0, 0.0)[(turn + chooser.randrange(2)) % 4]
        count = math.prod(shape)
        values = [float(chooser.random() < share) * (1 + k % 7) for k in range(count)]
        x = torch.tensor(values, dtype=dtype).reshape(shape)
        given = amid(x.to(target.device), chooser.choice(BEFORE))
        if turn % 3 == 2:
            given = strided(given)
        found, exact = given.nonzero(), x.to(oracle()).nonzero()
        evidence += _equal([found], [exact], f"nonzero of {shape}: ")
    return evidence


#: What is drawn, and how often.
_KINDS: Final[dict[str, tuple[Draw, int]]] = {
    "softmax": (_softmax, _DRAWS),
    "norms": (_norm, _DRAWS),
    "long-norms": (_long_norm, _FEW_DRAWS),
    "sums-with-products": (_sum_with_product, _DRAWS),
    "attention": (_attention, _FEW_DRAWS),
    "class-losses": (_class_loss, _DRAWS),
    "resampling": (_resampling, _DRAWS),
}
_OF_WHOLE_NUMBERS: Final[dict[str, Draw]] = {
    "convolutions": _convolution,
    "max-pools": _max_pool,
}
