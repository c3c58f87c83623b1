"""The leaf of an entry in the tree: a small record without personal data, which witnesses and courts may hold.

It ties the entry to its place by the entry's own hash; the chain (a case, a person) is named by a hash of its random
id, so that a leaf tells which entries belong together and not to whom.
"""

import datetime as dt
import hashlib
import json
import uuid
from functools import lru_cache

from casework.verifier.casework_verify import leaf_hash


@lru_cache(maxsize=65_536)
def chain_pseudonym(chain: str) -> str:
    """What a leaf calls the chain with this id: 32 hexadecimal digits."""
    return hashlib.sha256(b"casework/chain/v1" + bytes.fromhex(chain.replace("-", ""))).hexdigest()[:32]


def moment(at: dt.datetime) -> str:
    """A moment as leaves and hashes write it: UTC, microseconds."""
    return at.astimezone(dt.UTC).isoformat(timespec="microseconds")


@lru_cache(maxsize=512)
def quoted(verb: str) -> str:
    """A verb as JSON."""
    return json.dumps(verb, ensure_ascii=False)


def leaf_data(at: str, verb: str, chain: uuid.UUID, number: int, commitment: bytes, hash_: bytes) -> bytes:
    """The leaf as canonical JSON (RFC 8785). Written out by hand: this runs for every entry of a verification."""
    return (
        f'{{"at":"{at}","chain":"{chain_pseudonym(str(chain))}","commitment":"{commitment.hex()}","hash":"{hash_.hex()}",'
        f'"number":{number},"v":1,"verb":{quoted(verb)}}}'
    ).encode()


def hash_of(at: str, verb: str, chain: uuid.UUID, number: int, commitment: bytes, hash_: bytes) -> bytes:
    """The leaf's hash (RFC 6962)."""
    return leaf_hash(leaf_data(at, verb, chain, number, commitment, hash_))
