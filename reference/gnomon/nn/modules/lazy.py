"""Modules that make their parameters when they see their first input."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import TYPE_CHECKING, ClassVar

from gnomon.graph.modes import no_grad
from gnomon.hooks import RemovableHandle
from gnomon.nn.modules.module import Module
from gnomon.nn.modules.state import Metadata, StateDict
from gnomon.nn.parameter import UninitializedTensorMixin, is_lazy
from gnomon.tensor import Tensor

__all__ = ["LazyModuleMixin"]


class LazyModuleMixin(Module):
    """What lazy modules share: before their first forward computation they call
    ``initialize_parameters`` with its arguments, which a subclass defines to make every
    uninitialized parameter and buffer, and then become a ``cls_to_become``.

    Loading a state dict makes them as well. Raises RuntimeError when one is still left.
    """

    cls_to_become: ClassVar[type[Module] | None] = None

    _load_hook: RemovableHandle
    _initialize_hook: RemovableHandle

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self._load_hook = self._register_load_state_dict_pre_hook(self._lazy_load_hook)
        self._initialize_hook = self.register_forward_pre_hook(
            self._infer_parameters, with_kwargs=True
        )

    def _state(self) -> Iterator[tuple[str, Tensor | None]]:
        return chain(self._parameters.items(), self._buffers.items())

    def _save_to_state_dict(self, destination: StateDict, prefix: str, keep_vars: bool) -> None:
        for name, tensor in self._state():
            if tensor is not None and name not in self._non_persistent_buffers_set:
                kept = keep_vars or is_lazy(tensor)
                destination[prefix + name] = tensor if kept else tensor.detach()

    def _lazy_load_hook(
        self,
        state_dict: StateDict,
        prefix: str,
        local_metadata: Metadata,
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """Make the tensors whose shapes ``state_dict`` says."""
        for name, tensor in self._state():
            given = state_dict.get(prefix + name)
            if not isinstance(tensor, UninitializedTensorMixin) or is_lazy(given):
                continue
            if isinstance(given, Tensor):
                tensor.materialize(given.shape)

    if TYPE_CHECKING:
        # Its parameters are those of each layer's forward.
        initialize_parameters: Callable[..., None]
    else:

        def initialize_parameters(self, *args: object, **kwargs: object) -> None:
            """Make all parameters and buffers for these arguments of ``forward``."""
            raise NotImplementedError(
                f"initialize_parameters is not implemented for {type(self).__name__}. Define "
                "it in the class."
            )

    def has_uninitialized_params(self) -> bool:
        """Return whether a parameter or buffer is still to be made."""
        return any(is_lazy(tensor) for _, tensor in self._state())

    @staticmethod
    def _infer_parameters(
        module: LazyModuleMixin, args: tuple[object, ...], kwargs: Mapping[str, object]
    ) -> None:
        with no_grad():
            module.initialize_parameters(*args, **kwargs)
        if module.has_uninitialized_params():
            raise RuntimeError(f"module {module._get_name()} has not been fully initialized")
        module._initialize_hook.remove()
        module._load_hook.remove()
        del module._initialize_hook, module._load_hook
        if module.cls_to_become is not None:
            module.__class__ = module.cls_to_become  # type: ignore[assignment]  # lazy no more
