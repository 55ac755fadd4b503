"""The two models of customer value, fitted by maximum likelihood.

BG/NBD (Fader, Hardie and Lee 2005, "Counting Your Customers" the Easy Way) says how often customers buy and when they
leave; Gamma-Gamma (Fader and Hardie 2013) what a purchase of theirs is worth. Both are fitted on distinct customers
with counts, by L-BFGS-B on the logarithms of the parameters, which makes them positive and the result independent of
units.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize  # type: ignore[import-untyped]
from scipy.special import betaln, gammaln  # type: ignore[import-untyped]

Numbers = NDArray[np.float64]
# Without limits, customers who never leave or who are all alike would send a parameter to zero or to infinity.
SMALLEST, LARGEST = 1e-4, 1e6
LOG_LIKELIHOOD = "log_likelihood"


def fit_bg_nbd(frequency: Numbers, recency: Numbers, tenure: Numbers, counts: Numbers) -> dict[str, float] | None:
    """Return r, alpha, a, b and the log-likelihood; None if no maximum was found.

    Args:
        frequency: Repeat purchase days of each distinct customer, shape (n,).
        recency: Weeks from the first to the last purchase day, shape (n,).
        tenure: Weeks from the first purchase day to the end, shape (n,).
        counts: Number of such customers, shape (n,).
    """
    # Much of the likelihood depends on the frequency alone, of which there are few.
    purchases, place = np.unique(frequency, return_inverse=True)
    customers = np.bincount(place, weights=counts)
    is_repeat = frequency > 0

    def log_likelihood(parameters: Numbers) -> float:
        r, alpha, a, b = parameters
        by_frequency = gammaln(r + purchases) - gammaln(r) + r * np.log(alpha)
        by_frequency += betaln(a, b + purchases) - betaln(a, b)
        stayed = -(r + frequency) * np.log(alpha + tenure)
        left = np.log(a / np.where(is_repeat, b + frequency - 1, 1)) - (r + frequency) * np.log(alpha + recency)
        by_time = np.where(is_repeat, np.logaddexp(stayed, left), stayed)
        return float(customers @ by_frequency + counts @ by_time)

    start = {"r": 1.0, "alpha": _mean(tenure, counts) + 1.0, "a": 1.0, "b": 1.0}
    return _maximize(log_likelihood, start, float(counts.sum()))


def fit_gamma_gamma(frequency: Numbers, value: Numbers, counts: Numbers) -> dict[str, float] | None:
    """Return p, q, gamma and the log-likelihood; None if no maximum was found, or one without a mean.

    Args:
        frequency: Repeat purchase days of each distinct repeat customer, shape (n,), all positive.
        value: Mean spend of such a day, shape (n,), all positive.
        counts: Number of such customers, shape (n,).
    """
    purchases, place = np.unique(frequency, return_inverse=True)
    customers = np.bincount(place, weights=counts)
    log_value = np.log(value)
    fixed = -float(counts @ log_value)

    def log_likelihood(parameters: Numbers) -> float:
        p, q, gamma = parameters
        shape = p * purchases
        by_frequency = gammaln(shape + q) - gammaln(shape) - gammaln(q) + q * np.log(gamma) + shape * np.log(purchases)
        by_value = p * frequency * log_value - (p * frequency + q) * np.log(gamma + frequency * value)
        return float(customers @ by_frequency + counts @ by_value) + fixed

    start = {"p": 1.0, "q": 2.0, "gamma": _mean(value, counts)}
    found = _maximize(log_likelihood, start, float(counts.sum()))
    # With q <= 1 the values have no mean, so there is nothing to expect of a new customer.
    return found if found and found["q"] > 1 else None


def _mean(values: Numbers, counts: Numbers) -> float:
    return float(values @ counts / counts.sum())


def _maximize(
    log_likelihood: Callable[[Numbers], float], start: Mapping[str, float], customers: float
) -> dict[str, float] | None:
    """Return the parameters of the highest log-likelihood, and that itself."""
    found = minimize(
        lambda logs: -log_likelihood(np.exp(logs)) / customers,
        np.log(list(start.values())),
        method="L-BFGS-B",
        bounds=[(np.log(SMALLEST), np.log(LARGEST))] * len(start),
        # The mean log-likelihood of a customer, to some ten digits.
        options={"ftol": 1e-13, "gtol": 1e-8},
    )
    if not np.isfinite(found.fun):
        return None
    values = [float(value) for value in np.exp(found.x)]
    return {**dict(zip(start, values, strict=True)), LOG_LIKELIHOOD: -float(found.fun) * customers}
