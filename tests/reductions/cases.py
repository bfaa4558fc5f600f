"""What the tests of reductions run: calls as text, and the tensors they are called with.

A call is evaluated twice, with ``t`` as gnomon and as PyTorch; ``x`` is the tensor.
"""

from __future__ import annotations

from types import ModuleType
from typing import NamedTuple, TypeAlias

from gnomon import Tensor

Values: TypeAlias = "float | list[Values]"

INF, NAN = float("inf"), float("nan")


class Given(NamedTuple):
    """A tensor to be made: dtype, nested values, and the view of them that is taken."""

    name: str
    values: Values
    view: str = "x"


def make(t: ModuleType, given: Given, dtype: str) -> Tensor:
    """Return the tensor of ``given`` in the library ``t``."""
    x: Tensor = t.tensor(given.values, dtype=getattr(t, dtype))
    viewed: Tensor = eval(given.view, {"x": x})
    return viewed


TABLE = [
    [3.0, -1.0, 2.0, 2.0],
    [0.5, 4.0, -2.5, 4.0],
    [1.0, 0.0, 2.0, -3.0],
]
FLOATS = (
    Given("table", TABLE),
    Given("transposed", TABLE, "x.t()"),
    Given("stepped", TABLE, "x[:, ::2]"),
    Given("expanded", [[1.0, 2.0, 0.5]], "x.expand(4, 3)"),
    Given("line", [2.0, -1.0, 3.0, 3.0, -1.0]),
    Given("one", [2.5]),
    Given("scalar", 1.5),
    Given("no rows", [[], []]),
    Given("no columns", [[], []], "x.t()"),
    Given("cube", [TABLE, TABLE[::-1]]),
)
SPECIAL = (
    Given("nan", [1.0, NAN, 3.0, NAN]),
    Given("infinite", [[INF, 1.0], [-INF, 2.0]]),
    Given("both infinities", [INF, -INF, 0.0]),
    Given("all nan", [NAN, NAN]),
    Given("zeros", [0.0, -0.0, 0.0]),
    Given("minus infinity", [-INF, -INF]),
)
INTEGERS = (
    Given("table", [[3, 1, 2, 2], [0, 4, 100, 4], [1, 0, 2, 127]]),
    Given("transposed", [[3, 1, 2], [0, 4, 100]], "x.t()"),
    Given("scalar", 5),
    Given("no rows", [[], []]),
)

