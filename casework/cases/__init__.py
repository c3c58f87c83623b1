"""The case: the aggregate where the features meet. `service.py` is its public face."""


def includeme(config):
    pass
