"""How a tensor is written as text, character for character as PyTorch writes it.

Nothing here knows a tensor: a value is a shape and a function from an index to a Python number
(`bool`, `int`, `float` or `complex`, which also tells how it is written). Of a tensor above the
threshold only the elements that are shown are read, so an accelerator's tensor of a billion
elements costs a few reads.
"""

import math
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from itertools import product
from typing import NamedTuple, TypeAlias, TypedDict

Scalar: TypeAlias = bool | int | float | complex
Index: TypeAlias = tuple[int, ...]
Element: TypeAlias = Callable[[Index], Scalar]


class PrintOptions(NamedTuple):
    """What decides the text of a tensor besides its values.

    `precision` is the number of digits after the point; a tensor of more than `threshold`
    elements shows only `edgeitems` at each end of each dimension; a line holds `linewidth`
    characters; `sci_mode` forces (True) or forbids (False) exponents, None looks at the values.
    """

    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


class PrintOptionsDict(TypedDict):
    """`PrintOptions` as keyword arguments of `set_printoptions`."""

    precision: int
    threshold: float
    edgeitems: int
    linewidth: int
    sci_mode: bool | None


_PROFILES = {
    "default": PrintOptions(),
    "short": PrintOptions(precision=2, edgeitems=2),
    "full": PrintOptions(threshold=math.inf),
}

