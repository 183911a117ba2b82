"""The test plugins of faulty.c, built with the system's compiler."""

import shutil
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_name("faulty.c")

FAULTY, SYNTH = "org.jamd.test.faulty", "org.jamd.test.synth"


def build(folder: Path, name: str = "faulty", *defines: str) -> Path:
    """`folder`/NAME.clap, a file of both plugins; `defines` as faulty.c says. Skips where there is no compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler: sudo apt install gcc libc6-dev")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.clap"
    options = ["-O1", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-fvisibility=hidden", "-fPIC", "-shared"]
    subprocess.run([compiler, *options, *(f"-D{one}" for one in defines), "-o", path, SOURCE, "-lm"], check=True)
    return path
