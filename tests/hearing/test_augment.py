"""Spoilt sound for training: drawn from its seed, loud as it should be, and every stroke where its label says."""

import math

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'jamd[train]'")

from daemon.train.analysis import noise, room, strain, tone  # noqa: E402
from daemon.train.analysis.augment import mix, spoil, stretch  # noqa: E402

RATE = 44100
MS = RATE / 1000
FILTERS = (tone.desk, tone.dull, tone.thin, tone.phone)
STRAINS = (strain.overdriven, strain.compressed, strain.clipped, strain.coarse, strain.coded, strain.faded)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def strokes(b: int = 6, seconds: float = 3.0) -> tuple[torch.Tensor, torch.Tensor]:
    """Strokes of 5 ms at irregular times, others in each example: sound (b, n), and when in s, (b, m)."""
    m = int(seconds * 4)
    times = 0.1 + (torch.arange(m) + 0.6 * torch.rand(b, m, generator=seeded(1))) * (seconds - 0.4) / m
    at = (times * RATE).round().long()
    struck = torch.zeros(b, int(seconds * RATE)).scatter_(1, at, 0.9)
    t = torch.arange(441) / RATE
    return tone.convolved(struck, (torch.exp(-t / 0.002) * torch.cos(2 * math.pi * 1000 * t))[None]), at / RATE


def lag(sound: torch.Tensor, before: torch.Tensor) -> torch.Tensor:
    """By how many samples each example is later than it was, at most 50 ms."""
    n = 2 * sound.shape[-1]
    spectrum = torch.fft.rfft(sound - sound.mean(-1, keepdim=True), n) * torch.fft.rfft(before, n).conj()
    likeness = torch.fft.irfft(spectrum, n).abs().roll(int(50 * MS), -1)[:, : int(100 * MS)]
    return likeness.argmax(-1) - int(50 * MS)


@pytest.mark.parametrize("seed", range(4))
def test_a_spoilt_stroke_stays_within_1_ms_and_has_a_level_in_range(seed: int) -> None:
    sound, _ = strokes()
    spoilt = spoil(sound.clone(), seeded(seed))
    assert spoilt.dtype == torch.float32
    assert spoilt.shape == sound.shape
    assert (lag(spoilt, sound).abs() <= MS).all()
    peak_dbfs = 20 * spoilt.abs().amax(-1).log10()
    assert (peak_dbfs > -36.1).all()
    assert (peak_dbfs < -0.9).all()
    assert peak_dbfs.max() - peak_dbfs.min() > 3, "all are as loud"


@pytest.mark.parametrize("effect", [*FILTERS, *STRAINS, room.reverberated], ids=lambda effect: effect.__name__)
def test_each_effect_leaves_strokes_where_they_are(effect) -> None:
    sound, _ = strokes()
    changed = effect(sound, seeded(5), RATE)
    assert not torch.allclose(changed, sound, atol=1e-4)
    assert (lag(changed, sound).abs() <= MS).all()
    assert torch.isfinite(effect(torch.zeros(6, RATE), seeded(5), RATE)).all()


