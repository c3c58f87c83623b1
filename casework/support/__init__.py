"""Victim support: consent, assessment, the minimal view sent to a provider, plan, closure."""


def includeme(config):
    pass
