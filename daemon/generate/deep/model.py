"""Where trained generators lie."""

import os
from pathlib import Path

FOLDER = Path(os.environ.get("JAMD_MODELS") or Path(__file__).parent / "models")
"""Where the models are: those that jamd comes with, or the config's `[generate] models`."""
