"""Log-probabilities of the tokens that llama.cpp writes, taken while it writes them.

Its own ``logprobs`` needs a context made with ``logits_all``, which computes and keeps the logits of every prompt token
as well: context window x vocabulary floats, 2.5 GB for a window of 4,096 and a vocabulary of 152,000. A logits
processor sees the same numbers for the written tokens alone.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LEAST_END = math.log(1e-3)  # an end less likely than this was not drawn: a stop text ended the reply


class TokenRecorder:
    """A logits processor that changes nothing and notes the log-probability of each token written.

    The token written after a call shows up as the last one of the next call, so every call scores its predecessor's.

    Args:
        model: The ``llama_cpp.Llama`` that writes.

    Attributes:
        log_probabilities: One for each token written, but for the last.
    """

    def __init__(self, model: Any) -> None:
        self._ends = [token for token in {model.token_eos(), _end_of_turn(model)} if token >= 0]
        self._before: NDArray[np.float32] | None = None
        self.log_probabilities: list[float] = []

    def __call__(self, input_ids: NDArray[np.intc], scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Note the last token's log-probability; the scores are returned as they came."""
        if self._before is not None:
            self.log_probabilities.append(_log_share(self._before, [int(input_ids[-1])]))
        self._before = np.array(scores, dtype=np.float32)
        return scores

    def mean(self) -> float | None:
        """Mean over the tokens, the end of the reply among them if the model ended it; None before the first token."""
        found = list(self.log_probabilities)
        if self._before is not None and self._ends:
            end = _log_share(self._before, self._ends)
            found += [end] if end > _LEAST_END else []
        return float(np.mean(found)) if found else None


def _log_share(logits: NDArray[np.float32], tokens: list[int]) -> float:
    """Logarithm of the tokens' share of the probability."""
    largest = float(logits.max())
    total = float(np.exp(logits - largest).sum())
    return float(np.log(max(float(np.exp(logits[tokens] - largest).sum()), 1e-30) / total))


def _end_of_turn(model: Any) -> int:
    import llama_cpp

    return int(llama_cpp.llama_vocab_eot(model._model.vocab))
