"""Saving: an object to an archive that gnomon and PyTorch load."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from types import ModuleType
from typing import Final, TypeAlias

from gnomon.serialization.archive import ArchiveWriter, WritableFile
from gnomon.serialization.pickling import pickled

#: A path, or an open file of bytes.
Target: TypeAlias = "str | os.PathLike[str] | WritableFile"

DEFAULT_PROTOCOL: Final = 2


def save(
    obj: object,
    f: Target,
    pickle_module: ModuleType = pickle,
    pickle_protocol: int = DEFAULT_PROTOCOL,
    _use_new_zipfile_serialization: bool = True,
) -> None:
    """Write ``obj`` to the file ``f``, in the zip format of PyTorch.

    Tensors that share a storage share it again when they are loaded; a storage is written
    whole, however small the part is that is looked at. Whatever else ``pickle`` can write may
    be in ``obj``. The file is opened when the pickle is complete, so that an object that cannot
    be pickled leaves an older file as it is. Raises RuntimeError where the folder does not
    exist, ValueError for the format of PyTorch before 1.6, which is not written, and for
    another ``pickle_module``.

    >>> import gnomon as torch, io
    >>> file = io.BytesIO()
    >>> torch.save({"weight": torch.ones(2), "epoch": 3}, file)
    >>> _ = file.seek(0)
    >>> torch.load(file)
    {'weight': tensor([1., 1.]), 'epoch': 3}
    """
    if not _use_new_zipfile_serialization:
        raise ValueError(
            "save: _use_new_zipfile_serialization=False is the format of PyTorch before 1.6, "
            "which gnomon does not write. Leave it out."
        )
    if pickle_module is not pickle:
        raise ValueError(
            f"save: pickle_module={pickle_module.__name__}, but gnomon writes with pickle only."
        )
    data, storages = pickled(obj, pickle_protocol)
    if isinstance(f, str | os.PathLike):
        path = Path(f)
        if not path.absolute().parent.is_dir():
            raise RuntimeError(f"save: Parent directory {path.parent} does not exist.")
        writer = ArchiveWriter(str(path), path.stem)
    elif hasattr(f, "write"):
        writer = ArchiveWriter(f, "archive")
    else:
        raise AttributeError(
            "save: expected 'f' to be string, path, or a file-like object with a 'write' "
            f"attribute, not {type(f).__name__}."
        )
    writer.finish(data, (storage.read() for storage in storages))