def test_a_compressor_does_not_turn_down_what_comes_before_a_loud_part() -> None:
    tone_440 = 0.01 * torch.sin(2 * math.pi * 440 * torch.arange(RATE) / RATE).repeat(20, 1)
    tone_440[:, RATE // 2 :] *= 80
    changed = strain.compressed(tone_440, seeded(1), RATE)
    assert torch.allclose(changed[:, : RATE // 2 - int(5 * MS)], tone_440[:, : RATE // 2 - int(5 * MS)])
    assert (changed[:, -RATE // 4 :].abs().amax(-1) < 0.75).all()


@pytest.mark.parametrize("effect", [*FILTERS, room.reverberated], ids=lambda effect: effect.__name__)
def test_no_filter_sounds_before_its_time(effect) -> None:
    click = torch.zeros(20, RATE // 2)
    click[:, RATE // 4] = 1
    heard = effect(click, seeded(2), RATE).abs()
    assert (heard[:, : RATE // 4 - int(MS)].amax(-1) < 1e-4 * heard.amax(-1)).all()


def test_a_room_adds_what_it_should_and_nothing_as_loud_as_the_sound_itself() -> None:
    rooms = room.response(40, seeded(1), RATE)
    assert (rooms[:, 0] == 1).all()
    assert rooms[:, 1:].abs().max() <= 0.6
    wet_db = 10 * rooms[:, 1:].square().sum(-1).log10()
    assert wet_db.min() > -25.5
    assert wet_db.max() < -2.9
    later = rooms[:, RATE // 2 :].square().sum(-1) / rooms[:, 1:].square().sum(-1)
    assert later.min() < 1e-5, "every room is large"
    assert later.max() > 1e-3, "no room is large"


def test_a_seed_gives_one_sound_and_another_seed_another() -> None:
    sound, _ = strokes(2)
    same = sound[:1].repeat(5, 1)
    one, again, other = (spoil(same.clone(), seeded(seed)) for seed in (7, 7, 8))
    assert torch.equal(one, again)
    assert not torch.allclose(one, other)
    assert all(not torch.allclose(one[0], one[k]) for k in range(1, 5)), "examples share what is drawn"
    assert torch.equal(same, sound[:1].repeat(5, 1)), "the input is left alone"


@pytest.mark.parametrize("what", ["silence", "faint", "DC", "clipped", "one sample"])
def test_odd_sound_gives_numbers(what: str) -> None:
    sound = torch.zeros(24, 30011)  # a prime
    if what == "faint":
        sound += 1e-9
    elif what == "DC":
        sound += 0.8
    elif what == "clipped":
        sound += torch.sign(torch.sin(torch.arange(30011) * 0.05))
    elif what == "one sample":
        sound[:, 100] = -1
    for seed in range(2):
        spoilt = spoil(sound, seeded(seed))
        assert torch.isfinite(spoilt).all()
        assert spoilt.abs().max() <= 1
    if what == "silence":
        assert (spoilt.abs().amax(-1) == 0).any(), "silence is never left alone"
        assert (spoilt.abs().amax(-1) > 0).any(), "noise is never alone"


@pytest.mark.parametrize("kind", [noise.steady, noise.amplifier, noise.talk, noise.applause])
def test_noise_fills_silence_from_its_start_to_its_end(kind) -> None:
    made = kind(torch.zeros(4, 3 * RATE), seeded(3), RATE)
    parts = made.unflatten(-1, (3, RATE)).square().mean(-1)
    assert torch.isfinite(made).all()
    assert (parts > 1e-5 * parts.amax()).all()
    assert (made.mean(-1).abs() < 0.2 * made.square().mean(-1).sqrt()).all()


def test_noise_and_bleed_are_as_loud_as_they_should_be() -> None:
    sound, _ = strokes(12)
    added = noise.noisy(sound, seeded(1), RATE) - sound
    db = 10 * (added.square().mean(-1) / sound.square().mean(-1)).log10()
    assert db.min() > -50.5
    assert db.max() < -2.9
    chosen = torch.arange(12) % 3 == 0
    added = noise.bleed(sound, chosen, seeded(1), RATE) - sound
    db = 10 * (added.square().mean(-1) / sound.square().mean(-1)).log10()
    assert (db[~chosen] == -math.inf).all()
    assert db[chosen].min() > -40.5
    assert db[chosen].max() < -17.9
    sound = torch.cat([sound[:1], torch.zeros_like(sound[:1])])
    added = noise.bleed(sound, torch.ones(2) > 0, seeded(1), RATE) - sound
    assert (added.abs().amax(-1) > 0).tolist() == [False, True], "it bleeds into itself"


def test_a_mix_is_the_sum_of_what_is_said_to_sound() -> None:
    stems = torch.randint(-9000, 9000, (400, 5, 4500), generator=seeded(1)).short()
    stems[:, 4] = 0
    present = torch.rand(400, 5, generator=seeded(2)) < 0.6
    present[0] = False
    sound, on, gains = mix(stems, present, seeded(3))
    assert torch.allclose(sound, (gains[:, :, None] * stems.float() / 32768).sum(1), atol=1e-5)
    assert not (on & ~present).any()
    assert ((gains > 0) == on).all()
    heard = present[:, :4].any(-1)
    assert on[heard].any(-1).all()
    assert not on[~heard].any()
    assert (on.sum(-1) < present[:, :4].sum(-1)).any(), "nothing is ever muted"
    assert sound.abs().max() <= 1 + 1e-6
    assert all(
        torch.allclose(a, b) for a, b in zip(mix(stems / 32768, present, seeded(3)), (sound, on, gains), strict=True)
    )


def test_stretched_sound_is_at_its_place_and_pitch() -> None:
    sound, times = strokes(5)
    speed = torch.tensor([0.94, 0.99, 1.0, 1.01, 1.06])
    fast = stretch(sound, speed)
    assert torch.allclose(fast[2], sound[2], atol=1e-5)
    _struck(fast, times / speed[:, None])
    sine = torch.sin(2 * math.pi * 5000 * torch.arange(RATE) / RATE).repeat(5, 1)
    spectrum = torch.fft.rfft(stretch(sine, speed)[:, : RATE // 2] * torch.hann_window(RATE // 2)).abs()
    assert ((spectrum.argmax(-1) * 2 - 5000 * speed).abs() <= 2).all()
    near = spectrum.argmax(-1)[:, None] + torch.arange(-3, 4)
    rest = spectrum.scatter(1, near, 0).square().sum(-1) / spectrum.square().sum(-1)
    assert rest.max() < 1e-5, "it does not stay a sine"


def _struck(sound: torch.Tensor, times: torch.Tensor) -> None:
    """A stroke begins within 1 ms of each of these times, as far as there is sound."""
    for one, when in zip(sound, times, strict=True):
        for at in when[when < sound.shape[-1] / RATE - 0.1].tolist():
            first = int((at - 0.03) * RATE)
            part = one[first : first + int(60 * MS)].abs()
            begins = int((part > 0.5 * part.max()).int().argmax())
            assert abs((first + begins) / RATE - at) < 0.001
