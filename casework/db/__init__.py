"""The database: base classes, engine, sessions, references. Knows nothing of the domain."""
