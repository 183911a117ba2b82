"""Basic Pitch (R. M. Bittner et al., ICASSP 2022): polyphonic notes from windows of two seconds, by its ONNX model."""

import tempfile
from importlib.metadata import version
from pathlib import Path

import basic_pitch
import soundfile
import stdio
from basic_pitch.inference import Model, predict

RATE = 22050

model = Model(Path(basic_pitch.__file__).parent / "saved_models" / "icassp_2022" / "nmp.onnx")


def notes(samples):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sound.wav"
        soundfile.write(path, samples, RATE)
        found = predict(path, model)[2]
    return {"notes": sorted([float(start), float(end), int(midi)] for start, end, midi, *_ in found)}


stdio.answer({"basic-pitch": version("basic-pitch")}, {"notes": notes}, RATE)
