"""Evidence items and their chain of custody."""


def includeme(config):
    pass
