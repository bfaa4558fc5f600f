"""``compile``: a function whose launches are recorded, and replayed when it is called again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial, update_wrapper
from typing import Final, Generic, ParamSpec, TypeVar, cast, final

from gnomon.compiler.calls import Call, record
from gnomon.compiler.signature import Signature, signature_of
from gnomon.errors import explain
from gnomon.graph.modes import modes
from gnomon.recording import NotRecordable
from gnomon.tensor import Tensor

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

    def __init__(self, function: Callable[P, R], fullgraph: bool) -> None:
        self._function = function
        self._fullgraph = fullgraph
        self._variants: dict[object, _Variant] = {}
        update_wrapper(self, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        if modes.notes is not None:
            return self._function(*args, **kwargs)
        signature = signature_of(self._function, args, kwargs)
        variant = self._variants.get(signature.key)
        if variant is None:
            if len(self._variants) >= _MOST_SIGNATURES:
                return self._function(*args, **kwargs)
            variant = self._variants[signature.key] = _Variant(signature, self._fullgraph)
        run = partial(self._function, *args, **kwargs)
        return cast("R", variant.call(run, signature.tensors))

    def explain(self) -> str:
        """Return, for each signature, whether it is replayed, and by which kernels."""
        return "\n\n".join([variant.explain() for variant in self._variants.values()])


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

    def call(self, run: Callable[[], object], inputs: list[Tensor]) -> object:
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

    def explain(self) -> str:
        if self._ready is not None:
            return "replayed:\n" + self._ready.explain()
        if self._obstacle is not None:
            return f"run as ever: {self._obstacle}"
        return f"recorded {self._recordings} times, not the same launches twice yet"


def compile(
    model: Callable[P, R] | None = None,
    *,
    fullgraph: bool = False,
    dynamic: bool | None = None,
    backend: object = "inductor",
    mode: str | None = None,
    options: Mapping[str, object] | None = None,
    disable: bool = False,
) -> Callable[..., object]:
    """Return a function that does what ``model`` does, replaying its launches where it can.

    x
    """
    if model is None:
        return partial(compile, fullgraph=fullgraph, disable=disable)
    if disable:
        return model
    return Compiled(model, fullgraph)
