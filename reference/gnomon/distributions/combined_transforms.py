"""Transforms made of others: one after the other, of several dims, of parts of a dim."""

from __future__ import annotations

import weakref
from collections.abc import Sequence

from gnomon.distributions import constraints
from gnomon.distributions.constraints import Constraint
from gnomon.distributions.transform import Transform
from gnomon.distributions.utils import sum_rightmost
from gnomon.layout import Size
from gnomon.ops.joining import cat, stack
from gnomon.tensor import Tensor


class IndependentTransform(Transform):
    """A transform whose last dims of the batch count as dims of the event."""

    def __init__(
        self,
        base_transform: Transform,
        reinterpreted_batch_ndims: int,
        cache_size: int = 0,
    ) -> None:
        super().__init__(cache_size)
        self.base_transform = base_transform.with_cache(cache_size)
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims
        self.bijective = base_transform.bijective

    @property
    def domain(self) -> Constraint:
        dims = self.reinterpreted_batch_ndims
        return constraints.independent(self.base_transform.domain, dims)

    @property
    def codomain(self) -> Constraint:
        dims = self.reinterpreted_batch_ndims
        return constraints.independent(self.base_transform.codomain, dims)

    @property
    def sign(self) -> int | Tensor:
        return self.base_transform.sign

    def _call(self, x: Tensor) -> Tensor:
        return self.base_transform(x)

    def _inverse(self, y: Tensor) -> Tensor:
        return self.base_transform.inv(y)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        slope = self.base_transform.log_abs_det_jacobian(x, y)
        return sum_rightmost(slope, self.reinterpreted_batch_ndims)

    def forward_shape(self, shape: Sequence[int]) -> Size:
        return self.base_transform.forward_shape(shape)

    def inverse_shape(self, shape: Sequence[int]) -> Size:
        return self.base_transform.inverse_shape(shape)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.base_transform!r}, {self.reinterpreted_batch_ndims})"
        )


class ReshapeTransform(Transform):
    """Events of ``in_shape`` as events of ``out_shape``."""

    bijective = True

    def __init__(
        self, in_shape: Sequence[int], out_shape: Sequence[int], cache_size: int = 0
    ) -> None:
        super().__init__(cache_size)
        self.in_shape, self.out_shape = Size(in_shape), Size(out_shape)
        if self.in_shape.numel() != self.out_shape.numel():
            raise ValueError("in_shape, out_shape have different numbers of elements")

    @property
    def domain(self) -> Constraint:
        return constraints.independent(constraints.real, len(self.in_shape))

    @property
    def codomain(self) -> Constraint:
        return constraints.independent(constraints.real, len(self.out_shape))

    def _call(self, x: Tensor) -> Tensor:
        return x.reshape(self.forward_shape(x.shape))

    def _inverse(self, y: Tensor) -> Tensor:
        return y.reshape(self.inverse_shape(y.shape))

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return x.new_zeros(x.shape[: x.dim() - len(self.in_shape)])

    def forward_shape(self, shape: Sequence[int]) -> Size:
        return _replaced_end(shape, self.in_shape, self.out_shape)

    def inverse_shape(self, shape: Sequence[int]) -> Size:
        return _replaced_end(shape, self.out_shape, self.in_shape)


def _replaced_end(shape: Sequence[int], old: Size, new: Size) -> Size:
    start = len(shape) - len(old)
    if start < 0 or Size(shape[start:]) != old:
        raise ValueError(f"Shape mismatch: expected {tuple(shape)} to end in {tuple(old)}")
    return Size(shape[:start]) + new


