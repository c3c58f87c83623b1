"""The code word with which a reporter comes back: twelve letters and digits in three groups, 60 bits.

It is worked out from the form's own ticket under a key of the installation, so that a form sent twice gives the same
word. The referral is found by a keyed token of it, and keeps the word itself sealed, for the day the keys are changed:
no page shows it.
"""

from casework.crypto.keyring import KeyRing
from casework.crypto.tokens import token_under, tokens
from schemas.text import to_ascii_digits

from . import tickets

# Crockford's alphabet: no letter that is taken for another.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH, GROUP = 12, 4
PURPOSE = "reporter-code"
_ALIKE = str.maketrans({"O": "0", "I": "1", "L": "1"})


def code_word(ring: KeyRing, ticket: str) -> str:
    """The code word of a ticket, written `7K3M-9QXW-2HDC`: the same again though the ring's keys were changed since."""
    key_id = tickets.key_id_of(ring, ticket) or ring.current
    number = int.from_bytes(token_under(ring, key_id, "public-report", ticket)[4:12], "big")
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


def tokens_of(ring: KeyRing, text: str) -> list[bytes]:
    """What a referral with this code word may have as its token, the present one first; none for what is no word."""
    word = canonical(text)
    return [] if word is None else tokens(ring, PURPOSE, word)
