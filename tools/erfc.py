#!/usr/bin/env python3
"""Prints the coefficients of src/kernels/functions.c: those of the polynomial

    Q(t) = exp(z^2) erfc(z) / t        t = 1 / (1 + 0.3 z),  0 <= z <= 10.5

of degree 10 whose relative error is least, by a Chebyshev fit, and that error.
It needs NumPy."""
import math

import numpy as np

A, MOST, DEGREE = 0.3, 10.5, 10


def scaled_erfc(z):
    """exp(z^2) erfc(z), for large z by its continued fraction."""
    if z < 5:
        return math.exp(z * z) * math.erfc(z)
    f = 0.0
    for k in range(200, 0, -1):
        f = k / 2 / (z + f)
    return 1 / (z + f) / math.sqrt(math.pi)


def q(t):
    return np.array([scaled_erfc((1 / s - 1) / A) / s for s in t])


least = 1 / (1 + A * MOST)
t = (least + 1) / 2 + (1 - least) / 2 * np.cos(np.pi * (np.arange(400) + 0.5) / 400)
fit = np.polynomial.chebyshev.Chebyshev.fit(t, q(t), DEGREE, domain=[least, 1], w=1 / q(t))
power = fit.convert(kind=np.polynomial.Polynomial, domain=[-1, 1])
for c in power.coef:
    print(f"{c:.17g},")
t = np.linspace(least, 1, 20001)
value = np.zeros_like(t)
for c in power.coef[::-1]:
    value = value * t + c
print("relative error %.1e" % np.max(np.abs(value / q(t) - 1)))
