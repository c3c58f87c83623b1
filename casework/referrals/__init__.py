"""Referrals: reports that come in, are triaged, and become a case, a request for support, or nothing."""

from casework.cases import jobs

from . import service


def includeme(config):
    config.include(".public")
    jobs.every_run(service.return_unacknowledged)
