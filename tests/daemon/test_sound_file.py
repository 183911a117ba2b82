import numpy as np
import pytest
import soundfile

from daemon.inputs.sound_file import SoundFile, SoundFileError, engine_rate


def sine(n, rate, hz=440.0, channels=1):
    """Each channel an octave above the one before it."""
    t = np.arange(n)[:, None] / rate
    return (0.5 * np.sin(2 * np.pi * hz * 2.0 ** np.arange(channels) * t)).astype(np.float32)


def written(path, sound, rate, **how):
    soundfile.write(path, sound, rate, **how)
    return path


def played(file, rate, block=4096):
    return np.concatenate(list(file.blocks(rate, block)), axis=1)


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        *((8000, 48000), (11025, 44100), (22050, 44100), (32000, 64000), (1, 44100)),
        *((44100, 44100), (48000, 48000), (88200, 88200), (96000, 96000)),
        *((176400, 88200), (192000, 96000), (384000, 96000), (96001, 48000)),
    ],
)
def test_the_engine_rate_is_the_files_own_or_a_whole_relation(rate, expected):
    assert engine_rate(rate) == expected


def test_every_possible_file_rate_gives_an_engine_rate_in_range():
    assert all(44100 <= engine_rate(rate) <= 96000 for rate in range(1, 800_000, 7))


@pytest.mark.parametrize(
    ("name", "subtype", "tolerance"),
    [
        *(("a.wav", "FLOAT", 0.0), ("a.wav", "PCM_16", 4e-5), ("a.flac", "PCM_24", 2e-7), ("a.aiff", "PCM_16", 4e-5)),
        *(("a.ogg", "VORBIS", 0.05), ("a.mp3", "MPEG_LAYER_III", 0.05)),
    ],
)
@pytest.mark.parametrize("channels", [1, 2])
def test_formats_come_out_as_they_went_in(tmp_path, name, subtype, tolerance, channels):
    sound = sine(44100, 44100, channels=channels)
    file = SoundFile(written(tmp_path / name, sound, 44100, subtype=subtype))
    assert (file.rate, file.channels, file.duration_s, file.notes) == (44100, channels, 1.0, [])
    out = played(file, 44100)
    assert out.dtype == np.float32
    assert out.shape == (channels, 44100)
    middle = slice(2000, -2000)  # lossy codecs smear the cut ends
    assert np.abs(out.T - sound)[middle].max() <= tolerance


def test_an_mp3_is_the_same_in_chunks_as_in_one_read(tmp_path):
    path = written(tmp_path / "a.mp3", sine(50_000, 44100), 44100)
    assert np.array_equal(played(SoundFile(path), 44100)[0], soundfile.read(path, dtype="float32")[0])


