"""The auditor's and the analyst's pages. Sees everything, imported by nobody."""


def includeme(config):
    pass
