"""What "correct" means for one element; what a backend that does little comes to; scripts."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Sequence
from itertools import count

import pytest

from gnomon.backend import (
    Device,
    DType,
    Gap,
    IndexedDimension,
    Operand,
    ReductionRecord,
    Scalar,
    ScanRecord,
    ScatterRecord,
    SourceRecord,
    Stream,
    bfloat16,
    float16,
    float32,
    float64,
)
from gnomon.plugins import register_backend
from gnomon.records import Reduction
from gnomon_conformance import zoo
from gnomon_conformance.audit.faulty import FaultyBackend
from gnomon_conformance.cases import Level, Selection, Status, Tier, judge
from gnomon_conformance.correct import Expected, unit, verdict
from gnomon_conformance.inventory import elementwise_records, records_of
from gnomon_conformance.launches import ElementwiseLaunch, ReduceLaunch
from gnomon_conformance.runner import run, selected
from gnomon_conformance.target import VERBS, Target

_numbers = count()


def registered(backend: type[FaultyBackend]) -> Target:
    """Open a device that ``backend`` serves."""
    device = Device("judged", next(_numbers))
    register_backend(backend(device))
    return Target(device)


@pytest.mark.parametrize(
    ("got", "value", "slack", "right"),
    [
        (0.0, 0.0, 0.0, True),
        (-0.0, 0.0, 0.0, False),
        (-0.0, 0.0, 1e-44, False),
        (0.0, -5e-324, 1e-44, True),
        (0.0, -5e-324, 0.0, False),
        (math.nan, math.nan, 0.0, True),
        (1.0, math.nan, 1.0, False),
        (math.inf, math.inf, 0.0, True),
        (-math.inf, math.inf, 1.0, False),
        (1.0 + 2.0**-23, 1.0, 0.0, False),
        (1.0 + 2.0**-23, 1.0, 2.0**-23, True),
        (1.0 + 2.0**-22, 1.0, 2.0**-23, False),
        (math.inf, 3.4028234663852886e38, 1e32, True),
        (math.inf, 3.4e38, 1e32, False),
    ],
)
def test_elements_are_judged_by_the_rules(
    got: float, value: float, slack: float, right: bool
) -> None:
    assert verdict(got, Expected(value, slack), float32).right is right


def test_units_in_the_last_place() -> None:
    assert unit(1.0, float32) == 2.0**-23
    assert unit(0.0, float16) == 2.0**-24
    assert unit(-65504.0, float16) == 32.0


@pytest.mark.parametrize(
    ("name", "values", "may_be_nan"),
    [
        # exp(-255 * -2.5) is a number of the reference's float64, and of no shorter dtype.
        ("celu", (-2.5, -0.0, -255.0), True),
        ("celu", (-2.5, 1.0, -255.0), False),
        ("celu", (-2.5, -0.0, -2.0), False),
        ("xlogy", (0.0, 0.0), False),
        ("xlogy", (0.0, math.inf), False),
        # So is exp(-255), which the infinity multiplies.
        ("weighted_binary_cross_entropy_with_logits", (255.0, 10.0, math.inf), True),
        ("weighted_binary_cross_entropy_with_logits", (255.0, math.inf, -1.0), True),
        ("weighted_binary_cross_entropy_with_logits", (25.0, 10.0, 2.0), False),
        ("pow", (-2.0, math.inf), False),
        # sigmoid(-255) is a number of float64 alone.
        ("glu", (math.inf, -255.0), True),
        ("glu", (math.inf, -25.0), False),
        ("xlogy", (-2.0, math.inf), False),
    ],
)
def test_what_the_dtype_has_no_room_for_may_give_nan(
    name: str, values: Sequence[float], may_be_nan: bool
) -> None:
    stores: list[bytes] = []
    one = zoo.contiguous((1,))
    launch = ElementwiseLaunch(
        record=next(each for each in elementwise_records() if each.name == name),
        compute=float32,
        inputs=tuple(zoo.placed(stores, [value], one, float32) for value in values),
        outputs=(zoo.blank(stores, one, float32),),
        stores=tuple(stores),
    )
    (right,) = launch.right()
    assert verdict(math.nan, right.expected(0), float32).right is may_be_nan


@pytest.mark.parametrize(
    ("dtype", "row", "got", "right"),
    [
        # The squares of these are no normal numbers of float32, in which they are added.
        (bfloat16, (-1.2e-38, 9e-41), 0.0, True),
        (bfloat16, (-1e-19, 9e-41), 0.0, True),
        (bfloat16, (-1e-18, 9e-41), 0.0, False),
        (bfloat16, (-1.0, 1.0), 1.4296875, False),
        # A product of two of these squares is no number of float64.
        (float64, (1e-90, 3e-90), math.sqrt(2) * 1e-90, True),
        (float64, (1e-90, 3e-90), math.sqrt(2) * 1.001e-90, False),
        (float64, (1e90, 3e90), math.sqrt(2) * 1e90, True),
        (float64, (1e90, 3e90), math.sqrt(2) * 1.001e90, False),
    ],
)
def test_a_spread_is_as_near_as_its_squares_let_it_be(
    dtype: DType, row: Sequence[float], got: float, right: bool
) -> None:
    stores: list[bytes] = []
    launch = ReduceLaunch(
        record=next(each for each in records_of(Reduction) if each.name == "std"),
        dims=(0,),
        parameters=(1,),
        inputs=(zoo.placed(stores, row, zoo.contiguous((2,)), dtype),),
        outputs=(zoo.blank(stores, zoo.contiguous(()), dtype),),
        stores=tuple(stores),
    )
    (judged,) = launch.right()
    assert verdict(got, judged.expected(0), dtype).right is right


class Minimal(FaultyBackend):
    """Memory and elementwise launches, and nothing else."""

    def gaps(self) -> Sequence[Gap]:
        return (Gap("only elementwise so far", frozenset(VERBS[1:])),)

    def supports(self, name: str, dtypes: Sequence[DType]) -> bool:
        return name == "copy" or name in {record.name for record in elementwise_records()}

    def reduce(
        self,
        record: ReductionRecord,
        input: Operand,
        dims: tuple[int, ...],
        parameters: tuple[Scalar, ...],
        output: Operand,
    ) -> None:
        raise self.lacks(record.name, [input.dtype])

    def scan(self, record: ScanRecord, input: Operand, dim: int, output: Operand) -> None:
        raise self.lacks(record.name, [input.dtype])

    def gather(
        self, source: Operand, indexed: Sequence[IndexedDimension], output: Operand
    ) -> None:
        raise self.lacks("gather", [source.dtype])

    def scatter(
        self,
        record: ScatterRecord,
        source: Operand | Scalar,
        indexed: Sequence[IndexedDimension],
        destination: Operand,
    ) -> None:
        raise self.lacks(record.name, [destination.dtype])

    def sort(
        self, input: Operand, dim: int, descending: bool, values: Operand, indices: Operand
    ) -> None:
        raise self.lacks("sort", [input.dtype])

    def source(
        self,
        record: SourceRecord,
        parameters: tuple[Scalar, ...],
        generator: Stream | None,
        output: Operand,
    ) -> None:
        raise self.lacks(record.name, [output.dtype])


def test_a_minimal_backend_is_judged_at_its_level() -> None:
    found = run(
        registered(Minimal),
        Selection(Tier.QUICK, Level.PROGRAM, ("sin", "max*", "errors", "function", "writing")),
    )
    assert found.failures == []
    assert found.levels[-1] is Level.ELEMENTWISE
    levels = {each.level for each in found.outcomes if each.status == Status.DECLARED.value}
    assert min(levels) > Level.ELEMENTWISE


class Lacking(FaultyBackend):
    """Has no hyperbolic tangent, and does not say so."""

    def elementwise(self, record, inputs, output):  # type: ignore[no-untyped-def]
        if record.name == "tanh":
            raise self.lacks(record.name, [output.dtype])
        super().elementwise(record, inputs, output)


def test_a_gap_that_is_not_declared_fails() -> None:
    target = registered(Lacking)
    for case in selected(Selection(Tier.QUICK, only=("values/tanh/float32",)), 0):
        assert judge(case, target).status == Status.FAILED.value


class WrongSign(FaultyBackend):
    def elementwise(self, record, inputs, output):  # type: ignore[no-untyped-def]
        super().elementwise(record, inputs, output)
        if record.name == "neg":
            super().elementwise(record, [output], output)


def test_a_failure_comes_with_a_small_script_that_runs_alone() -> None:
    (case,) = selected(Selection(Tier.QUICK, only=("values/neg/float32",)), 0)
    outcome = judge(case, registered(WrongSign))
    assert outcome.status == Status.FAILED.value
    script = outcome.reproducer
    assert len(script.splitlines()) < 30
    alone = script.replace(f"'judged:{next(_numbers) - 1}'", "'cpu'")
    shown = subprocess.run(
        [sys.executable, "-c", alone], capture_output=True, text=True, check=True
    ).stdout
    right = script.partition("# right: ")[2].partition("\n")[0]
    assert shown.strip() == right
