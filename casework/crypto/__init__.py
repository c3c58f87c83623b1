"""Encryption at rest: key ring, sealed columns, keyed tokens."""
