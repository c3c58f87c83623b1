"""Referrals: reports that come in, are triaged, and become a case, a support request, or nothing."""


def includeme(config):
    pass
