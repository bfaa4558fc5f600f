"""The archive: PyTorch's zip format, a pickle beside one record for the bytes of each storage.

A record is stored as it is, not compressed, and begins at a multiple of 64 bytes, so that a
file can be mapped into memory. All records are in one folder, named for the file.
"""

from __future__ import annotations

import struct
import sys
import zipfile
from collections.abc import Iterable
from mmap import ACCESS_COPY, mmap
from pickle import UnpicklingError
from typing import BinaryIO, Final, Protocol, final

ALIGNMENT: Final = 64

# Three bytes of a local header: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
_HEADER_SIZE: Final = 30
# Padding is an extra field, which has a two-letter name and a length.
_EXTRA_HEADER: Final = 4
# What zipfile adds to the header of a record that needs 64-bit sizes.
_ZIP64_EXTRA: Final = 20

# Version of the format, as PyTorch has written it since 1.6.
_VERSION: Final = b"3\n"

_SIGNATURE: Final = b"PK\x03\x04"
_LEGACY_MAGIC: Final = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
_TAR_MAGIC: Final = (257, b"ustar")


class WritableFile(Protocol):
    """What an archive can be written to."""

    def write(self, data: bytes, /) -> object: ...


@final
class _Output:
    """An open file as zipfile sees it: one that can be written to, and nothing else."""

    def __init__(self, file: WritableFile) -> None:
        self._file = file

    def write(self, data: bytes) -> int:
        self._file.write(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Leave it to the program, whose file it is."""

    def close(self) -> None:
        """Leave it to the program, whose file it is."""


@final
class ArchiveWriter:
    """Writes an archive, record after record."""

    def __init__(self, file: str | WritableFile, folder: str) -> None:
        output = file if isinstance(file, str) else _Output(file)
        self._zip = zipfile.ZipFile(output, "w")
        self._folder = folder

    def write(self, name: str, data: bytes) -> None:
        """Write the record ``name``."""
        entry = zipfile.ZipInfo(f"{self._folder}/{name}")
        start = self._zip.fp.tell() if self._zip.fp is not None else 0
        header = _HEADER_SIZE + len(entry.filename.encode()) + _EXTRA_HEADER
        if len(data) * 1.05 > zipfile.ZIP64_LIMIT:
            header += _ZIP64_EXTRA
        padding = -(start + header) % ALIGNMENT
        entry.extra = b"FB" + padding.to_bytes(2, "little") + b"Z" * padding
        self._zip.writestr(entry, data)

    def finish(self, pickled: bytes, storages: Iterable[bytes]) -> None:
        """Write the pickle, the storages it speaks of, and what tells how to read them."""
        self.write("data.pkl", pickled)
        self.write(".format_version", b"1")
        self.write(".storage_alignment", str(ALIGNMENT).encode())
        self.write("byteorder", sys.byteorder.encode())
        for key, data in enumerate(storages):
            self.write(f"data/{key}", data)
        self.write("version", _VERSION)
        self._zip.close()


@final
class ArchiveReader:
    """Reads an archive. A file that is none, or damaged, is an error that says which."""

    def __init__(self, file: BinaryIO, mapped: bool) -> None:
        """Look into ``file``, whose storages are mapped into memory if ``mapped``."""
        start = file.tell()
        head = file.read(_TAR_MAGIC[0] + len(_TAR_MAGIC[1]))
        file.seek(start)
        if not head.startswith(_SIGNATURE):
            _explain_other_format(head)
        try:
            self._zip = zipfile.ZipFile(file)
        except Exception as error:  # whatever zipfile or the file itself raise
            raise _damaged(f"its table of contents cannot be read ({error})") from error
        self._folder = self._find_folder()
        # Writes stay in memory, in copies of the pages that are written to.
        self._map = mmap(file.fileno(), 0, access=ACCESS_COPY) if mapped else None
        order = self.read("byteorder").decode() if self._has("byteorder") else "little"
        self.is_foreign = order != sys.byteorder

    def _find_folder(self) -> str:
        names = self._zip.namelist()
        for name in names:
            folder, separator, rest = name.partition("/")
            if separator and rest == "data.pkl":
                if f"{folder}/constants.pkl" in names:
                    raise RuntimeError(
                        "load: the file is a TorchScript archive, written by torch.jit.save. "
                        "gnomon loads what torch.save wrote: save the module's state_dict()."
                    )
                return folder
        raise UnpicklingError(
            "load: the file is a zip archive, but not one of torch.save: it has no record "
            f"data.pkl among its {len(names)} records."
        )

    def _has(self, name: str) -> bool:
        return f"{self._folder}/{name}" in self._zip.NameToInfo

    def read(self, name: str) -> bytes:
        """Return the record ``name``."""
        try:
            return self._zip.read(f"{self._folder}/{name}")
        except KeyError as error:
            raise _damaged(f"the record {name} is missing") from error
        except Exception as error:  # whatever zipfile, zlib or the file itself raise
            raise _damaged(f"the record {name} cannot be read ({error})") from error

    def storage(self, key: str, nbytes: int) -> memoryview:
        """Return the bytes of a storage, to be written to as one pleases."""
        name = f"data/{key}"
        entry = self._zip.NameToInfo.get(f"{self._folder}/{name}")
        if entry is not None and entry.file_size != nbytes:
            raise _damaged(
                f"the record {name} has {entry.file_size} bytes where {nbytes} are expected"
            )
        if entry is None or self._map is None or entry.compress_type != zipfile.ZIP_STORED:
            return memoryview(bytearray(self.read(name)))
        header = self._map[entry.header_offset : entry.header_offset + _HEADER_SIZE]
        if header.startswith(_SIGNATURE) and len(header) == _HEADER_SIZE:
            # A name and an extra field come next, whose lengths end the header.
            name_length, extra_length = struct.unpack_from("<HH", header, _HEADER_SIZE - 4)
            start = entry.header_offset + _HEADER_SIZE + name_length + extra_length
            if start + nbytes <= len(self._map):
                return memoryview(self._map)[start : start + nbytes]
        raise _damaged(f"the record {name} is not where the table of contents says")

    def close(self) -> None:
        """Let go of the file; what is mapped of it stays."""
        self._zip.close()


def _explain_other_format(head: bytes) -> None:
    if not head:
        raise EOFError("load: the file is empty.")
    if head.startswith(_LEGACY_MAGIC):
        what = "in the format of PyTorch before 1.6 (a legacy pickle)"
    elif head[_TAR_MAGIC[0] :] == _TAR_MAGIC[1]:
        what = "in the format of PyTorch before 0.2 (a tar archive)"
    elif head[8:9] == b"{" and int.from_bytes(head[:8], "little") < 2**32:
        raise UnpicklingError(
            "load: this looks like a safetensors file. Read it with "
            "gnomon.utils.safetensors.load_file."
        )
    else:
        raise UnpicklingError(
            "load: the file is not one that torch.save wrote: it begins with "
            f"{head[:8]!r} where a zip archive begins with {_SIGNATURE!r}."
        )
    raise RuntimeError(
        f"load: the file is {what}, which gnomon does not read. Load it in PyTorch and save it "
        "again with torch.save."
    )


def _damaged(what: str) -> RuntimeError:
    return RuntimeError(
        f"load: the file is damaged or truncated: {what}. Nothing was loaded. Get it anew."
    )
