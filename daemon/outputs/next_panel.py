"""What the demo shows of suggestions: a few rows in its view, and all of the last list at its end."""

from rich.console import Console
from rich.text import Text

from daemon import messages as m

SHOWN = 3
FOR_WHAT_PLAYS = ("sound", "track")


class NextPanel:
    """Fed with messages. [main]"""

    def __init__(self, note: str) -> None:
        """`note` stands where the list will be."""
        self.note = note
        self.found: m.Suggestions | None = None
        self.session: m.Session | None = None
        self._playing = ""
        self._is_told = False

    def take(self, message: m.Message) -> None:
        """A message of the bus."""
        match message:
            case m.Suggestions() if message.items or message.note:
                self.found = message
                self._is_told = self._is_told or (bool(message.items) and message.why in FOR_WHAT_PLAYS)
            case m.Session():
                self.session = message
            case m.Playing():
                self._playing = " - ".join(filter(None, (message.artist, message.title)))

    @property
    def is_told(self) -> bool:
        """Whether there is a list that was made for what is heard or played."""
        return self._is_told

    @property
    def title(self) -> str:
        """What the list goes with."""
        return f"Next, with {self._playing or 'what is heard'}"

    def rows(self, width: int, each: int) -> list[Text]:
        """SHOWN * `each` rows (1 or 2): the best, each with its reasons beside it or below."""
        if self.found is None or not self.found.items:
            note = self.found.note if self.found is not None else self.note
            return [Text(note if k == 0 else "", "dim") for k in range(SHOWN * each)]
        rows: list[Text] = []
        for place, item in enumerate(self.found.items[:SHOWN]):
            head = _head(place, item)
            why = " | ".join(part.text for part in _reasons(item))
            if each == 1:
                rows.append(Text.assemble(*head, ("  " + why, "")))
            else:
                rows += [Text.assemble(*head), Text(f"    {why}")]
        rows += [Text()] * (SHOWN * each - len(rows))
        return [_cut(row, width) for row in rows]

    def whole(self, console: Console) -> None:
        """Print the session, where something was played, and the last list with all its reasons."""
        if self.session is not None and self.session.plays:
            plays = self.session.plays
            first = plays[0].at
            console.print(Text(f"played  {len(plays)}, recognised in the sound:"))
            for play in plays:
                at = play.at - first
                console.print(Text(f"  {int(at) // 60}:{int(at) % 60:02}  {play.artist} - {play.title}"))
        if self.found is None or not self.found.items:
            console.print(Text(f"next    {self.found.note if self.found is not None else self.note}"))
            return
        console.print(Text(f"next    with {self._playing or 'what was heard'}, from the library that jamd rendered:"))
        for place, item in enumerate(self.found.items):
            console.print(Text.assemble("  ", *_head(place, item)))
            texts = [part.text for part in _reasons(item)] + ([item.transition] if item.transition else [])
            for text in texts:
                console.print(Text(f"       {text}"), soft_wrap=True)


def _head(place: int, item: m.NextItem) -> list[tuple[str, str]]:
    tempo = f"{item.tempo_bpm:.0f} BPM" if item.tempo_bpm else ""
    facts = " ".join(filter(None, (item.kind, tempo, item.key)))
    return [(f"{place + 1} ", "bold"), (_name(item), "bold"), (f"  {facts}", "")]


def _reasons(item: m.NextItem) -> list[m.NextPart]:
    return [part for part in item.parts if part.text]


def _name(item: m.NextItem) -> str:
    artist = "" if item.artist == "jamd" else item.artist
    return " - ".join(filter(None, (artist, item.title)))


def _cut(row: Text, width: int) -> Text:
    row.truncate(width, overflow="ellipsis")
    return row
