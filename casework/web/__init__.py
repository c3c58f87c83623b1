"""The shell every page stands in: look, forms, words, headers, sessions and errors."""
