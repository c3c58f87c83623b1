"""The audit log: captured on flush, chained per case, written in the transaction of the change or by the outbox."""


def includeme(config):
    config.include(".outbox")
