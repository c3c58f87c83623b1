"""Referrals: reports that come in, are triaged, and become a case, a request for support, or nothing."""

from casework.cases import jobs

from . import erasing, screens, service, views  # noqa: F401  what is erased with a case


def includeme(config):
    config.include(".public")
    config.include(".options")
    views.include_first(config)
    config.include(".types")
    config.include(".views")
    screens.register()
    jobs.every_run(service.return_unacknowledged)
