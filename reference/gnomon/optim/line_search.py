"""A line search for the strong Wolfe conditions.

Nocedal and Wright, "Numerical Optimization", 2006, algorithms 3.5 and 3.6: first steps that
grow until a minimum is bracketed, then cubic interpolation between the ends of the bracket.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from gnomon.tensor import Tensor

#: How much of the decrease the slope promises a step must bring, and how much of the slope it
#: may leave.
SUFFICIENT_DECREASE = 1e-4
CURVATURE = 0.9


class Point(NamedTuple):
    """A point of the line: how far along, the loss, its gradient, its slope along the line."""

    distance: float
    loss: float
    gradient: Tensor
    slope: float


class Search(NamedTuple):
    """What is searched: from where, by which evaluation, and when to give up."""

    start: Point
    evaluate: Callable[[float], Point]
    #: The largest element of the direction, which makes a distance a change of parameters.
    extent: float
    tolerance_change: float
    max_iterations: int

    def decreases_too_little(self, point: Point) -> bool:
        promised = SUFFICIENT_DECREASE * point.distance * self.start.slope
        return point.loss > self.start.loss + promised

    def is_flat(self, point: Point) -> bool:
        return abs(point.slope) <= -CURVATURE * self.start.slope


def strong_wolfe(search: Search, distance: float) -> tuple[Point, int]:
    """Return a point that fulfils the conditions, or the best found, and the evaluations."""
    previous, point = search.start, search.evaluate(distance)
    evaluations = 1
    for iteration in range(search.max_iterations):
        rises = search.decreases_too_little(point) or (
            iteration > 1 and point.loss >= previous.loss
        )
        if not rises and search.is_flat(point):
            return point, evaluations
        if rises or point.slope >= 0:
            return _zoom(search, [previous, point], iteration, evaluations)
        least = point.distance + 0.01 * (point.distance - previous.distance)
        distance = cubic_minimum(previous, point, least, point.distance * 10)
        previous, point = point, search.evaluate(distance)
        evaluations += 1
    return min(search.start, point, key=lambda end: end.loss), evaluations


def _zoom(
    search: Search, bracket: list[Point], iteration: int, evaluations: int
) -> tuple[Point, int]:
    """Narrow a bracket of two points until one inside fulfils the conditions."""
    low = _lower(bracket)
    stalled = False
    while iteration < search.max_iterations:
        first, last = sorted(end.distance for end in bracket)
        if (last - first) * search.extent < search.tolerance_change:
            break
        distance = cubic_minimum(bracket[0], bracket[1], first, last)
        margin = 0.1 * (last - first)
        near_an_end = min(last - distance, distance - first) < margin
        if near_an_end and (stalled or not first < distance < last):
            nearer_last = abs(distance - last) < abs(distance - first)
            distance = last - margin if nearer_last else first + margin
            near_an_end = False
        stalled = near_an_end
        point = search.evaluate(distance)
        evaluations += 1
        iteration += 1
        high = 1 - low
        if search.decreases_too_little(point) or point.loss >= bracket[low].loss:
            bracket[high] = point
            low = _lower(bracket)
            continue
        if search.is_flat(point):
            return point, evaluations
        if point.slope * (bracket[high].distance - bracket[low].distance) >= 0:
            bracket[high] = bracket[low]
        bracket[low] = point
    return bracket[low], evaluations


def _lower(bracket: list[Point]) -> int:
    return 0 if bracket[0].loss <= bracket[1].loss else 1


def cubic_minimum(first: Point, second: Point, least: float, most: float) -> float:
    """Return where the cubic through two points, with their slopes, has its minimum.

    It is kept between ``least`` and ``most``, and is half-way where there is no minimum.
    Nocedal and Wright, equation 3.59.

    >>> ends = Point(0.0, 1.0, None, -2.0), Point(2.0, 1.0, None, 2.0)
    >>> cubic_minimum(*ends, 0.0, 2.0)
    1.0
    """
    first, second = sorted((first, second), key=lambda point: point.distance)
    width = second.distance - first.distance
    if width == 0:
        return (least + most) / 2.0
    mean = first.slope + second.slope - 3 * (first.loss - second.loss) / -width
    square = mean * mean - first.slope * second.slope
    if not square >= 0:
        return (least + most) / 2.0
    root = math.sqrt(square)
    slopes = second.slope - first.slope + 2 * root
    if slopes == 0:
        return (least + most) / 2.0
    position = second.distance - width * ((second.slope + root - mean) / slopes)
    return min(max(position, least), most)
