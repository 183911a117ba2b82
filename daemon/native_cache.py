"""Where compiled kernels are kept between runs: a folder for this installation and this state of its sources.

Numba's own cache watches only the file a kernel stands in, not the files whose parts and records it absorbs; after an
upgrade it could go on using old machine code, and so could a program that was still running. Importing `daemon` calls `use`
before Numba is loaded.
"""

import contextlib
import hashlib
import os
import shutil
import time
from pathlib import Path

SLOW_START_S = 2.0  # a start that takes longer is compiling
COMPILING = "compiling native code for this machine; this happens once and can take a minute"

OLD_S = 86400.0  # a folder not written for so long belongs to no sources that are still in use

HERE = Path(__file__).parent


def use() -> None:
    """Point Numba at the folder; leave it alone where NUMBA_CACHE_DIR is set or nothing can be written."""
    if "NUMBA_CACHE_DIR" in os.environ:
        return
    home = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")) / "jamd"
    here = hashlib.sha256(str(HERE).encode()).hexdigest()[:12]
    folder = home / f"{here}-{_sources()[:12]}"
    with contextlib.suppress(OSError):
        if not folder.exists():
            for old in home.glob(f"{here}*"):
                if time.time() - old.stat().st_mtime > OLD_S:
                    shutil.rmtree(old, ignore_errors=True)
            folder.mkdir(parents=True)
        os.environ["NUMBA_CACHE_DIR"] = str(folder)


def _sources() -> str:
    """A digest of every source file a kernel may be made of."""
    digest = hashlib.sha256()
    digest.update((HERE / "native.py").read_bytes())
    for top in (HERE / "engine", HERE / "plugins", HERE / "rack", HERE.parent / "dsp"):
        for path in sorted(top.rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()
