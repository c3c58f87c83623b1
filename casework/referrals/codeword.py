"""The code word with which a reporter comes back: twelve letters and digits in three groups, 60 bits.

It is worked out from the form's own ticket under a key of the installation, so that a form sent twice gives the same
word, and it is stored nowhere: the referral keeps a keyed token of it.
"""

from casework.crypto.keyring import KeyRing
from casework.crypto.tokens import token
from schemas.text import to_ascii_digits

# Crockford's alphabet: no letter that is taken for another.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH, GROUP = 12, 4
_ALIKE = str.maketrans({"O": "0", "I": "1", "L": "1"})


def code_word(ring: KeyRing, ticket: str) -> str:
    """The code word of a ticket, written `7K3M-9QXW-2HDC`."""
    number = int.from_bytes(token(ring, "public-report", ticket)[:8], "big")
    letters = []
    for _ in range(LENGTH):
        number, index = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[index])
    word = "".join(letters)
    return "-".join(word[n:n + GROUP] for n in range(0, LENGTH, GROUP))


def canonical(text: str) -> str | None:
    """The twelve characters of a code word as somebody typed it, or None when it cannot be one."""
    word = "".join(c for c in to_ascii_digits(text).upper() if c.isalnum()).translate(_ALIKE)
    return word if len(word) == LENGTH and set(word) <= set(ALPHABET) else None


def token_of(ring: KeyRing, text: str) -> bytes | None:
    """What the referral keeps of a code word; None for what cannot be one."""
    word = canonical(text)
    return None if word is None else token(ring, "reporter-code", word)
