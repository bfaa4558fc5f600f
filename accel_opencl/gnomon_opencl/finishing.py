"""Which products of a plan end in the elementwise steps that follow them, as one kernel.

A group of writes joins the product that makes one of its operands if it may run at the
product's place: if nothing in between touches what the group writes, or writes what it reads.
What only the group reads is then never stored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias, final

from gnomon.backend import Layout, Scalar
from gnomon_opencl.explaining import accesses
from gnomon_opencl.fusion import Content, Group, Part
from gnomon_opencl.kernels.endings import Made, ending_plan, with_ending
from gnomon_opencl.kernels.expressions import Expression, Formula
from gnomon_opencl.launches import KernelLaunch, Place, packed
from gnomon_opencl.traits import Traits
from gnomon_opencl.work import Work, touched, work_of_group

#: Operands that a group has at most, besides what the product makes. An optimizer's update has
#: more: it had better be bundled with those of other parameters.
_MOST_OPERANDS: Final = 3
#: The bytes of an argument that counts for the limit of them: none but plans has more.
_ARGUMENT_BYTES: Final = 8

#: What a plan runs: writes that are one kernel, or a launch that was recorded.
Run: TypeAlias = Group | KernelLaunch


@final
class Effect(NamedTuple):
    """Which memory something reads, and which it writes."""

    reads: frozenset[int]
    writes: frozenset[int]

    @property
    def touched(self) -> frozenset[int]:
        """All of the memory."""
        return self.reads | self.writes

    def is_apart_from(self, other: Effect) -> bool:
        """Whether the two may change places."""
        return self.writes.isdisjoint(other.touched) and other.writes.isdisjoint(self.touched)


@final
class Finished(NamedTuple):
    """A group as the end of a product: the expression, its operands, and where they stand."""

    expression: Expression
    #: The load that the product makes.
    given: int
    operands: tuple[Part, ...]
    layouts: tuple[Layout, ...]

    @property
    def place(self) -> int:
        """Which of the operands the product makes."""
        return len(self.expression.stores) + self.given


def finished(
    runs: Sequence[Run],
    numbers: Sequence[Scalar],
    names: Mapping[Formula, str],
    held: Sequence[bool],
    traits: Traits,
) -> list[Run]:
    """Return what has the effect of ``runs``, groups being put into products before them.

    ``numbers`` are those of all groups, and ``held`` says of each memory whether others see it.
    """
    effects = [_effect_of(run) for run in runs]
    users = Counter(number for effect in effects for number in effect.touched)
    kept: list[tuple[Run, Effect]] = []
    for run, effect in zip(runs, effects, strict=True):
        place = _product_before(kept, effect) if isinstance(run, Group) else None
        if place is not None:
            launch, _ = kept[place]
            assert isinstance(launch, KernelLaunch) and isinstance(run, Group)
            made = _made_by(launch)
            others = held[made] or users[made] > 2  # the product and the group
            ended = _ended(launch, run, others, numbers, names, traits)
            if ended is not None:
                kept[place] = ended, _effect_of(ended)
                continue
        kept.append((run, effect))
    return [run for run, _ in kept]


def _effect_of(run: Run) -> Effect:
    if isinstance(run, KernelLaunch):
        return Effect(*map(frozenset, accesses(run)))
    reads = {part.buffer for node in run.nodes for part in node.parts}
    writes = {node.target.buffer for node in run.nodes}
    if run.reduction is not None:
        reads.add(run.reduction.source)
        writes.update((run.reduction.target, *run.reduction.scratch))
    return Effect(frozenset(reads), frozenset(writes))


def _made_by(launch: KernelLaunch) -> int:
    """Return which memory a launch makes: that of its last buffer."""
    *_, (_, number) = launch.places()
    return number


def _product_before(kept: Sequence[tuple[Run, Effect]], effect: Effect) -> int | None:
    """Return the place of the product that makes something read, if what has the ``effect``
    may as well run there.
    """
    for place in reversed(range(len(kept))):
        run, other = kept[place]
        is_product = isinstance(run, KernelLaunch) and run.made is not None
        if is_product and not other.writes.isdisjoint(effect.reads):
            return place
        if not other.is_apart_from(effect):
            return None
    return None


def _ended(
    launch: KernelLaunch,
    group: Group,
    others: bool,
    numbers: Sequence[Scalar],
    names: Mapping[Formula, str],
    traits: Traits,
) -> KernelLaunch | None:
    """Return the launch that ends in ``group``, None if there can't be one; ``others`` read
    what it makes, too.
    """
    made, number = launch.made, _made_by(launch)
    assert made is not None
    content = group.content()
    end = _finish(content, made, number, others)
    if end is None:
        return None
    stored = {part.buffer for part in end.operands[: len(end.expression.stores)]}
    if not stored.isdisjoint(launch.numbers() - {number}):
        return None  # other work-items still read it
    steps = [min(layout.strides[-1], 2) for layout in end.layouts]
    steps[end.place] = 1
    source = with_ending(
        launch.source, end.expression, end.given, tuple(steps), made.lanes, traits
    )
    # The kernel does not touch the argument that it made its elements in by itself.
    first, *_ = places = [Place(part.buffer) for part in end.operands]
    del places[end.place]
    own = [first if each == Place(number) else each for each in launch.arguments]
    given = [packed(numbers[place], dtype) for place, dtype in content.numbers]
    arguments = (*own, *places, ending_plan(end.layouts), *given)
    sizes = [len(each) if isinstance(each, bytes) else _ARGUMENT_BYTES for each in arguments]
    if sum(sizes) > traits.max_parameter_bytes:
        return None
    work = _work(launch, group, names, end, number in stored)
    return KernelLaunch(source, launch.name, arguments, launch.items, launch.group, work)


def _finish(content: Content, made: Made, number: int, others: bool) -> Finished | None:
    """Return the group as the end of what makes the memory ``number``, if it can be one."""
    expression, operands, _, reduction = content
    if reduction is not None or not _is_of(expression, made):
        return None
    count = len(expression.stores)
    own = {part for part in operands if part.buffer == number}
    if len(own) != 1 or own.isdisjoint(operands[count:]):
        return None
    (part,) = own
    given = operands.index(part, count) - count
    if others and part not in operands[:count]:
        expression = expression._replace(stores=(*expression.stores, given))
        operands = (*operands[:count], part, *operands[count:])
    if len(operands) - 1 - others > _MOST_OPERANDS or part.layout.numel != made.layout.numel:
        return None
    found = [each.layout.view_or_none(made.layout.shape) for each in operands]
    layouts = tuple([layout for layout in found if layout is not None])
    if len(layouts) < len(found):
        return None
    end = Finished(expression, given, operands, layouts)
    is_whole = _places(layouts[end.place]) == _places(made.layout)
    return end if is_whole else None


def _is_of(expression: Expression, made: Made) -> bool:
    """Return whether all there is to compute is vectors of the product's dtype."""
    dtypes = {*expression.loads, *expression.numbers}
    for step in expression.steps:
        dtypes |= {step.compute, step.result}
        if step.formula.functions is not None:
            return False
    return dtypes == {made.dtype}


def _places(layout: Layout) -> tuple[int, list[tuple[int, int]]]:
    """Return what says where the elements of a layout stand."""
    dims = zip(layout.shape, layout.strides, strict=True)
    return layout.offset, [(size, stride) for size, stride in dims if size > 1]


def _work(
    launch: KernelLaunch,
    group: Group,
    names: Mapping[Formula, str],
    end: Finished,
    is_stored: bool,
) -> Work:
    """Return the work of a product and its end, between which nothing is stored and loaded."""
    first, then = launch.work, work_of_group(group, names)
    nbytes = None
    if first.nbytes is not None and then.nbytes is not None:
        part = end.operands[end.place]
        nbytes = first.nbytes + then.nbytes - (1 if is_stored else 2) * touched(*part[1:])
    operations = (*first.operations, *then.operations)
    return Work(operations, first.flops + then.flops, nbytes)
