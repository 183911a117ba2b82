"""What machine it was: said with every figure, or they mean nothing."""

import os
import platform
from pathlib import Path


def machine() -> str:
    """Processor, cores, system, Python; one line. [any]"""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        model = names[0] if names else model
    return (
        f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, Python {platform.python_version()}"
    )


def load() -> str:
    """How busy it is with other work, which every figure suffers from. [any]"""
    return f"load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "load unknown"
