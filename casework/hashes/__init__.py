"""Digests, and lists of known ones."""


def includeme(config) -> None:
    """The lists of this process."""
    from .lists import Lists

    config.registry["hash_lists"] = Lists(config.registry["settings"].data / "hashes")
