"""Real FFT of a power-of-two frame: Stockham radix-4, no allocation and no lock.

Why not a library: FFTW, pocketfft (NumPy, rocket-fft) and their like take scratch memory or a plan-cache lock inside
the call, which the audio callback may not. Source: C. Van Loan, *Computational Frameworks for the FFT*, 1992, ch. 1.7.
"""

import numpy as np

from dsp.kernel import inline


def dtype(size: int) -> np.dtype:
    """The record a transform of `size` real samples (a power of two, 16 or more) needs: tables and scratch."""
    if size < 16 or size & (size - 1):
        raise ValueError(f"FFT size {size} is not a power of two of at least 16")
    half = size // 2
    return np.dtype(
        [
            ("first", np.float32, (6, half // 4)),  # cos and sin of the first pass's twiddles: at k, 2k, 3k
            ("cos", np.float32, (half,)),  # exp(-2i pi k / half), k < half
            ("sin", np.float32, (half,)),
            ("unpack_cos", np.float32, (half,)),  # exp(-2i pi k / size), k < half
            ("unpack_sin", np.float32, (half,)),
            ("are", np.float32, (half,)),  # scratch: the caller's packed input, destroyed
            ("aim", np.float32, (half,)),
            ("bre", np.float32, (half,)),
            ("bim", np.float32, (half,)),
            ("re", np.float32, (half + 1,)),  # the spectrum
            ("im", np.float32, (half + 1,)),
        ],
        align=True,
    )


def prepare(record) -> None:
    """Fill the tables of a record of `dtype`. [main]"""
    half = record["cos"].shape[-1]
    k = np.arange(half)
    record["cos"] = np.cos(2 * np.pi * k / half)
    record["sin"] = -np.sin(2 * np.pi * k / half)
    for j in (1, 2, 3):
        record["first"][2 * j - 2] = record["cos"][: j * half // 4 : j]
        record["first"][2 * j - 1] = record["sin"][: j * half // 4 : j]
    record["unpack_cos"] = np.cos(np.pi * k / half)
    record["unpack_sin"] = -np.sin(np.pi * k / half)


@inline
def _first(xr, xi, yr, yi, twiddles):
    """`_radix4` for the first pass, s = 1: written over p with contiguous twiddles, it vectorises. [audio]"""
    m = twiddles.shape[1]
    c1, s1, c2, s2, c3, s3 = twiddles[0], twiddles[1], twiddles[2], twiddles[3], twiddles[4], twiddles[5]
    xr0, xr1, xr2, xr3 = xr[:m], xr[m : 2 * m], xr[2 * m : 3 * m], xr[3 * m :]
    xi0, xi1, xi2, xi3 = xi[:m], xi[m : 2 * m], xi[2 * m : 3 * m], xi[3 * m :]
    for p in range(m):
        apc_r, apc_i, amc_r, amc_i = xr0[p] + xr2[p], xi0[p] + xi2[p], xr0[p] - xr2[p], xi0[p] - xi2[p]
        bpd_r, bpd_i, bmd_r, bmd_i = xr1[p] + xr3[p], xi1[p] + xi3[p], xr1[p] - xr3[p], xi1[p] - xi3[p]
        u1, v1 = amc_r + bmd_i, amc_i - bmd_r
        u2, v2 = apc_r - bpd_r, apc_i - bpd_i
        u3, v3 = amc_r - bmd_i, amc_i + bmd_r
        yr[4 * p] = apc_r + bpd_r
        yr[4 * p + 1] = u1 * c1[p] - v1 * s1[p]
        yr[4 * p + 2] = u2 * c2[p] - v2 * s2[p]
        yr[4 * p + 3] = u3 * c3[p] - v3 * s3[p]
        yi[4 * p] = apc_i + bpd_i
        yi[4 * p + 1] = u1 * s1[p] + v1 * c1[p]
        yi[4 * p + 2] = u2 * s2[p] + v2 * c2[p]
        yi[4 * p + 3] = u3 * s3[p] + v3 * c3[p]


@inline
def _radix4(xr, xi, yr, yi, n, s, cos, sin):
    """One Stockham pass: `s` interleaved transforms of length `n` become 4s of n/4. [audio]"""
    m = n // 4
    for p in range(m):
        t = p * s
        c1, s1 = cos[t], sin[t]
        c2, s2 = cos[2 * t], sin[2 * t]
        c3, s3 = cos[3 * t], sin[3 * t]
        a, b, c, d = s * p, s * (p + m), s * (p + 2 * m), s * (p + 3 * m)
        o = s * 4 * p
        for q in range(s):
            ar, ai = xr[q + a], xi[q + a]
            br, bi = xr[q + b], xi[q + b]
            cr, ci = xr[q + c], xi[q + c]
            dr, di = xr[q + d], xi[q + d]
            apc_r, apc_i, amc_r, amc_i = ar + cr, ai + ci, ar - cr, ai - ci
            bpd_r, bpd_i, bmd_r, bmd_i = br + dr, bi + di, br - dr, bi - di
            yr[q + o] = apc_r + bpd_r
            yi[q + o] = apc_i + bpd_i
            u, v = amc_r + bmd_i, amc_i - bmd_r
            yr[q + o + s] = u * c1 - v * s1
            yi[q + o + s] = u * s1 + v * c1
            u, v = apc_r - bpd_r, apc_i - bpd_i
            yr[q + o + 2 * s] = u * c2 - v * s2
            yi[q + o + 2 * s] = u * s2 + v * c2
            u, v = amc_r - bmd_i, amc_i + bmd_r
            yr[q + o + 3 * s] = u * c3 - v * s3
            yi[q + o + 3 * s] = u * s3 + v * c3


@inline
def _radix2(xr, xi, yr, yi, s):
    """The last pass when the length is not a power of four. [audio]"""
    for q in range(s):
        yr[q] = xr[q] + xr[q + s]
        yi[q] = xi[q] + xi[q + s]
        yr[q + s] = xr[q] - xr[q + s]
        yi[q + s] = xi[q] - xi[q + s]


@inline
def rfft(f):
    """Transform the packed input `f.are[k] = x[2k]`, `f.aim[k] = x[2k+1]` into `f.re`, `f.im` (size/2+1 bins). [audio]"""
    half = f.are.size
    cos, sin = f.cos, f.sin
    xr, xi, yr, yi = f.are, f.aim, f.bre, f.bim
    _first(xr, xi, yr, yi, f.first)
    n, s = half // 4, 4
    in_a = False
    while n >= 4:
        if in_a:
            _radix4(xr, xi, yr, yi, n, s, cos, sin)
        else:
            _radix4(yr, yi, xr, xi, n, s, cos, sin)
        in_a = not in_a
        n //= 4
        s *= 4
    if n == 2:
        if in_a:
            _radix2(xr, xi, yr, yi, s)
        else:
            _radix2(yr, yi, xr, xi, s)
        in_a = not in_a
    if in_a:
        _unpack(xr, xi, f.re, f.im, f.unpack_cos, f.unpack_sin)
    else:
        _unpack(yr, yi, f.re, f.im, f.unpack_cos, f.unpack_sin)


@inline
def _unpack(zr, zi, re, im, cos, sin):
    """The half-length complex spectrum to the real signal's one-sided spectrum. [audio]"""
    half = zr.size
    re[0], im[0] = zr[0] + zi[0], np.float32(0.0)
    re[half], im[half] = zr[0] - zi[0], np.float32(0.0)
    h = np.float32(0.5)
    for k in range(1, half):
        er, ei = h * (zr[k] + zr[half - k]), h * (zi[k] - zi[half - k])
        odr, odi = h * (zi[k] + zi[half - k]), h * (zr[half - k] - zr[k])
        re[k] = er + cos[k] * odr - sin[k] * odi
        im[k] = ei + cos[k] * odi + sin[k] * odr