#: Along dims, along all, keeping dims; everything that is one element of many.
FOLDS = (
    *[
        f"t.{name}(x{arguments})"
        for name in ("sum", "nansum", "mean", "nanmean", "amax", "amin", "any", "all")
        for arguments in ("", ", 0", ", -1", ", (0, -1), True", ", ()", ", 5")
    ],
    "t.sum(x, (0, 0))",
    "t.all(x, (0, 0))",
    "t.prod(x)",
    "t.prod(x, 0)",
    "t.prod(x, -1, keepdim=True)",
    "t.count_nonzero(x)",
    "t.count_nonzero(x, dim=0)",
    "t.argmax(x)",
    "t.argmax(x, 0)",
    "t.argmin(x, -1, keepdim=True)",
    "t.argmin(x, 7)",
    "t.max(x)",
    "t.max(x, 0)",
    "t.max(x, -1, keepdim=True)",
    "t.max(x, x)",
    "t.min(x)",
    "t.min(x, 0)",
    "t.min(x, 9)",
    "t.aminmax(x)",
    "t.aminmax(x, dim=0)",
    "t.aminmax(x, dim=-1, keepdim=True)",
    "t.logsumexp(x, 0)",
    "t.logsumexp(x, (0, -1), True)",
    "x.sum(axis=0, keepdims=True)",
    "t.sum(x, dtype=t.float64)",
    "t.sum(x, 0, dtype=t.int32)",
    "t.prod(x, dtype=t.float32)",
    "t.mean(x, dtype=t.float64)",
)
#: Only of floats.
SPREADS = tuple(
    f"t.{name}(x{arguments})"
    for name in ("var", "std", "var_mean", "std_mean")
    for arguments in (
        "",
        ", False",
        ", 0",
        ", -1, False, True",
        ", dim=(0, -1), correction=0, keepdim=True",
        ", correction=2",
        ", 0, True, correction=1",
    )
)
NORMS = (
    "t.norm(x)",
    "x.norm(1)",
    "x.norm(2, 0)",
    "x.norm(3, -1, True)",
    "x.norm(0.5, 0)",
    "x.norm(0)",
    "x.norm(-1, -1)",
    "x.norm(float('inf'), 0)",
    "x.norm(-float('inf'))",
    "x.norm(dtype=t.float64)",
    "t.dist(x, x + 1, 3)",
    "t.renorm(x, 2, 0, 1.5)",
)
RUNNING = (
    "t.cumsum(x, 0)",
    "x.cumsum(-1)",
    "x.cumsum(0, dtype=t.float64)",
    "x.cumsum(4)",
    "t.cumprod(x, 0)",
    "x.cumprod(-1)",
    "t.cummax(x, 0)",
    "x.cummax(-1)",
    "t.cummin(x, 0)",
    "x.cummin(-1)",
    "x.clone().cumsum_(0)",
    "x.clone().cumprod_(-1)",
)
ORDERS = (
    "t.sort(x, stable=True)",
    "x.sort(dim=0, stable=True)",
    "x.sort(dim=0, descending=True, stable=True)",
    "x.sort(3)",
    "x.argsort(dim=0, stable=True)",
    "t.msort(x)",
    "x.topk(1).values",
    "x.topk(2, 0).values",
    "x.topk(2, 0, largest=False).values",
    "x.topk(99)",
    "x.kthvalue(1, 0).values",
    "x.kthvalue(9)",
    "x.median()",
    "x.median(0).values",
    "x.median(-1, keepdim=True).values",
    "x.nanmedian()",
    "x.nanmedian(0).values",
    "x.mode(0)",
    "x.mode(-1, keepdim=True)",
)
STATISTICS = (
    "t.quantile(x, 0.3)",
    "t.quantile(x, t.tensor([0.0, 0.25, 1.0], dtype=x.dtype), dim=0)",
    "t.quantile(x, 0.7, -1, True, interpolation='lower')",
    "t.quantile(x, 0.7, 0, interpolation='higher')",
    "t.quantile(x, 0.5, 0, interpolation='midpoint')",
    "t.quantile(x, 0.4, 0, interpolation='nearest')",
    "t.nanquantile(x, 0.3, 0)",
    "t.quantile(x, 1.2)",
    "t.cov(x)",
    "t.cov(x, correction=0)",
    "t.corrcoef(x)",
    "t.histc(x, 5)",
    "t.histc(x, 4, -1, 3)",
    "t.histogram(x, 4)",
    "t.histogram(x, 3, range=(-1.0, 3.0), density=True)",
    "t.histogram(x, 3, range=(-1.0, 3.0), weight=x)",
    "t.cdist(x, x)",
    "t.cdist(x, x * 2, p=1.0)",
    "t.cdist(x, x + 1, p=float('inf'))",
    "t.cdist(x, x + 1, p=3.0)",
    "t.diff(x)",
    "t.diff(x, 2, 0)",
    "t.diff(x, prepend=x, append=x)",
    "t.diff(x, 9)",
    "t.trapezoid(x)",
    "t.trapezoid(x, dx=0.5, dim=0)",
    "t.trapezoid(x, x * 2)",
    "t.cumulative_trapezoid(x)",
    "t.cumulative_trapezoid(x, x * x, dim=0)",
    "t.gradient(x, dim=0)",
    "t.gradient(x, spacing=0.5)",
    "t.gradient(x, dim=-1, edge_order=2)",
)
SEARCHES = (
    "t.unique(x)",
    "t.unique(x, return_inverse=True, return_counts=True)",
    "t.unique(x, dim=0)",
    "t.unique(x, dim=-1, return_inverse=True, return_counts=True)",
    "t.unique_consecutive(x)",
    "t.unique_consecutive(x, return_inverse=True, return_counts=True)",
    "t.unique_consecutive(x, dim=0, return_counts=True)",
    "t.searchsorted(t.sort(x).values, x)",
    "t.searchsorted(t.sort(x).values, x, right=True, out_int32=True)",
    "t.searchsorted(x, x, sorter=t.argsort(x))",
    "t.searchsorted(t.tensor([0, 1, 2, 2, 3]), x, side='right')",
    "t.searchsorted(t.tensor([0, 1, 2, 2, 3]), x, side='left', right=True)",
    "t.bucketize(x, t.tensor([-1.0, 0.0, 2.0, 3.0]))",
    "t.bucketize(x, t.tensor([-1.0, 0.0, 2.0, 3.0]), right=True)",
    "t.bucketize(1.5, t.tensor([0, 1, 2]))",
    "t.isin(x, t.tensor([2.0, 3.0]))",
    "t.isin(x, 2)",
    "t.isin(3, x)",
    "t.isin(x, x[:1], invert=True)",
    "t.bincount(x.flatten())",
    "t.bincount(x.flatten(), minlength=150)",
    "t.bincount(x.flatten(), weights=x.flatten())",
)

