"""The shelf: where models lie, and which one does a task.

jamd's own lie in the package, the user's in ~/.local/share/jamd/models (XDG_DATA_HOME; JAMD_MODEL_FOLDER itself). A task is
done by what its environment variable says (JAMD_MODEL_PHRASE and its like: so the config reaches jamd's processes), else by
what `jamd models use` wrote to `used.toml` there, else by jamd's own.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec

from daemon.models import card as cards
from daemon.models.card import CARD, Card, ModelError
from daemon.models.contract import BUILT_IN, TASKS

USED = "used.toml"
OWN = "own"
"""Whatever task: jamd's own model (of "next": what it learnt from the library, where there is that)."""
_SCHEME = "kserve+"

_PACKAGE = Path(__file__).parent.parent
SHIPPED = {
    "phrase": _PACKAGE / "generate/deep/models/phrase",
    "harmony": _PACKAGE / "generate/deep/models/harmony",
    "next": _PACKAGE / "recommend/models",
    "hearing": _PACKAGE / "hearing/models/hearing",
}
"""task -> the folder of jamd's own model, whose name is the task's."""


def folder() -> Path:
    """Where the user's models lie, whether or not it is there."""
    given = os.environ.get("JAMD_MODEL_FOLDER")
    if given:
        return Path(given)
    home = os.environ.get("XDG_DATA_HOME")
    return (Path(home) if home else Path.home() / ".local/share") / "jamd/models"


def built_in() -> dict[str, Path]:
    """Task -> folder of the engine's own perceptrons."""
    spec = find_spec("dsp")
    assert spec is not None and spec.submodule_search_locations
    dsp = Path(next(iter(spec.submodule_search_locations)))
    return {"onset": dsp / "analysers", "drums": dsp}


def is_remote(name: str) -> bool:
    """Whether that is the address of a model on a server of the Open Inference Protocol."""
    return name.startswith(_SCHEME)


def variable(task: str) -> str:
    """The environment variable that chooses a task's model."""
    return f"JAMD_MODEL_{task.upper()}"


def environment(models: Mapping[str, str]) -> dict[str, str]:
    """What a process is told so that it uses these: task -> name or address (the config's [models])."""
    return {variable(task): name for task, name in models.items() if name}


def chosen(task: str) -> str:
    """The name, or the address, of what does a task; jamd's own has the task's name. Raises ModelError."""
    name = preferred(task)
    return task if name in ("", OWN) else name


def preferred(task: str) -> str:
    """What somebody has chosen for a task, empty: nobody has. Raises ModelError."""
    _check_task(task)
    return os.environ.get(variable(task)) or used().get(task, "")


def beside(task: str) -> str:
    """The local model that stands beside one that is asked elsewhere."""
    name = used().get(task, "")
    return name if name and name != OWN and not is_remote(name) else task


def used() -> dict[str, str]:
    """What `jamd models use` has kept: task -> name or address. Raises ModelError."""
    path = folder() / USED
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), dict[str, str])
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path}: {str(error)[:80]}; remove it, and `jamd models use` writes it anew") from None


def use(task: str, name: str) -> None:
    """Keep a choice for what starts from now on; an empty name: jamd's own. Raises ModelError."""
    _check_task(task)
    kept = {**used(), task: name}
    lines = [f"{key} = {_quoted(value)}\n" for key, value in sorted(kept.items()) if value]
    path = folder() / USED
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(f".{os.getpid()}.new")
        new.write_text("".join(lines), encoding="utf-8")
        new.replace(path)
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}; the choice cannot be kept") from None


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def folder_of(task: str, name: str) -> Path:
    """The folder of a local model by its name. Raises ModelError where there is none of that name for that task."""
    _check_task(task)
    if name in (task, OWN):
        return SHIPPED[task]
    if re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", name) and (folder() / name / CARD).is_file():
        return folder() / name
    there = [one for one, path in folders().items() if _task_of(path) == task]
    raise ModelError(f"there is no model {name!r} for {task}; there is {', '.join(there)} (`jamd models list`)")


def folders() -> dict[str, Path]:
    """Name -> folder of every model that is there, jamd's own first."""
    found = {**SHIPPED, **built_in()}
    try:
        own = sorted(path for path in folder().iterdir() if (path / CARD).is_file())
    except OSError:
        own = []
    return {**found, **{path.name: path for path in own if path.name not in found and not path.name.startswith(".")}}


def listing() -> list[dict[str, Any]]:
    """Every model as plain values: its card, `folder`, `own` (jamd's own), `used`, and `error` where it cannot be read."""
    found = []
    chosen_ = {task: _chosen(task) for task in TASKS}
    for name, path in folders().items():
        try:
            card = msgspec.to_builtins(cards.read(path))
            error = ""
        except ModelError as problem:
            card, error = {"name": name, "task": ""}, str(problem)
        task = card["task"]
        is_own = name in SHIPPED or name in BUILT_IN
        is_used = task in BUILT_IN or chosen_.get(task) == name
        found.append({**card, "name": name, "folder": str(path), "own": is_own, "used": is_used, "error": error})
    for task, name in chosen_.items():
        if is_remote(name):
            found.append({"name": name, "task": task, "folder": "", "own": False, "used": True, "error": ""})
    return found


def _chosen(task: str) -> str:
    try:
        return chosen(task)
    except ModelError:
        return task


def _task_of(path: Path) -> str:
    try:
        return cards.read(path).task
    except ModelError:
        return ""


def _check_task(task: str) -> None:
    if task in BUILT_IN:
        raise ModelError(f"{task}: it is part of the engine and cannot be replaced; choose {', '.join(TASKS)}")
    if task not in TASKS:
        raise ModelError(f"there is no task {task!r}; choose one of {', '.join(TASKS)}")


def card_of(name: str) -> tuple[Card, Path]:
    """The card of a model by its name, and its folder. Raises ModelError."""
    there = folders()
    if name not in there:
        raise ModelError(f"there is no model {name!r}; there is {', '.join(there)}")
    return cards.read(there[name]), there[name]
