"""One declaration per record type, and the generic pages that hang on it."""
