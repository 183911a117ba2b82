"""Where compiled kernels are kept between runs: a folder for this installation and this state of its sources.

Numba's own cache watches only the file a kernel stands in, not the files whose parts and records it absorbs; after an
upgrade it could go on using old machine code, and so could a program that was still running. Importing `daemon` calls `use`
before Numba is loaded.
"""

import contextlib
import hashlib
import os
import re
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
    """A digest of every source file that machine code is made of: those that use Numba, and all that these import."""
    root = HERE.parent
    texts = {path: path.read_text(encoding="utf-8") for top in (HERE, root / "dsp") for path in top.rglob("*.py")}
    wanted = [path for path, text in texts.items() if "numba" in text or "dsp.kernel" in text]
    found: set[Path] = set()
    while wanted:
        path = wanted.pop()
        if path in found:
            continue
        found.add(path)
        for package, names in re.findall(r"^from ((?:daemon|dsp)[\w.]*) import (\([^)]*\)|.*)", texts[path], re.M):
            folder = root / package.replace(".", "/")
            parts = [folder.with_suffix(".py"), *(folder / f"{name}.py" for name in re.findall(r"\w+", names))]
            wanted += [part for part in parts if part in texts]
    digest = hashlib.sha256()
    for path in sorted(found):
        digest.update(texts[path].encode())
    return digest.hexdigest()
