"""A witness: another agency's small server that remembers how large our log was, and signs only what goes on.

It has no database and no settings of casework; all it knows lies in one folder (docs/witness.md).
"""
