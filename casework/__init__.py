"""casework: the application. `main` is the one list of what it is made of."""

from pyramid.config import Configurator

from casework.crypto.sources import ring_of
from casework.db.engine import make_engine
from casework.settings import Settings


def main(global_config, **ini):
    """The WSGI application from an ini's [app:main] entries and the environment.

    Raises SettingsError, MatrixError or KeyFileError with one clear line when it must not start.
    """
    import casework.models  # noqa: F401  maps every table before anything selects

    settings = Settings.from_ini(ini)
    with Configurator(settings={**ini, "casework.etc": str(settings.etc)}) as config:
        config.registry["settings"] = settings
        config.registry["keyring"] = ring_of(settings)
        config.registry["engine"] = make_engine(settings.database_url, pool_size=settings.threads)
        # On one's own machine any name of it will do; elsewhere a request for another site is refused.
        hosts = "" if settings.development else settings.host
        config.add_settings({"casework.development": settings.development, "casework.hosts": hosts})
        config.include("casework.web.methods")  # view options first: every later view may use them
        config.include("casework.web.csrf")  # before any view, so that none escapes it
        config.include("casework.db.session")  # request.db, joined to the request's transaction
        config.include("casework.reference")  # code lists, gazetteer, offences, deadline rules
        config.include("casework.authz")  # the matrix is the security policy; closed by default
        config.include("casework.audit")  # the outbox, over the transaction
        config.include("casework.web.i18n")  # languages
        config.include("casework.web.render")  # pages and static files
        config.include("casework.web.logs")  # one JSON line each, nothing sensitive
        config.include("casework.web.errors")  # one page for every refusal
        config.include("casework.records.registry")  # config.add_record_type
        config.include("casework.records")  # search, drafts
        config.include("casework.files")  # documents of records, encrypted
        config.include("casework.hashes")  # lists of known hashes
        config.include("casework.accounts")  # people who sign in
        config.include("casework.cases")  # the aggregate, its tasks and first screens
        config.include("casework.people")  # persons and identifiers of a case
        config.include("casework.referrals")  # reports, the public form
        config.include("casework.evidence")  # exhibits and custody
        config.include("casework.deconfliction")  # blind matching between agencies
        config.include("casework.prosecution")  # from the file to the judgment
        config.include("casework.support")  # the child's support
        config.include("casework.welfare")  # exposure of staff, and checks on how they are
        config.include("casework.therapy")  # therapeutic notes, and the one way out of them
        config.include("casework.exceptions")  # emergency access, conflicts of interest, delegation, access for a time
        config.include("casework.exchange")  # evidence that leaves: disclosure packages
        config.include("casework.visibility")  # who can see what, after all record types
        config.include("casework.oversight")  # auditor and analyst
        config.include("casework.oversight.checkpoint")  # the log's checkpoint on paper, and its witnesses
        if settings.development:
            config.include("casework.web.styleguide")  # every component on one page
        config.include("casework.web.headers")  # on every response
        config.include("casework.web.sanity")  # outermost: nothing unreadable gets further
    return config.make_wsgi_app()
