"""What mail providers ignore in an address: `etc/mail-providers.csv`.

Only providers listed here: to drop dots or tags by guess would join addresses of different people.
"""

from pathlib import Path

from schemas.identifiers import ProviderRules

from .table import lines, unique

COLUMNS = ("domain", "dots_ignored", "tags_ignored")


def load_provider_rules(path: Path) -> ProviderRules:
    """Raises `BadTable`."""
    dots, tags, seen = set(), set(), set()
    for line in lines(path, COLUMNS):
        domain = line.text("domain").lower()
        unique(line, domain, seen, "domain")
        if line.one_of("dots_ignored", ("yes", "no")) == "yes":
            dots.add(domain)
        if line.one_of("tags_ignored", ("yes", "no")) == "yes":
            tags.add(domain)
    return ProviderRules(frozenset(dots), frozenset(tags))
