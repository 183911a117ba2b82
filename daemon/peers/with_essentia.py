"""essentia (D. Bogdanov et al., ISMIR 2013): onsets beats, chords, keys, each over the whole sound."""

from importlib.metadata import version

import essentia
import essentia.standard as es
import numpy as np
import stdio

essentia.log.infoActive = essentia.log.warningActive = False

FRAME, HOP = 4096, 2048


def onset(samples):
    """By the complex domain."""
    window, fft, polar = es.Windowing(type="hann"), es.FFT(), es.CartesianToPolar()
    novelty = es.OnsetDetection(method="complex")
    strengths = []
    for frame in es.FrameGenerator(samples, frameSize=1024, hopSize=512):
        magnitude, phase = polar(fft(window(frame)))
        strengths.append(novelty(magnitude, phase))
    return {"times": es.Onsets()(np.array([strengths], np.float32), [1])}


def beat(samples):
    tempo, times, *_ = es.RhythmExtractor2013(method="multifeature")(samples)
    return {"times": times, "tempo": float(tempo)}


def key(samples):
    tonic, scale, _ = es.KeyExtractor(sampleRate=stdio.RATE)(samples)
    return {"name": f"{tonic} {scale}"}


def chord(samples):
    window, spectrum = es.Windowing(type="blackmanharris62"), es.Spectrum()
    peaks = es.SpectralPeaks(magnitudeThreshold=1e-5, maxFrequency=5000, maxPeaks=100, orderBy="magnitude")
    profile = es.HPCP(maxFrequency=5000, harmonics=8, bandPreset=False)
    frames = es.FrameGenerator(samples, frameSize=FRAME, hopSize=HOP)
    rows = np.array([profile(*peaks(spectrum(window(frame)))) for frame in frames], np.float32)
    names, _ = es.ChordsDetection(hopSize=HOP, windowSize=2)(rows)
    starts = [k for k, name in enumerate(names) if k == 0 or name != names[k - 1]]
    harte = [names[k][:-1] + ":min" if names[k].endswith("m") else names[k] + ":maj" for k in starts]
    return {"times": [k * HOP / stdio.RATE for k in starts], "names": harte}


stdio.answer({"essentia": version("essentia")}, {"onset": onset, "beat": beat, "key": key, "chord": chord})
