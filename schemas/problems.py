"""What is wrong with a value, as a code that a form turns into a sentence."""


class BadIdentifier(ValueError):
    """A value that is no identifier of its type; `code` says why (a word of `fields.IDENTIFIER_MESSAGES`)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
