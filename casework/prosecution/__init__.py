"""The prosecution office's work on a submitted file: charges, hearings, decisions."""


def includeme(config):
    pass
