"""Declarations of the built-in functions of OpenCL C that a program calls.

PoCL's compiler reads 18,000 lines of declarations before each program, which takes as long as
to compile a small kernel. Told that it has read them, it takes programs that declare the little
they need. Of a function, all forms are declared, whatever the program needs: with fewer,
another form might be called instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final

#: Tells the compiler that it has read its declarations.
HAS_DECLARATIONS: Final = "-D_OPENCL_H_"

_WIDTHS: Final = ("", "2", "3", "4", "8", "16")
_SIGNED: Final = {"char": "uchar", "short": "ushort", "int": "uint", "long": "ulong"}
_INTEGERS: Final = (*_SIGNED, *_SIGNED.values())
_FLOATING: Final = {"float": "int", "double": "long"}
_ALL: Final = (*_INTEGERS, *_FLOATING)
#: Where OpenCL C 1.2 knows memory to be.
_SPACES: Final = ("__global", "__local", "__private")

#: Functions of the same forms: their names, the elements of ``T``, and the forms. In these,
#: ``E`` is an element of ``T``; ``N``, ``I`` and ``J`` are ints, integers and unsigned integers
#: in vectors as long, the latter two with elements as large; ``M`` is what tells truths of
#: ``T``; ``A`` is a space of memory.
_FAMILIES: Final[tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]] = (
    (
        "acos acosh asin asinh atan atanh ceil cos cosh erf erfc exp exp2 expm1 fabs floor "
        "lgamma log log10 log1p log2 rint round rsqrt sin sinh sinpi sqrt tan tanh trunc",
        tuple(_FLOATING),
        ("T(T)",),
    ),
    ("atan2 copysign fmod hypot nextafter pow remainder", tuple(_FLOATING), ("T(T, T)",)),
    ("fmax fmin", tuple(_FLOATING), ("T(T, T)", "T(T, E)")),
    ("fma mad", tuple(_FLOATING), ("T(T, T, T)",)),
    ("ldexp", tuple(_FLOATING), ("T(T, N)", "T(T, int)")),
    ("frexp", tuple(_FLOATING), ("T(T, A N *)",)),
    ("isfinite isinf isnan signbit", tuple(_FLOATING), ("M(T)",)),
    ("all any", tuple(_SIGNED), ("int(T)",)),
    ("select", _ALL, ("T(T, T, I)", "T(T, T, J)")),
    ("abs", _INTEGERS, ("J(T)",)),
    ("clz popcount", _INTEGERS, ("T(T)",)),
    ("mul_hi", _INTEGERS, ("T(T, T)",)),
    ("max min", _ALL, ("T(T, T)", "T(T, E)")),
    ("clamp", _ALL, ("T(T, T, T)", "T(T, E, E)")),
    (
        "get_global_id get_global_size get_group_id get_local_id get_local_size",
        ("int",),
        ("size_t(uint)",),
    ),
)
_FORMS: Final = {
    name: (elements, forms) for names, elements, forms in _FAMILIES for name in names.split()
}
_CONVERSION: Final = re.compile(r"convert_([a-z]+)(\d*)(_sat)?(_rt[ezpn])?")
_MOVE: Final = re.compile(r"v(load|store)(_half)?(\d*)(_rt[ezpn])?")
_BARRIER: Final = "void __attribute__((overloadable, convergent)) barrier(uint);"
#: What is called, and what macros make names of by appending the width of a vector.
_WORD: Final = re.compile(r"\b[a-z]\w+")
_PASTED: Final = re.compile(r"\b([a-z]\w*)##")


def declarations_for(source: str) -> str:
    """Return the declarations of what ``source`` calls."""
    names = set(_WORD.findall(source))
    names |= {name + width for name in _PASTED.findall(source) for width in _WIDTHS}
    return "".join([f"{line}\n" for name in sorted(names) for line in declared(name)])


@cache
def declared(name: str) -> tuple[str, ...]:
    """Return the declarations of a function, none if it is not a built-in one."""
    if name in _FORMS:
        elements, forms = _FORMS[name]
        attribute = "" if name == "frexp" else "const"
        return _lines(name, attribute, [form for each in elements for form in _of(each, forms)])
    if name == "barrier":
        return (_BARRIER,)
    if conversion := _CONVERSION.fullmatch(name):
        target, width = conversion[1], conversion[2]
        if target in _ALL and width in _WIDTHS:
            parameters = [f"{target}{width}({each}{width})" for each in _ALL]
            return _lines(name, "const", parameters)
    if (move := _MOVE.fullmatch(name)) and (move[2] or move[3]):
        loads = move[1] == "load"
        moves = _moves(loads, bool(move[2]), move[3])
        return _lines(name, "pure" if loads else "", moves)
    return ()


def _lines(name: str, attribute: str, forms: Iterable[str]) -> tuple[str, ...]:
    attributes = f"__attribute__(({', '.join(filter(None, ('overloadable', attribute)))}))"
    parts = [form.partition("(") for form in dict.fromkeys(forms)]
    return tuple([f"{result} {attributes} {name}({rest};" for result, _, rest in parts])


def _of(element: str, forms: tuple[str, ...]) -> Iterator[str]:
    """Yield the forms for scalars and vectors of ``element``."""
    integer = _FLOATING.get(element, element.removeprefix("u"))
    for width in _WIDTHS:
        types = {
            "T": element + width,
            "E": element,
            "N": f"int{width}",
            "I": integer + width,
            "J": _SIGNED[integer] + width,
            "M": integer + width if width else "int",
        }
        for form in forms:
            for letter, kind in types.items():
                form = re.sub(rf"\b{letter}\b", kind, form)
            yield from dict.fromkeys(re.sub(r"\bA\b", space, form) for space in _SPACES)


def _moves(loads: bool, halves: bool, width: str) -> Iterator[str]:
    """Yield the forms of functions that load or store vectors."""
    spaces = ("__constant", *_SPACES) if loads else _SPACES
    for element in ("float", "double") if halves else _ALL:
        cell = "half" if halves else element
        for space in spaces:
            if not loads:
                yield f"void({element}{width}, size_t, {space} {cell} *)"
            elif not halves or element == "float":
                yield f"{element}{width}(size_t, const {space} {cell} *)"
