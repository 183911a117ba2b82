"""XML of other programs', parsed with entities forbidden: neither bombs nor other files come in."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from daemon.recommend.importing.record import ImportingError

INSTALL = "pip install 'jamd[djs]'"


def parsed(path: Path, root: str) -> Any:
    """The root element, which must be called so. Raises ImportingError. [worker]"""
    fromstring = needed("defusedxml.ElementTree", path).fromstring
    with said(path):
        element = fromstring(content(path))
    if element.tag != root:
        raise ImportingError(f"{path}: its root is {str(element.tag)[:40]!r}, not {root!r}; name the kind with --from")
    return element


def content(path: Path) -> bytes:
    """A file's bytes. Raises ImportingError. [worker]"""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ImportingError(f"{path}: {error.strerror}; name a file that can be read") from None


def needed(module: str, path: Path) -> Any:
    """A module of the extra `djs`. Raises ImportingError where it is missing. [worker]"""
    import importlib

    try:
        return importlib.import_module(module)
    except ImportError:
        raise ImportingError(f"{path}: to read this, {module.partition('.')[0]} is needed: {INSTALL}") from None


@contextmanager
def said(path: Path) -> Iterator[None]:
    """What parsers raise, as ImportingError, one line."""
    try:
        yield
    except ImportingError:
        raise
    except (SyntaxError, ValueError, LookupError, ArithmeticError, TypeError, AttributeError, RecursionError) as error:
        kind = type(error).__name__
        if kind in ("EntitiesForbidden", "ExternalReferenceForbidden", "DTDForbidden"):
            raise ImportingError(f"{path}: declares entities, which no DJ program does; it is not read") from None
        raise ImportingError(f"{path}: is damaged or of another kind ({_line(error)}); export it again") from None


def _line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:120]}"
