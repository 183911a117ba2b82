"""Node with the packages of presets/clients, installed once for all tests, and programs for it that answer line by line."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.reach.running import CLIENTS

_ANSWERS = """
import { createInterface } from "node:readline"
import * as client from "./jamd.mjs"

const [address, control, topics, key] = process.argv.slice(2)
const jamd = new client.Jamd({ address, control, topics: JSON.parse(topics), key })
for await (const line of createInterface({ input: process.stdin })) {
  let said
  try {
    said = await eval(`(async () => ${line})()`)
  } catch (error) {
    said = { error: error.message, code: error.code, at: error.at, name: error.constructor.name }
  }
  console.log(JSON.stringify(said ?? null))
}
"""


def install(folder: Path) -> None:
    """presets/clients' files for Node and what they need; skips where there is no Node, npm or registry."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed: sudo apt install nodejs npm")
    for name in ("package.json", "jamd.mjs", "max_jamd.js"):
        shutil.copy(CLIENTS / name, folder)
    npm = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--fetch-retries=0"]
    try:
        done = subprocess.run(npm, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip("npm install has not ended within 120 s")
    if done.returncode:
        pytest.skip(f"npm install fails, perhaps for want of a network: {done.stderr.strip()[:200]}")
    (folder / "answers.mjs").write_text(_ANSWERS)


class Node:
    """A program. Each line that it prints is a JSON value."""

    def __init__(self, folder: Path, program: str, *arguments: str, **environment: str) -> None:
        command = ["node", program, *arguments]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            command, cwd=folder, stdin=pipe, stdout=pipe, text=True, env=environment or None
        )

    def tell(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def hear(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"node has ended: {self.process.wait(5)}"
        return json.loads(line)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()

    def __enter__(self) -> "Node":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Client(Node):
    """A `Jamd` of jamd.mjs. `ask` evaluates an expression of it there."""

    def __init__(self, folder: Path, address: str, control: str, topics: list[str] | None, key: str = "") -> None:
        super().__init__(folder, "answers.mjs", address, control, json.dumps(topics), key)

    def ask(self, expression: str) -> Any:
        self.tell(expression)
        return self.hear()
