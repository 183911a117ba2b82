"""The FFT agrees with NumPy's at every size."""

import numpy as np
import pytest

from dsp import fft
from dsp.kernel import inline, zeros


@inline
def transform(records):
    fft.rfft(records[0])


def spectrum(x: np.ndarray) -> np.ndarray:
    record = zeros(fft.dtype(x.size))
    fft.prepare(record[0])
    record["are"], record["aim"] = x[::2], x[1::2]
    transform(record)
    return record["re"][0] + 1j * record["im"][0]


@pytest.mark.parametrize("size", [16, 32, 64, 512, 1024, 2048, 4096])
def test_equals_numpy(size: int) -> None:
    x = np.random.default_rng(size).normal(size=size).astype(np.float32)
    np.testing.assert_allclose(spectrum(x), np.fft.rfft(x), atol=1e-6 * size)


@pytest.mark.parametrize("size", [0, 8, 48, 1000])
def test_refuses_other_sizes(size: int) -> None:
    with pytest.raises(ValueError, match=str(size)):
        fft.dtype(size)
