"""Alembic migrations of the main database, one numbered file per step.

Always true: each goes up and down on SQLite and PostgreSQL.
"""