_current_options = PrintOptions()


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Set how tensors are printed from now on.

    `profile` ("default", "short" or "full") sets everything, the other arguments then override
    it; what is None stays as it was, except `sci_mode`, which every call sets.
    An unknown profile or a negative number is a ValueError.

    >>> set_printoptions(precision=2)
    >>> format_tensor((1,), lambda index: 1.12345)
    'tensor([1.12])'
    >>> set_printoptions(profile="default")
    """
    global _current_options
    if profile is None:
        base = _current_options
    elif profile in _PROFILES:
        base = _PROFILES[profile]
    else:
        raise ValueError(
            f"set_printoptions: no profile is named {profile!r}; use one of {sorted(_PROFILES)}"
        )
    chosen = PrintOptions(
        precision=base.precision if precision is None else precision,
        threshold=base.threshold if threshold is None else threshold,
        edgeitems=base.edgeitems if edgeitems is None else edgeitems,
        linewidth=base.linewidth if linewidth is None else linewidth,
        sci_mode=sci_mode,
    )
    if chosen.precision < 0 or chosen.edgeitems < 0:
        raise ValueError(
            f"set_printoptions: precision={chosen.precision} and edgeitems={chosen.edgeitems} "
            "count digits and elements; give numbers that are not negative"
        )
    _current_options = chosen


def get_printoptions() -> PrintOptionsDict:
    """Return the options in force, as keyword arguments for `set_printoptions`.

    >>> get_printoptions()["linewidth"]
    80
    """
    now = _current_options
    return {
        "precision": now.precision,
        "threshold": now.threshold,
        "edgeitems": now.edgeitems,
        "linewidth": now.linewidth,
        "sci_mode": now.sci_mode,
    }


@contextmanager
def printoptions(
    *,
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> Generator[None, None, None]:
    """Print with other options inside a `with` block; arguments as for `set_printoptions`.

    >>> with printoptions(threshold=5):
    ...     format_tensor((10,), lambda index: index[0])
    'tensor([0, 1, 2,  ..., 7, 8, 9])'
    """
    previous = get_printoptions()
    set_printoptions(precision, threshold, edgeitems, linewidth, profile, sci_mode)
    try:
        yield
    finally:
        set_printoptions(**previous)


class _RealFormat:
    """The one format that all real elements of a tensor share, chosen by those shown."""

    def __init__(self, values: Iterable[float], options: PrintOptions) -> None:
        shown = list(values)
        self._specification: str | None = None  # None: as Python writes it (bool and int)
        self._point = ""
        decisive = shown
        if any(isinstance(value, float) for value in shown):
            # Zeros and non-finite values fit any format, so they have no say.
            decisive = [value for value in shown if value != 0 and math.isfinite(value)]
            self._choose(decisive, options)
        self.width = max((len(self._text(value)) for value in decisive), default=1)

    def _choose(self, decisive: Sequence[float], options: PrintOptions) -> None:
        if decisive and _wants_exponent(decisive, options):
            self._specification = f".{options.precision}e"
        elif all(float(value).is_integer() for value in decisive):
            self._specification = ".0f"
            self._point = "."
        else:
            self._specification = f".{options.precision}f"

    def _text(self, value: Scalar) -> str:
        if self._specification is None:
            return str(value)
        text = format(value, self._specification)
        return (
            text + self._point if text[-1].isdigit() else text
        )  # "inf" and "nan" get no point

    def __call__(self, value: Scalar) -> str:
        return self._text(value).rjust(self.width)


def _wants_exponent(decisive: Sequence[float], options: PrintOptions) -> bool:
    """Tell whether fixed notation would hide digits (the three bounds are PyTorch's)."""
    if options.sci_mode is not None:
        return options.sci_mode
    largest = max(abs(value) for value in decisive)
    smallest = min(abs(value) for value in decisive)
    return largest / smallest > 1000 or largest > 1e8 or smallest < 1e-4


class _ComplexFormat:
    """The format of complex elements: one real format for each part."""

    def __init__(self, values: Sequence[complex], options: PrintOptions) -> None:
        self._real = _RealFormat((value.real for value in values), options)
        self._imaginary = _RealFormat((value.imag for value in values), options)
        self.width = self._real.width + self._imaginary.width + 1

    def __call__(self, value: Scalar) -> str:
        imaginary = self._imaginary(value.imag).lstrip() + "j"
        sign = "" if imaginary.startswith("-") else "+"
        return self._real(value.real) + sign + imaginary


class _Writer:
    """The elements of one tensor that are shown, and how they are laid out on lines."""

    def __init__(self, shape: Sequence[int], element: Element, options: PrintOptions) -> None:
        self._options = options
        self._summarised = math.prod(shape) > options.threshold
        self._positions = [self._shown(size) for size in shape]
        known = (
            [position for position in axis if position is not None] for axis in self._positions
        )
        self._values = {index: element(index) for index in product(*known)}
        values = list(self._values.values())
        self._format: _RealFormat | _ComplexFormat
        if any(isinstance(value, complex) for value in values):
            self._format = _ComplexFormat(values, options)
        else:
            # Only the types are narrowed: no value is complex here.
            reals = [value for value in values if not isinstance(value, complex)]
            self._format = _RealFormat(reals, options)

    def _shown(self, size: int) -> Sequence[int | None]:
        """Positions shown along one dimension; None stands for those left out."""
        edge = self._options.edgeitems
        if not self._summarised or size <= 2 * edge:
            return range(size)
        return [*range(edge), None, *range(size - edge, size)]

    def write(self, indent: int, index: Index = ()) -> str:
        """Write everything under `index`, its bracket standing in column `indent`."""
        depth = len(self._positions) - len(index)
        if depth == 0:
            return self._format(self._values[index])
        if depth == 1:
            return self._write_row(indent, index)
        blocks = [
            "..." if position is None else self.write(indent + 1, (*index, position))
            for position in self._positions[len(index)]
        ]
        return "[" + ("," + "\n" * (depth - 1) + " " * (indent + 1)).join(blocks) + "]"

    def _write_row(self, indent: int, index: Index) -> str:
        gap = " ..." if self._options.edgeitems else "..."
        texts = [
            gap if position is None else self._format(self._values[(*index, position)])
            for position in self._positions[-1]
        ]
        cell = self._format.width + len(", ")
        per_line = max(1, (self._options.linewidth - indent) // cell)
        lines = [
            ", ".join(texts[start : start + per_line])
            for start in range(0, len(texts), per_line)
        ]
        return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"


def format_elements(
    shape: Sequence[int],
    element: Element,
    *,
    indent: int = 0,
    options: PrintOptions | None = None,
) -> str:
    """Write the elements alone, as nested brackets whose first stands in column `indent`.

    >>> print(format_elements((2, 2), lambda index: index[0] - index[1]))
    [[ 0, -1],
     [ 1,  0]]
    """
    if math.prod(shape) == 0:
        return "[]"
    return _Writer(shape, element, options or _current_options).write(indent)


def _join_suffixes(text: str, suffixes: Iterable[str], indent: int, linewidth: int) -> str:
    """Append the suffixes, each on the last line if it fits there, else on its own line."""
    # The count starts two characters too high, as PyTorch's does; wrapping depends on it.
    used = len(text) - text.rfind("\n") + 1
    for suffix in suffixes:
        if used + len(suffix) + 2 > linewidth:
            text += ",\n" + " " * indent + suffix
            used = indent + len(suffix)
        else:
            text += ", " + suffix
            used += len(suffix) + 2
    return text


def format_tensor(
    shape: Sequence[int],
    element: Element | None,
    suffixes: Iterable[str] = (),
    *,
    class_name: str = "tensor",
    options: PrintOptions | None = None,
) -> str:
    """Write a whole tensor: class name, elements, suffixes.

    `element` is None where there is nothing to read (the meta device); "..." is written then.

    >>> format_tensor((2,), lambda index: index[0] + 0.5, ["dtype=torch.float64"])
    'tensor([0.5000, 1.5000], dtype=torch.float64)'
    """
    chosen = options or _current_options
    prefix = class_name + "("
    if element is None:
        elements = "..."
    else:
        elements = format_elements(shape, element, indent=len(prefix), options=chosen)
    return _join_suffixes(prefix + elements, suffixes, len(prefix), chosen.linewidth) + ")"


def tensor_suffixes(
    shape: Sequence[int],
    *,
    dtype: str,
    default_dtype: str = "float32",
    device: str = "cpu",
    requires_grad: bool = False,
    grad_fn: str | None = None,
    edgeitems: int = 3,
    has_values: bool = True,
) -> list[str]:
    """Return what is said of a tensor after its elements: device, size, dtype, gradient.

    | suffix                | appears                                                          |
    |-----------------------|------------------------------------------------------------------|
    | `device='opencl:0'`   | on any device but the CPU                                        |
    | `size=(0, 3)`         | where the elements do not tell it: empty and not 1-d, no values  |
    |                       | (the meta device), or `edgeitems` 0                              |
    | `dtype=torch.uint8`   | unless it is the default floating dtype or, with elements shown, |
    |                       | int64, bool or the default complex dtype                         |
    | `grad_fn=<Sin>`       | on the result of a recorded operation                            |
    | `requires_grad=True`  | on a leaf that requires a gradient                               |

    `dtype` and `default_dtype` are bare names such as "float32".

    >>> tensor_suffixes((0, 3), dtype="int64")
    ['size=(0, 3)', 'dtype=torch.int64']
    """
    suffixes = []
    if device.partition(":")[0] != "cpu":
        suffixes.append(f"device='{device}'")
    shows_elements = has_values and math.prod(shape) > 0
    if shows_elements:
        wants_size = edgeitems == 0
    else:
        wants_size = not has_values or len(shape) != 1
    if wants_size:
        suffixes.append(f"size={tuple(shape)}")
    default_complex = "complex128" if default_dtype == "float64" else "complex64"
    evident = {default_dtype}
    if shows_elements:
        evident |= {default_complex, "int64", "bool"}
    if dtype not in evident:
        suffixes.append(f"dtype=torch.{dtype}")
    if grad_fn is not None:
        suffixes.append(f"grad_fn=<{grad_fn}>")
    elif requires_grad:
        suffixes.append("requires_grad=True")
    return suffixes


def tensor_repr(
    shape: Sequence[int],
    element: Element | None,
    *,
    dtype: str,
    default_dtype: str = "float32",
    device: str = "cpu",
    requires_grad: bool = False,
    grad_fn: str | None = None,
    is_parameter: bool = False,
    class_name: str = "tensor",
    options: PrintOptions | None = None,
) -> str:
    """Return the `repr` of a tensor; the arguments are those of the functions it is made of.

    `class_name` is "tensor" for a plain tensor or parameter, for a subclass its own name;
    `element` is None on the meta device.

    >>> tensor_repr((2,), lambda index: 1.0, dtype="float64", requires_grad=True)
    'tensor([1., 1.], dtype=torch.float64, requires_grad=True)'
    >>> print(tensor_repr((1,), lambda index: 1.0, dtype="float32", is_parameter=True))
    Parameter containing:
    tensor([1.])
    """
    chosen = options or _current_options
    suffixes = tensor_suffixes(
        shape,
        dtype=dtype,
        default_dtype=default_dtype,
        device=device,
        requires_grad=requires_grad,
        grad_fn=grad_fn,
        edgeitems=chosen.edgeitems,
        has_values=element is not None,
    )
    text = format_tensor(shape, element, suffixes, class_name=class_name, options=chosen)
    return f"Parameter containing:\n{text}" if is_parameter else text
