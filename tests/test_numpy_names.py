"""NumPy's names of arguments are taken wherever PyTorch takes them, and nowhere else.

PyTorch takes them in the functions of its own library, whose parsers know both names; in those
written in Python it does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from inspect import isclass, ismodule, signature

import pytest

import gnomon
from gnomon.op.numpy_names import NUMPY_NAMES, numpy_names

NAMESPACES = {
    "torch": gnomon,
    "Tensor": gnomon.Tensor,
    "special": gnomon.special,
    "linalg": gnomon.linalg,
}

#: What PyTorch wrote in Python, of the functions that have a parameter with two names.
WRITTEN_IN_PYTHON = {
    ("torch", "norm"),
    ("torch", "split"),
    ("torch", "unique"),
    ("torch", "unique_consecutive"),
    ("Tensor", "norm"),
    ("Tensor", "split"),
    ("Tensor", "unflatten"),
    ("Tensor", "unique"),
    ("Tensor", "unique_consecutive"),
}

NATIVE = ("builtin_function_or_method", "method_descriptor")


def cases() -> Iterator[tuple[str, str, str]]:
    """Yield namespace, function and NumPy's name for all functions that could take it."""
    for label, namespace in NAMESPACES.items():
        for name in dir(namespace):
            function = getattr(namespace, name)
            if name.startswith("_") or isclass(function) or ismodule(function):
                continue
            if callable(function):
                parameters = signature(function).parameters
                for numpys, pytorchs in NUMPY_NAMES.items():
                    if pytorchs in parameters and numpys not in parameters:
                        yield label, name, numpys


CASES = list(cases())


def takes(function: Callable[..., object], name: str) -> bool:
    """Return whether ``function`` knows an argument called ``name``, whatever else it lacks."""
    try:
        function(**{name: NotImplemented})
    except TypeError as error:
        return "unexpected keyword argument" not in str(error)
    except Exception:
        return True
    return True


def test_there_are_many_such_functions() -> None:
    assert len(CASES) > 1000


def test_every_function_takes_the_names_that_pytorch_takes() -> None:
    wrong = [
        (label, name, numpys)
        for label, name, numpys in CASES
        if takes(getattr(NAMESPACES[label], name), numpys)
        is ((label, name) in WRITTEN_IN_PYTHON)
    ]
    assert wrong == [], "Decorate these with @numpy_names, or list them in WRITTEN_IN_PYTHON."


def test_the_list_of_what_pytorch_wrote_in_python_is_true() -> None:
    torch = pytest.importorskip("torch", reason="compares with PyTorch")
    theirs = {
        "torch": torch,
        "Tensor": torch.Tensor,
        "special": torch.special,
        "linalg": torch.linalg,
    }
    in_python = {
        (label, name)
        for label, name, _ in CASES
        if hasattr(theirs[label], name)
        and type(getattr(theirs[label], name)).__name__ not in NATIVE
    }
    assert in_python == WRITTEN_IN_PYTHON


def test_the_native_functions_of_nn_functional_take_them_too() -> None:
    torch = pytest.importorskip("torch", reason="compares with PyTorch")
    functional = gnomon.nn.functional
    wrong = [
        (name, numpys)
        for name in dir(functional)
        if type(getattr(torch.nn.functional, name, None)).__name__ in NATIVE
        for numpys, pytorchs in NUMPY_NAMES.items()
        if pytorchs in signature(getattr(functional, name)).parameters
        and not takes(getattr(functional, name), numpys)
    ]
    assert wrong == []


