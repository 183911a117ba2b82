"""Where compiled kernels are kept between runs: a folder of this installation's own, emptied when its sources change.

Numba's own cache watches only the file a kernel stands in, not the files whose parts it absorbs; after an upgrade it could
go on using old machine code. Importing `daemon` calls `use` before Numba is loaded.
"""

import contextlib
import hashlib
import os
import shutil
from pathlib import Path

SLOW_START_S = 2.0  # a start that takes longer is compiling
COMPILING = "compiling native code for this machine; this happens once and can take a minute"

HERE = Path(__file__).parent


def use() -> None:
    """Point Numba at the folder; leave it alone where NUMBA_CACHE_DIR is set or nothing can be written."""
    if "NUMBA_CACHE_DIR" in os.environ:
        return
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    folder = Path(home) / "jamd" / hashlib.sha256(str(HERE).encode()).hexdigest()[:12]
    stamp = folder / "sources"
    now = _sources()
    with contextlib.suppress(OSError):
        if not stamp.exists() or stamp.read_text() != now:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            stamp.write_text(now)
        os.environ["NUMBA_CACHE_DIR"] = str(folder)


def _sources() -> str:
    """A digest of every source file a kernel may be made of."""
    digest = hashlib.sha256()
    digest.update((HERE / "native.py").read_bytes())
    for top in (HERE / "engine", HERE / "plugins", HERE / "rack", HERE.parent / "dsp"):
        for path in sorted(top.rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()