@pytest.mark.parametrize("rates", [(44100, 48000), (22050, 44100), (192000, 96000), (48000, 44100)])
def test_resampling_is_right_and_does_not_depend_on_the_block(tmp_path, rates):
    before, after = rates
    file = SoundFile(written(tmp_path / "a.wav", sine(before // 2 + 11, before, channels=2), before, subtype="FLOAT"))
    whole = played(file, after)
    assert abs(whole.shape[1] - round((before // 2 + 11) * after / before)) <= 2
    expected = sine(whole.shape[1], after, channels=2).T
    assert np.abs(whole - expected)[:, after // 20 : -after // 20].max() < 1e-4
    for block in (1, 100, 441, 9000, 1 << 20):
        assert np.array_equal(played(file, after, block), whole)


def test_blocks_are_full_but_the_last_and_contiguous(tmp_path):
    file = SoundFile(written(tmp_path / "a.wav", sine(10_000, 48000, channels=2), 48000))
    blocks = list(file.blocks(48000, 441))
    assert {block.shape for block in blocks[:-1]} == {(2, 441)}
    assert blocks[-1].shape == (2, 10_000 % 441)
    assert all(block.flags.c_contiguous for block in blocks)


@pytest.mark.parametrize("rate", [44100, 22050])
def test_one_sample_is_a_sound(tmp_path, rate):
    out = played(SoundFile(written(tmp_path / "a.wav", np.array([0.5], np.float32), rate)), 44100)
    assert out.shape == (1, 44100 // rate)
    assert np.isfinite(out).all()
    assert out[0, 0] == pytest.approx(0.5, abs=0.1)


def test_eight_channels_are_mixed_to_their_mean_and_said_so(tmp_path):
    sound = np.tile(np.linspace(-0.5, 0.5, 8, dtype=np.float32) + 0.25, (1000, 1))
    file = SoundFile(written(tmp_path / "a.wav", sound, 48000, subtype="FLOAT"))
    out = played(file, 48000)
    assert (file.channels, out.shape) == (1, (1, 1000))
    assert out == pytest.approx(0.25)
    assert "8 channels" in file.notes[0]


def test_what_is_not_finite_becomes_zero_and_is_counted_per_pass(tmp_path):
    sound = sine(5000, 48000, channels=2)
    sound[100, 0], sound[200, 1], sound[300] = np.nan, np.inf, -np.inf
    file = SoundFile(written(tmp_path / "a.wav", sound, 48000, subtype="FLOAT"))
    for _ in range(2):
        out = played(file, 48000)
        assert file.replaced_samples == 4
        assert np.array_equal(out.T, np.where(np.isfinite(sound), sound, 0))
    assert "4 samples" in file.notes[0]
    assert np.isfinite(played(file, 44100)).all()


@pytest.mark.parametrize(("name", "least"), [("a.wav", 23_900), ("a.flac", 15_000), ("a.mp3", 15_000)])
def test_a_file_cut_in_half_plays_as_far_as_it_goes(tmp_path, name, least):
    noise = (0.3 * np.random.default_rng(1).standard_normal(48_000)).astype(np.float32)
    path = written(tmp_path / name, noise, 48000)
    whole = played(SoundFile(path), 48000)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    file = SoundFile(path)
    out = played(file, 48000)
    assert least <= out.shape[1] < 30_000
    assert np.array_equal(out[:, :least], whole[:, :least])


def test_a_flac_that_breaks_off_says_so(tmp_path):
    path = written(tmp_path / "a.flac", np.random.default_rng(1).uniform(-1, 1, 48_000), 48000)
    path.write_bytes(path.read_bytes()[:60_000])
    file = SoundFile(path)
    played(file, 48000)
    assert "breaks off" in file.notes[0]


def make_missing(path):
    pass


def make_folder(path):
    path.mkdir()


def make_empty(path):
    path.touch()


def make_text(path):
    path.write_text("dear diary, today I recorded nothing\n" * 50)


def make_no_samples(path):
    soundfile.write(path, np.zeros((0, 1)), 44100, format="WAV")


def make_header_only(path):
    soundfile.write(path, np.random.default_rng(1).uniform(-1, 1, 48000), 48000, format="FLAC")
    path.write_bytes(path.read_bytes()[:400])


def make_one_hz(path):
    soundfile.write(path, np.zeros(1000), 1, format="WAV")


def make_cut_ogg(path):
    soundfile.write(path, np.zeros(48000), 48000, format="OGG")
    path.write_bytes(path.read_bytes()[:300])


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (make_missing, "no such file"),
        (make_folder, "not a file"),
        (make_empty, "empty"),
        (make_text, "libsndfile"),
        (make_no_samples, "no samples"),
        (make_header_only, "broken"),
        (make_cut_ogg, "libsndfile"),
        (make_one_hz, "1 Hz"),
    ],
)
def test_what_cannot_be_played_is_one_clear_line(tmp_path, make, word):
    path = tmp_path / "take 1.wav"
    make(path)
    with pytest.raises(SoundFileError) as caught:
        SoundFile(path)
    line = str(caught.value)
    assert line.startswith(f"{path}: ")
    assert word in line
    assert "\n" not in line
    assert ";" in line  # a remedy follows


def test_a_raw_file_is_refused_because_its_rate_is_unknown(tmp_path):
    path = tmp_path / "a.raw"
    path.write_bytes(bytes(1000))
    with pytest.raises(SoundFileError, match="headerless"):
        SoundFile(path)