class ComposeTransform(Transform):
    """Transforms one after the other, the first of ``parts`` first."""

    def __init__(self, parts: Sequence[Transform], cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.parts = [part.with_cache(cache_size) if cache_size else part for part in parts]
        self.bijective = all(part.bijective for part in parts)

    @property
    def domain(self) -> Constraint:
        if not self.parts:
            return constraints.real
        dims = self.parts[-1].codomain.event_dim
        for part in reversed(self.parts):
            dims = max(
                dims + part.domain.event_dim - part.codomain.event_dim, part.domain.event_dim
            )
        return _with_dims(self.parts[0].domain, dims)

    @property
    def codomain(self) -> Constraint:
        if not self.parts:
            return constraints.real
        dims = self.parts[0].domain.event_dim
        for part in self.parts:
            dims = max(
                dims + part.codomain.event_dim - part.domain.event_dim, part.codomain.event_dim
            )
        return _with_dims(self.parts[-1].codomain, dims)

    @property
    def sign(self) -> int | Tensor:
        sign: int | Tensor = 1
        for part in self.parts:
            factor = part.sign
            sign = factor * sign if isinstance(factor, Tensor) else sign * factor
        return sign

    @property
    def inv(self) -> Transform:
        view = None if self._inverse_view is None else self._inverse_view()
        if view is None:
            view = ComposeTransform([part.inv for part in reversed(self.parts)])
            self._inverse_view = weakref.ref(view)
            view._inverse_view = weakref.ref(self)
        return view

    def with_cache(self, cache_size: int = 1) -> Transform:
        if self._cache_size == cache_size:
            return self
        return ComposeTransform(self.parts, cache_size)

    def __call__(self, x: Tensor) -> Tensor:
        return self._call(x)

    def _call(self, x: Tensor) -> Tensor:
        for part in self.parts:
            x = part(x)
        return x

    def _inverse(self, y: Tensor) -> Tensor:
        for part in reversed(self.parts):
            y = part.inv(y)
        return y

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        if not self.parts:
            return x.new_zeros(x.shape)
        values = [x]
        for part in self.parts[:-1]:
            values.append(part(values[-1]))
        values.append(y)
        terms = []
        dims = self.domain.event_dim
        for place, part in enumerate(self.parts):
            slope = part.log_abs_det_jacobian(values[place], values[place + 1])
            terms.append(sum_rightmost(slope, dims - part.domain.event_dim))
            dims += part.codomain.event_dim - part.domain.event_dim
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        return total

    def forward_shape(self, shape: Sequence[int]) -> Size:
        for part in self.parts:
            shape = part.forward_shape(shape)
        return Size(shape)

    def inverse_shape(self, shape: Sequence[int]) -> Size:
        for part in reversed(self.parts):
            shape = part.inverse_shape(shape)
        return Size(shape)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ComposeTransform) and self.parts == other.parts

    def __hash__(self) -> int:
        return hash(tuple(self.parts))

    def __repr__(self) -> str:
        parts = ",\n    ".join(map(repr, self.parts))
        return f"{type(self).__name__}(\n    {parts}\n)"


def _with_dims(constraint: Constraint, dims: int) -> Constraint:
    extra = dims - constraint.event_dim
    return constraints.independent(constraint, extra) if extra > 0 else constraint


class CatTransform(Transform):
    """Transforms of parts of a dim, which lie one behind the other."""

    def __init__(
        self,
        tseq: Sequence[Transform],
        dim: int = 0,
        lengths: Sequence[int] | None = None,
        cache_size: int = 0,
    ) -> None:
        super().__init__(cache_size)
        self.transforms = list(tseq)
        self.dim = dim
        self.lengths = [1] * len(self.transforms) if lengths is None else list(lengths)
        self.bijective = all(each.bijective for each in self.transforms)

    @property
    def domain(self) -> Constraint:
        regions = [each.domain for each in self.transforms]
        return constraints.cat(regions, self.dim, self.lengths)

    @property
    def codomain(self) -> Constraint:
        regions = [each.codomain for each in self.transforms]
        return constraints.cat(regions, self.dim, self.lengths)

    def _call(self, x: Tensor) -> Tensor:
        parts = zip(self.transforms, x.split(self.lengths, self.dim), strict=True)
        return cat([each(part) for each, part in parts], self.dim)

    def _inverse(self, y: Tensor) -> Tensor:
        parts = zip(self.transforms, y.split(self.lengths, self.dim), strict=True)
        return cat([each.inv(part) for each, part in parts], self.dim)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        before, after = x.split(self.lengths, self.dim), y.split(self.lengths, self.dim)
        parts = zip(self.transforms, before, after, strict=True)
        slopes = [each.log_abs_det_jacobian(old, new) for each, old, new in parts]
        return cat(slopes, self.dim)


class StackTransform(Transform):
    """Transforms of the slices of a dim."""

    def __init__(self, tseq: Sequence[Transform], dim: int = 0, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.transforms = list(tseq)
        self.dim = dim
        self.bijective = all(each.bijective for each in self.transforms)

    @property
    def domain(self) -> Constraint:
        return constraints.stack([each.domain for each in self.transforms], self.dim)

    @property
    def codomain(self) -> Constraint:
        return constraints.stack([each.codomain for each in self.transforms], self.dim)

    def _call(self, x: Tensor) -> Tensor:
        slices = zip(self.transforms, x.unbind(self.dim), strict=True)
        return stack([each(part) for each, part in slices], self.dim)

    def _inverse(self, y: Tensor) -> Tensor:
        slices = zip(self.transforms, y.unbind(self.dim), strict=True)
        return stack([each.inv(part) for each, part in slices], self.dim)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        slices = zip(self.transforms, x.unbind(self.dim), y.unbind(self.dim), strict=True)
        slopes = [each.log_abs_det_jacobian(part, after) for each, part, after in slices]
        return stack(slopes, self.dim)


#: The transform that changes nothing.
identity_transform = ComposeTransform([])