#: Calls whose derivatives are compared, and a tensor for each; all in float64.
DERIVATIVES = (
    *[
        (call, TABLE)
        for call in (
            "x.sum()",
            "x.sum(0)",
            "x.mean()",
            "x.mean((0, 1), True)",
            "x.nansum(1)",
            "x.nanmean(0)",
            "x.prod()",
            "x.prod(0)",
            "x.amax(1)",
            "x.amin(0)",
            "x.max()",
            "x.min()",
            "x.max(1).values",
            "x.min(0, keepdim=True).values",
            "t.aminmax(x, dim=1)",
            "x.var()",
            "x.var(0, correction=0)",
            "x.std(1)",
            "x.std()",
            "t.var_mean(x, 0)",
            "t.std_mean(x)",
            "x.logsumexp(1)",
            "x.norm()",
            "x.norm(2, 1)",
            "x.norm(1, 0)",
            "x.norm(float('inf'), 1)",
            "x.norm(3)",
            "t.dist(x, x.detach() + t.ones_like(x))",
            "t.renorm(x, 2, 0, 1.5)",
            "x.cumsum(0)",
            "x.cumprod(1)",
            "x.logcumsumexp(1)",
            "x.cummax(1).values",
            "x.cummin(0).values",
            "x.sort(dim=1, stable=True).values",
            "x.topk(1, 0).values",
            "x.kthvalue(1, 1).values",
            "x.median()",
            "x.nanmedian(1).values",
            "x.quantile(0.3, 1)",
            "t.cov(x)",
            "t.corrcoef(x)",
            "t.cdist(x, x.flip(0) + 1)",
            "t.cdist(x, x * 2 + 1, 3.0)",
            "t.diff(x, 2)",
            "t.trapezoid(x, dx=0.5)",
            "t.cumulative_trapezoid(x)",
            "t.gradient(x, dim=0)",
        )
    ],
    *[
        (call, [2.0, 0.0, 3.0, -1.0])
        for call in ("x.prod()", "x.prod(0)", "x.cumprod(0)", "x.norm()", "x.norm(1)")
    ],
    *[
        (call, [2.0, 0.0, 3.0, 0.0, -1.0])
        for call in ("x.prod()", "x.cumprod(0)", "x.std()", "x.logsumexp(0)")
    ],
    ("x.norm()", [0.0, 0.0]),
    ("x.norm(2, 0)", [[0.0, 1.0], [0.0, 1.0]]),
    ("x.std()", [2.0, 2.0]),
    ("x.norm(3)", [0.0, 0.0]),
    ("x.nansum()", [1.0, NAN]),
    ("x.median()", [NAN, 1.0, NAN]),
    ("x.max()", [NAN, 1.0, NAN]),
    ("x.amax()", [3.0, 3.0, 1.0, 3.0]),
    ("x.sum()", 2.0),
    ("x.max(0).values", 2.0),
    ("x.cumsum(0)", 2.0),
    ("x.sort().values", 2.0),
    ("x.prod(0)", 2.0),
)

#: Where PyTorch errs or is left: calls that begin so, and the name or dtype of the tensor.
DIFFERENT = (
    # It reads memory that nobody wrote.
    ("x.median(0).values", "expanded"),
    ("x.nanmedian(0).values", "expanded"),
    # Its one-pass mean is nan where the mean is infinite.
    ("t.var_mean", "infinite"),
    ("t.var_mean", "minus infinity"),
    ("t.std_mean", "infinite"),
    ("t.std_mean", "minus infinity"),
    # Sorting slices and counting modes, it compares with nan as if the order were total.
    ("t.unique(x, dim", "nan"),
    ("x.mode", "nan"),
    ("x.mode", "all nan"),
    # It drops nan here, and nowhere else.
    ("t.cdist(x, x + 1, p=float('inf'))", "infinite"),
    # It has no kernels for some operations on bool, or asks for a base dtype first.
    *[
        (name, "bool")
        for name in (
            "t.isin",
            "t.searchsorted",
            "t.cov",
            "t.corrcoef",
            "t.trapezoid",
            "t.cumulative_trapezoid",
            "t.gradient",
            "x.median",
            "x.nanmedian",
            "x.clone().cum",
        )
    ],
    # Its differences of small integers wrap; gnomon takes them of floats.
    ("t.gradient", "uint8"),
    ("t.gradient", "int8"),
    # inf - inf comes of another order of the same terms.
    ("t.gradient(x, dim=-1, edge_order=2)", "both infinities"),
    # Its check of a number against a tensor asks for a view that not every tensor has.
    ("t.isin(3, x)", "transposed"),
)