#: Calls, and whether they are accepted.
CALLS = {
    "torch.sum(t, axis=1, keepdims=True)": True,
    "t.mean(axis=1, keepdims=True)": True,
    "t.std(axis=0)": True,
    "t.max(axis=1)": True,
    "t.argmax(axis=1, keepdims=True)": True,
    "torch.softmax(t, axis=0)": True,
    "torch.cat([t, t], axis=1)": True,
    "torch.stack([t, t], axis=1)": True,
    "torch.concatenate([t, t], axis=0)": True,
    "torch.chunk(t, 2, axis=1)": True,
    "t.unbind(axis=1)": True,
    "t.squeeze(axis=0)": True,
    "t.unsqueeze(axis=0)": True,
    "t.size(axis=1)": True,
    "t.stride(axis=1)": True,
    "t.cumsum(axis=1)": True,
    "t.sort(axis=0)": True,
    "torch.index_select(t, axis=0, index=i)": True,
    "torch.take_along_dim(t, t.long() % 2, axis=0)": True,
    "torch.quantile(t, 0.5, axis=1, keepdims=True)": True,
    "torch.repeat_interleave(t, 2, axis=1)": True,
    "torch.diff(t, axis=0)": True,
    "torch.renorm(t, 2, axis=0, maxnorm=1)": True,
    "torch.trapezoid(t, x=t, axis=0)": True,
    "torch.unflatten(t, axis=1, sizes=(3, 1))": True,
    "torch.linalg.vector_norm(t, axis=0, keepdims=True)": True,
    "torch.special.logsumexp(t, axis=0)": True,
    "torch.add(x1=t, x2=t)": True,
    "torch.add(a=t, x2=2)": True,
    "torch.mul(x=t, x2=t)": True,
    "torch.sin(x=t)": True,
    "torch.exp_(a=t.clone())": True,
    "torch.where(t > 0, x=t, x2=t)": True,
    "torch.maximum(x1=t, x2=t)": True,
    "t.sub(x2=t, alpha=2)": True,
    "t.clone().copy_(x2=t)": True,
    "torch.is_floating_point(x=t)": True,
    "torch.zeros_like(a=t)": True,
    "torch.norm(t, axis=1)": False,
    "t.norm(axis=1)": False,
    "torch.split(t, 1, axis=1)": False,
    "torch.flip(t, axis=0)": False,
    "torch.sum(t, dim=0, axis=0)": False,
    "torch.sum(t, 0, axis=0)": False,
    "torch.sum(x=t, a=t)": False,
    "torch.sin(t, x=t)": False,
    "torch.sin(input=t, x=t)": False,
    "torch.relu(x2=t)": False,
}
# The same calls with PyTorch's names.
RENAMED = {
    "axis=": "dim=",
    "keepdims=": "keepdim=",
    "(x=t": "(input=t",
    "(x1=": "(input=",
    "(a=": "(input=",
    "x2=": "other=",
    " x=t, other": " input=t, other",
}


def outcome(expression: str, torch: object) -> object:
    from_list = torch.tensor([[3.0, 1.0, 2.0], [4.0, 6.0, 5.0]])  # type: ignore[attr-defined]
    index = torch.tensor([0, 1])  # type: ignore[attr-defined]
    try:
        value = eval(expression, {"torch": torch, "t": from_list, "i": index})
    except TypeError:
        return TypeError
    values = value if isinstance(value, tuple | list) else [value]
    return [each.tolist() if hasattr(each, "tolist") else each for each in values]


@pytest.mark.parametrize("call", CALLS)
def test_calls_mean_what_they_mean_with_pytorchs_names(call: str) -> None:
    found = outcome(call, gnomon)
    assert (found is not TypeError) is CALLS[call]
    if CALLS[call]:
        renamed = call
        for numpys, pytorchs in RENAMED.items():
            renamed = renamed.replace(numpys, pytorchs)
        assert found == outcome(renamed, gnomon)


@pytest.mark.parametrize("call", CALLS)
def test_pytorch_accepts_the_same_calls(call: str) -> None:
    torch = pytest.importorskip("torch", reason="compares with PyTorch")
    assert (outcome(call, torch) is not TypeError) is CALLS[call]


def test_a_function_keeps_a_name_it_has_itself() -> None:
    @numpy_names
    def shifted(input: int, x: int = 0, dim: int = 0) -> tuple[int, int, int]:
        return input, x, dim

    assert shifted(1, x=2, axis=3) == (1, 2, 3)
    assert shifted(a=1) == (1, 0, 0)
    with pytest.raises(TypeError, match="unexpected keyword argument 'keepdims'"):
        shifted(1, keepdims=True)  # type: ignore[call-arg]


def test_a_warning_points_at_the_program_whatever_stands_between() -> None:
    one = gnomon.ones(1)
    with pytest.warns(UserWarning, match="degrees of freedom") as seen:
        gnomon.var(one, axis=0)
        one.var(axis=0)
    assert [each.filename for each in seen] == [__file__, __file__]
    with pytest.warns(UserWarning, match="was resized") as seen:
        gnomon.sin(one, out=gnomon.ones(2))
    assert [each.filename for each in seen] == [__file__]
