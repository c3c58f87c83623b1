"""What casework accepts: colander schemas for every record, and pure functions on text.

Forms, the interface for programs and imports all validate with these. Nothing here knows of the database,
the web or the rest of casework; code lists and places come in by `schema.bind(codes=..., gazetteer=...)`.
"""
