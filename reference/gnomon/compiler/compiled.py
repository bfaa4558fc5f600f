"""``compile``: a function whose launches are recorded, and replayed when it is called again."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from functools import partial, update_wrapper, wraps
from types import MethodType
from typing import (
    TYPE_CHECKING,
    Final,
    Generic,
    ParamSpec,
    Protocol,
    TypeVar,
    cast,
    final,
    overload,
)

from gnomon.compiler.calls import Call, record
from gnomon.compiler.explanation import Explanation, Section
from gnomon.compiler.signature import Signature, signature_of
from gnomon.errors import explain
from gnomon.graph.modes import modes
from gnomon.nn.modules.module import Module
from gnomon.recording import NotRecordable
from gnomon.tensor import Tensor

if TYPE_CHECKING:
    from typing import Self

P = ParamSpec("P")
R = TypeVar("R")

#: Calls of one signature that are recorded before it is run as ever, for good.
_MOST_RECORDINGS: Final = 8
#: Signatures of one function that are recorded.
_MOST_SIGNATURES: Final = 32


@final
class Compiled(Generic[P, R]):
    """A function that is run as ever until two calls in a row make the same launches, and whose
    launches are then replayed without it.
    """

    def __init__(
        self, function: Callable[P, R], fullgraph: bool = False, disable: bool = False
    ) -> None:
        self._function = function
        self._fullgraph = fullgraph
        self._disable = disable
        self._variants: dict[object, _Variant] = {}
        update_wrapper(self, function)
        _all_compiled.add(self)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        if self._disable or modes.notes is not None:
            return self._function(*args, **kwargs)
        signature = signature_of(self._function, args, kwargs)
        variant = self._variants.get(signature.key)
        if variant is None:
            if len(self._variants) >= _MOST_SIGNATURES:
                return self._function(*args, **kwargs)
            variant = self._variants[signature.key] = _Variant(signature, self._fullgraph)
        function = cast("Callable[..., object]", self._function)
        run = partial(function, *args, **kwargs)
        return cast("R", variant.call(run, signature.tensors))

    def forget(self) -> None:
        """Drop all recordings, and record again."""
        self._variants.clear()

    def __get__(self, instance: object, owner: type | None = None) -> object:
        """Return the method of ``instance`` that a decorated function in a class is."""
        return self if instance is None else MethodType(self, instance)

    def explain(self) -> Explanation:
        """Return, for each signature, whether it is replayed, and by which kernels.

        These run once to be measured, on memory of their own. The text that is returned can be
        saved as a picture, too.
        """
        variants = self._variants.values()
        return Explanation([section for each in variants for section in each.explain()])


class _Forgetful(Protocol):
    """A compiled function, whatever its parameters."""

    def forget(self) -> None: ...


_all_compiled: weakref.WeakSet[_Forgetful] = weakref.WeakSet()


@final
class _Variant:
    """The calls of one signature."""

    def __init__(self, signature: Signature, fullgraph: bool) -> None:
        # Held, so that no other object takes the identity of one of these.
        self._kept = signature.kept
        self._fullgraph = fullgraph
        self._last: Call | None = None
        self._ready: Call | None = None
        self._recordings = 0
        self._obstacle: NotRecordable | None = None

    def call(self, run: partial[object], inputs: list[Tensor]) -> object:
        """Replay if possible, otherwise run."""
        if self._ready is not None:
            if self._ready.fits():
                return self._ready.replay(inputs)
            self._ready = self._last = None
        if self._recordings >= _MOST_RECORDINGS:
            return run()
        self._recordings += 1
        result, call = record(run, inputs)
        if isinstance(call, NotRecordable):
            self._obstacle, self._last = call, None
            if self._fullgraph:
                raise RuntimeError(
                    explain(
                        "compile",
                        f"fullgraph=True, but {call}",
                        remedy="Take that out of the function, or leave fullgraph out",
                    )
                )
            return result
        if self._last is not None and call.matches(self._last):
            call.prepare()
            self._ready, self._recordings = call, 0
        self._last = call
        return result

    def explain(self) -> list[Section]:
        if self._ready is not None:
            return self._ready.explain()
        if self._obstacle is not None:
            return [Section(f"run as ever: {self._obstacle}")]
        times = self._recordings
        return [Section(f"recorded {times} times, not the same launches twice yet")]


def reset() -> None:
    """Let every compiled function forget its recordings, and give back their memory."""
    for compiled in list(_all_compiled):
        compiled.forget()


def disable(
    fn: Callable[P, R], recursive: bool = True, *, reason: str | None = None
) -> Callable[P, R]:
    """Return ``fn`` so that a recorded call which gets to it is not replayed.

    ``recursive`` and ``reason`` are PyTorch's.
    """

    @wraps(fn)
    def opaque(*args: P.args, **kwargs: P.kwargs) -> R:
        if modes.notes is not None:
            modes.notes.obstruct(f"it calls {getattr(fn, '__name__', fn)}, which is disabled")
        return fn(*args, **kwargs)

    return opaque


def is_compiling() -> bool:
    """Return whether a call is being recorded.

    >>> is_compiling()
    False
    """
    return modes.notes is not None


@overload
def compile(  # type: ignore[overload-overlap]  # a module can be called, but is more than that
    model: Module,
    *,
    fullgraph: bool = False,
    dynamic: bool | None = None,
    backend: str | Callable[..., object] = "inductor",
    mode: str | None = None,
    options: Mapping[str, str | int | bool] | None = None,
    disable: bool = False,
) -> OptimizedModule: ...
@overload
def compile(
    model: Callable[P, R],
    *,
    fullgraph: bool = False,
    dynamic: bool | None = None,
    backend: str | Callable[..., object] = "inductor",
    mode: str | None = None,
    options: Mapping[str, str | int | bool] | None = None,
    disable: bool = False,
) -> Compiled[P, R]: ...
@overload
def compile(
    model: None = None,
    *,
    fullgraph: bool = False,
    dynamic: bool | None = None,
    backend: str | Callable[..., object] = "inductor",
    mode: str | None = None,
    options: Mapping[str, str | int | bool] | None = None,
    disable: bool = False,
) -> Compiler: ...
def compile(
    model: Module | Callable[P, R] | None = None,
    *,
    fullgraph: bool = False,
    dynamic: bool | None = None,
    backend: str | Callable[..., object] = "inductor",
    mode: str | None = None,
    options: Mapping[str, str | int | bool] | None = None,
    disable: bool = False,
) -> OptimizedModule | Compiled[P, R] | Compiler:
    """Return what does the same as ``model``, a function or a module, but faster when called
    again.

    Calls with arguments alike run as ever until two in a row made the same launches on a device
    that can replay them; then the launches are fused and replayed, and the Python code of
    ``model`` runs no more. Parameters, buffers and the state of optimizers change in place as
    ever, gradients of leaves are set, random numbers go on, and learning rates are looked up
    anew; other effects of the code on Python objects are not repeated. A call that reads a
    value, or keeps a tensor where a replay could not put another, runs as ever each time, and
    so does everything on the CPU; with ``fullgraph`` it raises RuntimeError, which says why.

    ``dynamic``, ``backend``, ``mode`` and ``options`` choose between compilers in PyTorch;
    there is one here, which each device brings along.

    >>> import gnomon as torch
    >>> @torch.compile
    ... def double(x):
    ...     return 2 * x
    >>> double(torch.ones(2))
    tensor([2., 2.])
    """
    if model is None:
        return Compiler(fullgraph, disable)
    if isinstance(model, Module):
        return OptimizedModule(model, fullgraph, disable)
    return Compiled(model, fullgraph, disable)


@final
class Compiler:
    """``compile`` with arguments, used as a decorator."""

    def __init__(self, fullgraph: bool, disable: bool) -> None:
        self._fullgraph = fullgraph
        self._disable = disable

    def __call__(self, model: Callable[P, R]) -> Callable[P, R]:
        compiled = compile(model, fullgraph=self._fullgraph, disable=self._disable)
        return cast("Callable[P, R]", compiled)


class OptimizedModule(Module):
    """A module whose calls are recorded and replayed; its parameters are those of the original.

    As in PyTorch, names in its state dict begin with ``_orig_mod.``, and other attributes are
    the original's.
    """

    def __init__(self, module: Module, fullgraph: bool = False, disable: bool = False) -> None:
        super().__init__()
        self._orig_mod = module
        self.training = module.training
        self._compiled = Compiled(module.__call__, fullgraph, disable)

    def forward(self, *args: object, **kwargs: object) -> object:
        """Return what the original module does."""
        return self._compiled(*args, **kwargs)

    def train(self, mode: bool = True) -> Self:
        self._orig_mod.train(mode)
        self.training = mode
        return self

    def explain(self) -> Explanation:
        """Return, for each signature, whether it is replayed, and by which kernels."""
        return self._compiled.explain()

    def __getattr__(self, name: str) -> Tensor | Module:
        if name == "_orig_mod":
            return super().__getattr__(name)
        return cast("Tensor | Module", getattr(self._orig_mod, name))
