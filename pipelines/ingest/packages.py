"""Zip packages: what an ``.xlsx``, an ``.ods`` and an archive have in common.

Members are read through ``zipfile``, which compares their checksums, in blocks and within the limits; XML through
expat, without entities. Does not belong here: what the members mean (xlsx, ods, archive).
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.parsers import expat

from pipelines.ingest.model import FileRefused
from pipelines.settings import Limits

_BLOCK = 4 * 1024**2
_SMALL = 16 * 1024**2
"""Below this size a member's ratio does not matter."""

_DAMAGES = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    RuntimeError,
    NotImplementedError,
)
"""What ``zipfile`` raises on files that are cut off, damaged, or packed in a way that it does not know."""

NAMESPACE_SEPARATOR = " "
"""Between the namespace and the local name of what :func:`xml_parser` reports."""


class Package:
    """An open zip file whose members are read within the limits."""

    def __init__(self, file: zipfile.ZipFile, limits: Limits) -> None:
        self._file = file
        self._limits = limits
        self._left = limits.max_archive_bytes
        self.members = [member for member in file.infolist() if not member.is_dir()]
        self._by_name = {_folded(member.filename): member for member in self.members}
        self._check()

    def _check(self) -> None:
        """Refuses too many members, encrypted ones, two of one name, and more declared bytes than allowed."""
        limits = self._limits
        if len(self.members) > limits.max_archive_members:
            raise too_large(f"{len(self.members):,} members", f"{limits.max_archive_members:,}")
        if any(member.flag_bits & 1 for member in self.members):
            raise FileRefused(
                "file-not-readable",
                found="a password",
                remedy="Deliver it unencrypted.",
                remedy_zh="请去掉密码后报送。",
            )
        if len(self._by_name) < len(self.members):
            raise _damaged("two members of one name")
        declared = sum(member.file_size for member in self.members)
        if declared > limits.max_archive_bytes:
            raise too_large(f"{declared:,} bytes unpacked", f"{limits.max_archive_bytes:,}")
        for member in self.members:
            if member.file_size > _SMALL and member.file_size > limits.max_archive_ratio * max(member.compress_size, 1):
                raise too_large(f"packed more than {limits.max_archive_ratio} : 1", f"{limits.max_archive_ratio} : 1")

    def __contains__(self, name: str) -> bool:
        return _folded(name) in self._by_name

    def named(self, name: str) -> Iterator[bytes]:
        """The bytes of the member of a name in blocks; neither case nor the kind of slash matters.

        Raises ``FileRefused`` where there is none, or as ``blocks`` does.
        """
        member = self._by_name.get(_folded(name))
        if member is None:
            raise _damaged(f"{name!r} is missing in it")
        return self.blocks(member)

    def blocks(self, member: zipfile.ZipInfo) -> Iterator[bytes]:
        """The bytes of a member in blocks.

        No more than its declared size comes. Raises ``FileRefused`` where its checksum or its data are wrong, or all
        that was read so far is beyond the limit.
        """
        try:
            with self._file.open(member) as stream:
                while block := stream.read(_BLOCK):
                    self._left -= len(block)
                    if self._left < 0:
                        raise too_large("the unpacked size", f"{self._limits.max_archive_bytes:,} bytes")
                    yield block
        except _DAMAGES as error:
            raise _damaged(f"{member.filename!r} is damaged: {error}") from None


@contextmanager
def open_package(path: Path, limits: Limits) -> Iterator[Package]:
    """Opens a zip file. Raises ``FileRefused`` where it is none, damaged, encrypted, or beyond the limits."""
    try:
        file = zipfile.ZipFile(path)
    except _DAMAGES as error:
        raise _damaged(str(error)) from None
    with file:
        yield Package(file, limits)


def _folded(name: str) -> str:
    """A member's name for comparison: some programs write backslashes, and names differ in case from the references."""
    return name.replace("\\", "/").lstrip("/").casefold()


def _damaged(found: str) -> FileRefused:
    return FileRefused(
        "file-not-readable",
        found=found[:200],
        remedy="The file may have been damaged or cut off on its way; deliver it again.",
        remedy_zh="文件可能在传输中损坏或不完整，请重新报送。",
    )


def too_large(found: str, expected: str, sheet: str = "") -> FileRefused:
    """The refusal of what is beyond a limit."""
    return FileRefused("file-too-large", found=found, expected=expected, sheet=sheet)


def xml_parser(start: Callable[[str, dict[str, str]], None]) -> expat.XMLParserType:
    """A parser with namespaces that reports the start of elements, and refuses what declares entities."""
    parser = expat.ParserCreate(namespace_separator=NAMESPACE_SEPARATOR)
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = _refuse_entities
    return parser


def feed(parser: expat.XMLParserType, data: bytes, *, is_final: bool = False) -> None:
    """Gives the parser the next bytes. Raises ``FileRefused`` where they are no well-formed XML."""
    try:
        parser.Parse(data, is_final)
    except expat.ExpatError as error:
        raise _damaged(f"damaged XML: {error}") from None


def read_xml(blocks: Iterator[bytes], start: Callable[[str, dict[str, str]], None]) -> None:
    """Reads a whole part of which only the starts of elements matter."""
    parser = xml_parser(start)
    for block in blocks:
        feed(parser, block)
    feed(parser, b"", is_final=True)


def local(name: str) -> str:
    """The name of an element or attribute without its namespace."""
    return name.rpartition(NAMESPACE_SEPARATOR)[2]


def _refuse_entities(*_: object) -> None:
    raise FileRefused("file-not-readable", found="it declares entities, which no spreadsheet program writes")
