"""Keys by all the names that DJ programs have for them."""

import pytest

from daemon.recommend.importing import keys

CAMELOT_MINOR = ["Abm", "Ebm", "Bbm", "Fm", "Cm", "Gm", "Dm", "Am", "Em", "Bm", "F#m", "Dbm"]
CAMELOT_MAJOR = ["B", "F#", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E"]


@pytest.mark.parametrize(
    ("name", "number"),
    [
        *[("Am", 21), ("A minor", 21), ("Amin", 21), ("a-moll", 21), ("8A", 21), ("8a", 21), ("08A", 21), ("1m", 21)],
        *[("C", 0), ("Cmaj", 0), ("C major", 0), ("CM", 0), ("C-Dur", 0), ("8B", 0), ("1d", 0), (" 8B ", 0)],
        *[("Abm", 20), ("G#m", 20), ("A♭m", 20), ("G♯ minor", 20), ("1A", 20), ("A#maj", 10), ("Cb", 11), ("B#", 0)],
        *[("12m", 14), ("12d", 5), ("2d", 7), ("11m", 19)],
        *[("", -1), (None, -1), ("o", -1), ("13A", -1), ("0B", -1), ("H", -1), ("Am7", -1), ("loud", -1), (8, -1)],
    ],
)
def test_a_name(name: object, number: int) -> None:
    assert keys.key(name) == number


def test_the_wheel_against_the_names_of_its_hours() -> None:
    """Camelot's published wheel, hour by hour; Open Key stands seven hours before it."""
    for hour, (minor, major) in enumerate(zip(CAMELOT_MINOR, CAMELOT_MAJOR, strict=True), start=1):
        assert keys.key(f"{hour}A") == keys.key(minor) >= 12
        assert keys.key(f"{hour}B") == keys.key(major) < 12
        open_hour = (hour + 4) % 12 + 1
        assert keys.key(f"{open_hour}m") == keys.key(minor)
        assert keys.key(f"{open_hour}d") == keys.key(major)


def test_numbers() -> None:
    names = ["C", "Am", "G", "Em", "D", "Bm", "A", "F#m", "E", "Dbm", "B", "Abm", "F#", "Ebm", "Db", "Bbm", "Ab", "Fm"]
    names += ["Eb", "Cm", "Bb", "Gm", "F", "Dm"]
    assert [keys.of_engine(number) for number in range(24)] == [keys.key(name) for name in names]
    assert [keys.of_mixxx(number) for number in (0, 1, 12, 13, 24, 25, None, "1")] == [-1, 0, 11, 12, 23, -1, -1, -1]
    assert [keys.numbered(number) for number in (0, 23, 24, -1, None)] == [0, 23, -1, -1, -1]
    assert [keys.of_engine(number) for number in (None, -1, 24, "3")] == [-1] * 4
