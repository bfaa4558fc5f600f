"""What every record says of itself in words, to ``help()`` and to the table of operations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from inspect import Parameter, Signature, signature
from typing import ParamSpec, Protocol, TypeVar, final

from gnomon.op.claims import Domain, Tolerance
from gnomon.op.rules import DTypeRule

P = ParamSpec("P")
R = TypeVar("R")
Family = TypeVar("Family", bound="Described")


class Described(Protocol):
    """What can say of itself what ``help()`` shows."""

    def describe(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Record:
    """The name of an operation, and its definition in words."""

    name: str
    #: What the result is, as a phrase: "the sine of the input, an angle in radians".
    definition: str
    #: What the definition leaves open: NaN, infinities, ties, zeros, signs, integers.
    special_cases: str = ""

    @property
    def __name__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    def signature(self) -> Signature:
        """Return how the record is called."""
        return without_annotations(type(self).__call__)

    def dtypes(self) -> str:
        """Return the dtypes of inputs and result in words; empty if the record has no rule."""
        return ""

    def accuracy(self) -> str:
        """Return the tolerance in words; empty if the record states none."""
        return ""

    def differentiable(self) -> tuple[str, ...]:
        """Return the names of the inputs that a gradient flows to."""
        return ()

    def describe(self) -> str:
        """Return what ``help()`` shows.

        >>> import gnomon as torch
        >>> print(torch.relu.describe())
        relu(input, *, out=None)
        <BLANKLINE>
        The input where it is positive, 0 elsewhere. NaN stays NaN; -0.0 stays -0.0.
        <BLANKLINE>
        Dtypes: any dtype but bool.
        Tolerance: exact, or rounded once.
        Differentiable: input.
        """
        sentences = [self.definition, self.special_cases]
        facts = {
            "Dtypes": self.dtypes(),
            "Tolerance": self.accuracy(),
            "Differentiable": " and ".join(self.differentiable()) or "no",
        }
        return "\n".join(
            [
                f"{self.name}{self.signature()}",
                "",
                " ".join([f"{text[:1].upper()}{text[1:]}." for text in sentences if text]),
                "",
                *[f"{label}: {text}." for label, text in facts.items() if text],
            ]
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class NumericRecord(Record):
    """A record that computes: with a dtype rule and a tolerance, on a domain."""

    dtype: DTypeRule
    tolerance: Tolerance
    domain: Domain | tuple[Domain, ...]

    def dtypes(self) -> str:
        return in_words(self.dtype)

    def accuracy(self) -> str:
        return str(self.tolerance)


def in_words(rule: DTypeRule) -> str:
    """Return a dtype rule as a phrase, from the first sentence of its docstring."""
    sentence = (rule.__doc__ or "").partition(".\n")[0].strip().removesuffix(".")
    return sentence[:1].lower() + sentence[1:]


def without_annotations(function: Callable[P, R]) -> Signature:
    """Return the signature of a method or function, without ``self`` and annotations."""
    found = signature(function)
    parameters = [
        parameter.replace(annotation=Parameter.empty)
        for parameter in found.parameters.values()
        if parameter.name != "self"
    ]
    return Signature(parameters)


@final
class _Documentation:
    """The ``__doc__`` of a family: its docstring on the class, a description on a record.

    The description is built when it is read, so that it costs nothing at import.
    """

    __slots__ = ("_of_family",)

    def __init__(self, of_family: str | None) -> None:
        self._of_family = of_family

    def __get__(self, record: Described | None, family: type[Described]) -> str | None:
        return self._of_family if record is None else record.describe()


def describes_itself(family: type[Family]) -> type[Family]:
    """Let ``help()`` of each record of ``family`` show the record's own description."""
    documentation = _Documentation(family.__doc__)
    family.__doc__ = documentation  # type: ignore[assignment]  # typeshed knows plain strings only
    return family
