"""Searching as people do: with the form at the top of each page."""

from casework.people import names


def search(client, words: str):
    """The page that answers. `client` is a WebTest client that is signed in."""
    form = next(form for form in client.get("/search").forms.values() if form.action == "/search")
    form["q"] = words
    return form.submit()


def by_name(db, identity, words: str) -> list:
    """The people that a search by name finds: rows with `id`, `text` (the pseudonym), `same`."""
    query = names.search(db.info["keyring"], identity, words)
    return [] if query is None else db.execute(query).all()
