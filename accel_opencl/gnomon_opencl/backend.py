"""The backend of one OpenCL device: each verb finds its kernel, or says that there is none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Concatenate, Final, ParamSpec, TypeVar, final

import pyopencl as cl

from gnomon.backend import (
    Backend,
    Device,
    DeviceEvent,
    DType,
    ElementwiseRecord,
    FusedKernels,
    Gap,
    HostMemory,
    IndexedDimension,
    Layout,
    Memory,
    MemoryUse,
    MersenneTwister,
    Operand,
    ReductionRecord,
    Scalar,
    ScanRecord,
    ScatterRecord,
    SourceRecord,
    Storage,
    Stream,
    bool_,
)
from gnomon.fusible import attention as attention_of
from gnomon.fusible import (
    attention_backward,
    cholesky_factor,
    chosen_positions,
    class_losses_backward,
    cross_entropy,
    cross_entropy_backward,
    ctc_losses,
    ctc_losses_backward,
    determinant,
    householder_reflectors,
    inverse,
    leading_places,
    linear_solution,
    lu_factors,
    lu_solution,
    matrix_exponential,
    matrix_sum,
    max_pooling,
    max_pooling_backward,
    permutation_of_pivots,
    qr_factors,
    resampling,
    signed_logarithm,
    singular_vectors,
    standardization,
    standardization_backward,
    symmetric_eigenvectors,
    triangular_solution,
)
from gnomon.fusible import class_losses as class_losses_of
from gnomon.fusible import convolution as convolution_of
from gnomon.fusible import grid_samples as grid_samples_of
from gnomon.fusible import log_softmax as log_softmax_of
from gnomon.fusible import log_softmax_backward as log_softmax_backward_of
from gnomon.fusible import matrix_product as matrix_product_of
from gnomon.fusible import running_extremes as running_extremes_of
from gnomon.fusible import softmax as softmax_of
from gnomon.fusible import softmax_backward as softmax_backward_of
from gnomon_opencl.element_types import is_storable
from gnomon_opencl.kernels import (
    attention,
    choosing,
    class_losses,
    convolution,
    copying,
    ctc,
    elementwise,
    elimination,
    folds,
    grid_samples,
    indexing,
    matrix_product,
    orthogonalization,
    pooling,
    running_extremes,
    scan,
    scattering,
    softmax,
    sort,
    source,
    standardize,
)
from gnomon_opencl.kernels.expressions import Formula
from gnomon_opencl.kernels.reduce import Reducing
from gnomon_opencl.memory import DeviceMemory
from gnomon_opencl.recording import LaunchRecorder
from gnomon_opencl.runtime import Runtime
from gnomon_opencl.traits import Traits

P = ParamSpec("P")
R = TypeVar("R")

_NO_DOUBLES: Final = Gap("the device has no fp64", dtypes=frozenset({"float64"}), never=True)


@final
class OpenCLBackend(Backend):
    """A device of an OpenCL platform."""

    def __init__(self, device: cl.Device, index: int, traits: Traits | None = None) -> None:
        """Open ``device`` as ``opencl:<index>``; ``traits`` are the device's own by default."""
        self.device = Device("opencl", index)
        self.kernels = FusedKernels()
        self.runtime = Runtime(device, str(self.device), traits)
        self._formulas: dict[tuple[str, tuple[DType, ...], DType], tuple[Formula, DType]] = {}
        self.kernels.offer(matrix_product_of, self._on_device(matrix_product.multiply_matrices))
        self.kernels.offer(matrix_sum, self._on_device(matrix_product.add_product))
        self.kernels.offer(leading_places, self._on_device(sort.find_first))
        self.kernels.offer(chosen_positions, self._on_device(choosing.choose))
        extremes = self._on_device(running_extremes.run_extremes)
        self.kernels.offer(running_extremes_of, extremes)
        self._offer_windows()
        self._offer_rows()
        if self.runtime.traits.double_arithmetic:
            self._offer_eliminations()
            self._offer_orthogonalizations()

    def _offer_windows(self) -> None:
        """Offer the composites that read windows of images."""
        offer = self.kernels.offer
        offer(convolution_of, self._on_device(convolution.convolve))
        offer(max_pooling, self._on_device(pooling.pool_largest))
        offer(max_pooling_backward, self._on_device(pooling.put_back))
        offer(resampling, self._on_device(pooling.resample))
        offer(grid_samples_of, self._on_device(grid_samples.sample_grid))

    def _offer_rows(self) -> None:
        """Offer the composites that go along rows of floats."""
        offer = self.kernels.offer
        offer(softmax_of, self._on_device(softmax.softmax))
        offer(log_softmax_of, self._on_device(softmax.log_softmax))
        offer(softmax_backward_of, self._on_device(softmax.softmax_backward))
        offer(log_softmax_backward_of, self._on_device(softmax.log_softmax_backward))
        offer(standardization, self._on_device(standardize.standardize))
        offer(standardization_backward, self._on_device(standardize.standardize_backward))
        offer(class_losses_of, self._on_device(class_losses.add_class_losses))
        offer(class_losses_backward, self._on_device(class_losses.add_class_losses_backward))
        offer(cross_entropy, self._on_device(class_losses.add_cross_entropies))
        backward = class_losses.add_cross_entropies_backward
        offer(cross_entropy_backward, self._on_device(backward))
        offer(ctc_losses, self._on_device(ctc.add_up_paths))
        offer(ctc_losses_backward, self._on_device(ctc.find_slopes))
        if self.runtime.traits.is_processor:
            offer(attention_of, self._on_device(attention.attend))
            offer(attention_backward, self._on_device(attention.attend_backward))

    def _offer_eliminations(self) -> None:
        """Offer the composites that compute in doubles, whatever they are given."""
        offer = self.kernels.offer
        offer(inverse, self._on_device(elimination.invert))
        offer(linear_solution, self._on_device(elimination.solve))
        offer(triangular_solution, self._on_device(elimination.solve_triangular))
        offer(lu_factors, self._on_device(elimination.factor))
        offer(lu_solution, self._on_device(elimination.solve_by_factors))
        offer(permutation_of_pivots, self._on_device(elimination.permute))
        offer(cholesky_factor, self._on_device(elimination.factor_positive))
        offer(determinant, self._on_device(elimination.multiply_pivots))
        offer(signed_logarithm, self._on_device(elimination.add_logarithms))

    def _offer_orthogonalizations(self) -> None:
        """Offer the other composites that compute in doubles."""
        offer = self.kernels.offer
        offer(qr_factors, self._on_device(orthogonalization.factor_orthogonally))
        offer(householder_reflectors, self._on_device(orthogonalization.pack_reflectors))
        offer(symmetric_eigenvectors, self._on_device(orthogonalization.diagonalize))
        offer(singular_vectors, self._on_device(orthogonalization.take_singular_values))
        offer(matrix_exponential, self._on_device(orthogonalization.exponentiate))

    def _on_device(
        self, kernel: Callable[Concatenate[Runtime, Operand, P], R]
    ) -> Callable[Concatenate[Operand, P], R]:
        """Return ``kernel`` on this device, for the dtypes that it computes with."""

        def checked(first: Operand, /, *others: P.args, **named: P.kwargs) -> R:
            if not self._stores(first.dtype):
                raise self.lacks(kernel.__name__, (first.dtype,))
            self.runtime.begin(kernel.__name__, first, *others, *named.values())
            return kernel(self.runtime, first, *others, **named)

        return checked

    def allocate(self, nbytes: int) -> DeviceMemory:
        self.runtime.check_process()
        return self.runtime.pool.allocate(nbytes)

    def write(self, memory: Memory, offset: int, data: memoryview) -> None:
        assert isinstance(memory, DeviceMemory)
        self.runtime.flush()
        self.runtime.obstruct("data was copied from the host to the device")
        self.runtime.pool.write(memory, offset, data)

    def read(self, memory: Memory, offset: int, nbytes: int) -> memoryview:
        assert isinstance(memory, DeviceMemory)
        self.runtime.flush()
        self.runtime.obstruct("a value was read from the device")
        data = self.runtime.pool.read(memory, offset, nbytes)
        self.runtime.check_watched()
        return data

    def lend(
        self, memory: Memory, offset: int, nbytes: int
    ) -> AbstractContextManager[memoryview]:
        assert isinstance(memory, DeviceMemory)
        self.runtime.flush()
        self.runtime.obstruct("the host was lent memory of the device")
        return self.runtime.pool.lend(memory, offset, nbytes)

    def to_host(self, memory: Memory, offset: int, nbytes: int) -> HostMemory:
        return HostMemory(self.read(memory, offset, nbytes))

    def memory_use(self, reset_peaks: bool = False) -> MemoryUse:
        if reset_peaks:
            self.runtime.pool.reset_peaks()
        return self.runtime.pool.use()

    def empty_cache(self) -> int:
        self.runtime.flush()
        return self.runtime.pool.empty()

    def start_profiling(self) -> bool:
        self.runtime.flush()
        self.runtime.timeline.start()
        return True

    def stop_profiling(self) -> list[DeviceEvent]:
        self.runtime.flush()
        return self.runtime.timeline.stop()

    def synchronize(self) -> None:
        self.runtime.flush()
        self.runtime.timeline.finish()
        self.runtime.check_watched()

    def recorder(self) -> LaunchRecorder:
        return LaunchRecorder(self.runtime, self._is_false)

    def _is_false(self, memory: Memory, place: int) -> bool:
        condition = Operand(Storage(self, memory), Layout((), (), place), bool_)
        return elementwise.has_zero(self.runtime, condition)

    def supports(self, name: str, dtypes: Sequence[DType]) -> bool:
        if not all(self._stores(dtype) for dtype in dtypes):
            return False
        if name in ("copy", "gather", "sort", "matrix_product", "convolution") or not dtypes:
            return True
        verbs = (scattering.can_combine, folds.can_fold, source.can_make)
        if _can_scan(name) or any(knows(name) for knows in verbs):
            return True
        return elementwise.formula_of(name, dtypes[-1]) is not None

    def gaps(self) -> Sequence[Gap]:
        return () if self.runtime.traits.double_arithmetic else (_NO_DOUBLES,)

    def _stores(self, dtype: DType) -> bool:
        """Return whether kernels can compute with ``dtype`` here."""
        if dtype.is_floating_point and dtype.itemsize == 8:
            return self.runtime.traits.double_arithmetic
        return is_storable(dtype)

    def elementwise(
        self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
    ) -> None:
        name = record.name
        self.runtime.begin(name, *inputs, output)
        dtypes = tuple([value.dtype for value in inputs if isinstance(value, Operand)])
        if name == "copy":
            (value,) = inputs
            self._require_stored(name, (*dtypes, output.dtype))
            copying.copy(self.runtime, value, output)
            return
        formula, compute = self._formula(name, dtypes, output.dtype)
        elementwise.run(self.runtime, name, formula, compute, inputs, output)

    def _formula(
        self, name: str, dtypes: tuple[DType, ...], result: DType
    ) -> tuple[Formula, DType]:
        """Return the formula of a record, and the dtype that it computes in."""
        known = self._formulas.get((name, dtypes, result))
        if known is None:
            # A choice computes in what it returns; a comparison in what it is given.
            compute = result if name == "where" or not dtypes else dtypes[-1]
            self._require_stored(name, (*dtypes, result))
            formula = elementwise.formula_of(name, compute)
            if formula is None:
                raise self.lacks(name, (*dtypes, result))
            known = self._formulas[name, dtypes, result] = formula, compute
        return known

    def _require_stored(self, name: str, dtypes: Sequence[DType]) -> None:
        if not all(map(self._stores, dtypes)):
            raise self.lacks(name, dtypes)

    def reduce(
        self,
        record: ReductionRecord,
        input: Operand,
        dims: tuple[int, ...],
        parameters: tuple[Scalar, ...],
        output: Operand,
    ) -> None:
        dtypes = (input.dtype, output.dtype)
        if not folds.can_fold(record.name) or not all(map(self._stores, dtypes)):
            raise self.lacks(record.name, dtypes)
        self.runtime.begin(record.name, input, output)
        if output.layout.numel:
            name = folds.name_of_fold(record.name, input.dtype, parameters, self.runtime.traits)
            reducing = Reducing(
                name, parameters, input.layout, dims, output.layout, output.dtype
            )
            self.runtime.defer_reduction(reducing, input, output)

    def scan(self, record: ScanRecord, input: Operand, dim: int, output: Operand) -> None:
        dtypes = (input.dtype, output.dtype)
        if not _can_scan(record.name) or not all(map(self._stores, dtypes)):
            raise self.lacks(record.name, dtypes)
        self.runtime.begin(record.name, input, output)
        is_of_places = running_extremes.can_scan(record.name)
        run = running_extremes.scan_places if is_of_places else scan.scan
        run(self.runtime, record.name, input, dim, output)

    def gather(
        self, source: Operand, indexed: Sequence[IndexedDimension], output: Operand
    ) -> None:
        self._require_stored("gather", (source.dtype,))
        self.runtime.begin("gather", source, *[each.indices for each in indexed], output)
        indexing.gather(self.runtime, source, indexed, output)

    def scatter(
        self,
        record: ScatterRecord,
        source: Operand | Scalar,
        indexed: Sequence[IndexedDimension],
        destination: Operand,
    ) -> None:
        dtype = destination.dtype
        if not scattering.can_combine(record.name) or not self._stores(dtype):
            raise self.lacks(record.name, (dtype,))
        self.runtime.begin(f"scatter {record.name}", source, destination)
        scattering.scatter(self.runtime, record.name, source, indexed, destination)

    def sort(
        self, input: Operand, dim: int, descending: bool, values: Operand, indices: Operand
    ) -> None:
        self._require_stored("sort", (input.dtype,))
        self.runtime.begin("sort", input, values, indices)
        sort.sort(self.runtime, input, dim, descending, values, indices)

    def source(
        self,
        record: SourceRecord,
        parameters: tuple[Scalar, ...],
        generator: Stream | None,
        output: Operand,
    ) -> None:
        name, dtype = record.name, output.dtype
        self.runtime.begin(name, output)
        if isinstance(generator, MersenneTwister):
            source.write_elements(self.runtime, record, parameters, generator, output)
            return
        recipe = source.recipe_of(name, dtype, parameters, self.runtime.traits)
        if recipe is None or not all(map(self._stores, (recipe.dtype, dtype))):
            raise self.lacks(name, (dtype,))
        source.run(self.runtime, recipe, generator, output)


def _can_scan(name: str) -> bool:
    return scan.can_scan(name) or running_extremes.can_scan(name)
