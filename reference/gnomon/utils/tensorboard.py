"""Logs that TensorBoard shows, written by the library tensorboardX (the extra ``tensorboard``).

The names and arguments are those of ``torch.utils.tensorboard``. Values may be tensors of any
device and dtype, NumPy arrays or numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, TypeAlias, final

from gnomon.dtypes import bfloat16, float32
from gnomon.errors import explain
from gnomon.tensor import Tensor

if TYPE_CHECKING:
    from typing import Self

__all__ = ["SummaryWriter"]

Number: TypeAlias = int | float
#: A tensor, a NumPy array or a number.
Values: TypeAlias = object


class _Writer(Protocol):
    """What is used of tensorboardX's writer."""

    logdir: str

    def add_scalar(
        self, tag: str, value: Values, step: int | None, walltime: float | None
    ) -> None: ...
    def add_scalars(
        self, tag: str, values: Mapping[str, Values], step: int | None, walltime: float | None
    ) -> None: ...
    def add_histogram(
        self,
        tag: str,
        values: Values,
        step: int | None,
        bins: str,
        walltime: float | None,
        max_bins: int | None,
    ) -> None: ...
    def add_image(
        self,
        tag: str,
        image: Values,
        step: int | None,
        walltime: float | None,
        dataformats: str,
    ) -> None: ...
    def add_images(
        self,
        tag: str,
        images: Values,
        step: int | None,
        walltime: float | None,
        dataformats: str,
    ) -> None: ...
    def add_figure(
        self, tag: str, figure: object, step: int | None, close: bool, walltime: float | None
    ) -> None: ...
    def add_text(
        self, tag: str, text: str, step: int | None, walltime: float | None
    ) -> None: ...
    def add_pr_curve(
        self,
        tag: str,
        labels: Values,
        predictions: Values,
        step: int | None,
        num_thresholds: int,
        weights: Values,
        walltime: float | None,
    ) -> None: ...
    def add_embedding(
        self,
        mat: Values,
        metadata: Sequence[object] | None,
        label_img: Values,
        step: int | None,
        tag: str,
        metadata_header: Sequence[str] | None,
    ) -> None: ...
    def add_hparams(
        self,
        hparams: Mapping[str, object],
        metrics: Mapping[str, Values],
        name: str | None,
        step: int | None,
    ) -> None: ...
    def add_custom_scalars(self, layout: Mapping[str, Mapping[str, list[object]]]) -> None: ...
    def flush(self) -> None: ...
    def close(self) -> None: ...


