"""Where randomness enters: uids and the random suffixes of generated names.

Decisions take identities as arguments; only the performers hold an `Identities`.
"""

from __future__ import annotations

import os
import random
from typing import Protocol

# The alphabet and length of upstream's generated names: no vowels, so no words
# (apimachinery/pkg/util/rand/rand.go, apiserver/pkg/storage/names/generate.go).
SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
SUFFIX_LENGTH = 5

_FREE_BITS = ~(0xF << 76 | 0x3 << 62)
_VERSION_4 = 0x4 << 76 | 0x2 << 62


class Identities(Protocol):
    """A source of uids and name suffixes."""

    def uid(self) -> str: ...

    def suffix(self) -> str: ...


class RandomIdentities:
    """Random identities; with a seed, the same ones at every run."""

    def __init__(self, seed: int | None = None) -> None:
        # Identities need not be secret, only different: the system's randomness seeds them.
        seed = int.from_bytes(os.urandom(32), "big") if seed is None else seed
        self._random = random.Random(seed)

    def uid(self) -> str:
        """A UUID of version 4 (RFC 9562, section 5.4)."""
        text = f"{self._random.getrandbits(128) & _FREE_BITS | _VERSION_4:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def suffix(self) -> str:
        return "".join(self._random.choices(SUFFIX_ALPHABET, k=SUFFIX_LENGTH))
