"""Zstandard, with and without a neighbouring text as the dictionary."""

import sys
from importlib import import_module
from typing import Any

LEVEL = 10
"""From 11 on, a delta of a long text takes fifteen times as long and is a tenth smaller."""


def pack(data: bytes, base: bytes | None = None, level: int = LEVEL) -> bytes:
    """Compress, as a delta against `base` where one is given."""
    zstd = _zstd()
    if base is None:
        packed = zstd.compress(data, options=_options(zstd, level))
    else:
        dictionary = zstd.ZstdDict(base, is_raw=True).as_prefix
        packed = zstd.compress(data, options=_options(zstd, level), zstd_dict=dictionary)
    return bytes(packed)


def unpack(packed: bytes, base: bytes | None = None) -> bytes:
    """The reverse of `pack` with the same base."""
    zstd = _zstd()
    if base is None:
        return bytes(zstd.decompress(packed))
    return bytes(zstd.decompress(packed, zstd_dict=zstd.ZstdDict(base, is_raw=True).as_prefix))


def _options(zstd: Any, level: int) -> dict[Any, int]:
    parameter = zstd.CompressionParameter
    return {
        parameter.compression_level: level,
        parameter.checksum_flag: 0,  # the content's SHA-256 says more
        parameter.content_size_flag: 1,
        parameter.dict_id_flag: 0,
    }


def _zstd() -> Any:
    """The standard library's module, or its backport; imported when first needed, since most calls never do."""
    return import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
