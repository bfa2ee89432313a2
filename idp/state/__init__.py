"""What may vanish: one-time values and windows, in SQLite, PostgreSQL or Redis; and versions of what processes cache.

Always true: presence in the store means unused, absence means refused, so losing the whole store opens nothing.
"""
