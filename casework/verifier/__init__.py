"""The verifier: one file that an outsider can run, and that the program itself proves by. Imports nothing of ours."""
