"""Invented people of every role, and how a test signs in as one of them.

`sign_in(client, role)` goes through the real pages: name, password, code of the second factor.
"""
