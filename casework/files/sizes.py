"""Sizes as people read them."""

_UNITS = (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10))


def human(size: int) -> str:
    """Such as 3.4 MiB; digits and units are written alike in both languages."""
    for unit, factor in _UNITS:
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size} B"
