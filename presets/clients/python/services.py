"""Ask jamd's services: python services.py SOUND_FILE WORDS_OF_A_TRACK [URL]. Only Python; `jamd serve` runs elsewhere."""

import json
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

sound, words, url, *_ = [*sys.argv[1:], "http://127.0.0.1:5580"]


def ask(service, body, kind="application/json"):
    try:
        with urlopen(Request(f"{url}/api/1/{service}", body, {"Content-Type": kind})) as answer:
            return json.load(answer)["results"][0]
    except HTTPError as refused:
        sys.exit(json.load(refused)["error"]["text"])


heard = ask("analyse", Path(sound).read_bytes(), "application/octet-stream")
print(heard["key"], round(heard["tempo_bpm"]), "BPM,", len(heard["events"]), "events")
notes = [{"beat": k, "beats": 1, "midi": midi} for k, midi in enumerate((60, 64, 67, 65))]
phrase = ask("generate", json.dumps({"notes": notes, "tempo_bpm": heard["tempo_bpm"] or 120}).encode())
print("answer:", *(note["midi"] for note in phrase["answers"][0]["notes"]))
for item in ask("recommend", json.dumps({"plays": [words]}).encode())["items"]:
    print("next:", item["artist"], "-", item["title"], "|", item["parts"][0]["text"])
