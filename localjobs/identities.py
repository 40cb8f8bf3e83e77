"""Where randomness enters: uids and the random suffixes of generated names.

Decisions take identities as arguments; only the performers hold an `Identities`.
"""

from __future__ import annotations

import random
import uuid
from typing import Protocol

# The alphabet and length of upstream's generated names: no vowels, so no words
# (apimachinery/pkg/util/rand/rand.go, apiserver/pkg/storage/names/generate.go).
SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
SUFFIX_LENGTH = 5


class Identities(Protocol):
    """A source of uids and name suffixes."""

    def uid(self) -> str: ...

    def suffix(self) -> str: ...


class RandomIdentities:
    """Random identities; with a seed, the same ones at every run."""

    def __init__(self, seed: int | None = None) -> None:
        self._random: random.Random = random.SystemRandom() if seed is None else random.Random(seed)

    def uid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def suffix(self) -> str:
        return "".join(self._random.choices(SUFFIX_ALPHABET, k=SUFFIX_LENGTH))
