"""The audit log: captured on flush, chained per case, written in the transaction of the change or by the outbox."""


def includeme(config):
    config.registry["log_policy"] = config.registry["settings"].policy()  # whose cosignatures the log needs, or None
    config.include(".outbox")
