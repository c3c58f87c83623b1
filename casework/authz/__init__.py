"""Who may do what: the matrix, the scope of every select, the levels on one record, the security policy."""


def includeme(config):
    config.include(".policy")
