"""People of a case or referral, their places and identifiers."""


def includeme(config):
    pass