@final
class SummaryWriter:
    """Writes events to files under ``log_dir``, by default ``runs/`` with time and host.

    Raises ModuleNotFoundError, which names the extra, where tensorboardX is not installed.
    """

    def __init__(
        self,
        log_dir: str | None = None,
        comment: str = "",
        purge_step: int | None = None,
        max_queue: int = 10,
        flush_secs: int = 120,
        filename_suffix: str = "",
    ) -> None:
        try:
            import tensorboardX
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                explain(
                    "SummaryWriter",
                    "the library tensorboardX is not installed",
                    remedy="Run pip install 'gnomon[tensorboard]'",
                )
            ) from error
        self._writer: _Writer = tensorboardX.SummaryWriter(
            log_dir, comment, purge_step, max_queue, flush_secs, filename_suffix
        )

    @property
    def log_dir(self) -> str:
        """The folder that is written to."""
        return self._writer.logdir

    def get_logdir(self) -> str:
        """Return the folder that is written to."""
        return self.log_dir

    def add_scalar(
        self,
        tag: str,
        scalar_value: Values,
        global_step: int | None = None,
        walltime: float | None = None,
        new_style: bool = False,
        double_precision: bool = False,
    ) -> None:
        """Log one number; ``new_style`` and ``double_precision`` are PyTorch's."""
        self._writer.add_scalar(tag, _array(scalar_value), global_step, walltime)

    def add_scalars(
        self,
        main_tag: str,
        tag_scalar_dict: Mapping[str, Values],
        global_step: int | None = None,
        walltime: float | None = None,
    ) -> None:
        """Log several numbers to be drawn in one diagram."""
        values = {tag: _array(value) for tag, value in tag_scalar_dict.items()}
        self._writer.add_scalars(main_tag, values, global_step, walltime)

    def add_histogram(
        self,
        tag: str,
        values: Values,
        global_step: int | None = None,
        bins: str = "tensorflow",
        walltime: float | None = None,
        max_bins: int | None = None,
    ) -> None:
        """Log how ``values`` are distributed."""
        self._writer.add_histogram(tag, _array(values), global_step, bins, walltime, max_bins)

    def add_image(
        self,
        tag: str,
        img_tensor: Values,
        global_step: int | None = None,
        walltime: float | None = None,
        dataformats: str = "CHW",
    ) -> None:
        """Log a picture: floats from 0 to 1 or uint8, its dims named by ``dataformats``."""
        self._writer.add_image(tag, _array(img_tensor), global_step, walltime, dataformats)

    def add_images(
        self,
        tag: str,
        img_tensor: Values,
        global_step: int | None = None,
        walltime: float | None = None,
        dataformats: str = "NCHW",
    ) -> None:
        """Log a batch of pictures side by side."""
        self._writer.add_images(tag, _array(img_tensor), global_step, walltime, dataformats)

    def add_figure(
        self,
        tag: str,
        figure: object,
        global_step: int | None = None,
        close: bool = True,
        walltime: float | None = None,
    ) -> None:
        """Log a figure of matplotlib's, or a list of figures."""
        self._writer.add_figure(tag, figure, global_step, close, walltime)

    def add_text(
        self,
        tag: str,
        text_string: str,
        global_step: int | None = None,
        walltime: float | None = None,
    ) -> None:
        """Log a text in Markdown."""
        self._writer.add_text(tag, text_string, global_step, walltime)

    def add_pr_curve(
        self,
        tag: str,
        labels: Values,
        predictions: Values,
        global_step: int | None = None,
        num_thresholds: int = 127,
        weights: Values = None,
        walltime: float | None = None,
    ) -> None:
        """Log precision against recall of predictions from 0 to 1 of labels 0 and 1."""
        self._writer.add_pr_curve(
            tag,
            _array(labels),
            _array(predictions),
            global_step,
            num_thresholds,
            _array(weights),
            walltime,
        )

    def add_embedding(
        self,
        mat: Values,
        metadata: Sequence[object] | None = None,
        label_img: Values = None,
        global_step: int | None = None,
        tag: str = "default",
        metadata_header: Sequence[str] | None = None,
    ) -> None:
        """Log vectors, the rows of ``mat``, with a label and a picture of each."""
        self._writer.add_embedding(
            _array(mat), metadata, _array(label_img), global_step, tag, metadata_header
        )

    def add_hparams(
        self,
        hparam_dict: Mapping[str, bool | str | float | int],
        metric_dict: Mapping[str, Values],
        hparam_domain_discrete: Mapping[str, Sequence[object]] | None = None,
        run_name: str | None = None,
        global_step: int | None = None,
    ) -> None:
        """Log options of a run and what came of them; domains are worked out by TensorBoard."""
        metrics = {name: _array(value) for name, value in metric_dict.items()}
        self._writer.add_hparams(hparam_dict, metrics, run_name, global_step)

    def add_custom_scalars(self, layout: Mapping[str, Mapping[str, list[object]]]) -> None:
        """Say which tags are drawn together."""
        self._writer.add_custom_scalars(layout)

    def add_graph(
        self,
        model: object,
        input_to_model: object = None,
        verbose: bool = False,
        use_strict_trace: bool = True,
    ) -> None:
        """Raise NotImplementedError: TensorBoard draws graphs of PyTorch's compiler only."""
        raise NotImplementedError(
            explain(
                "add_graph",
                "TensorBoard draws graphs that PyTorch's own compiler made",
                remedy="Draw the graph of a result with gnomon.utils.graph",
            )
        )

    def flush(self) -> None:
        """Write to disk what was logged so far."""
        self._writer.flush()

    def close(self) -> None:
        """Write everything and close the files."""
        self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _array(values: Values) -> Values:
    """Return a tensor as the NumPy array that the library knows, other values as they are."""
    if not isinstance(values, Tensor):
        return values
    tensor = values.detach().cpu()
    if tensor.dtype is bfloat16:
        tensor = tensor.to(float32)
    return tensor.item() if not tensor.shape else tensor.numpy()
