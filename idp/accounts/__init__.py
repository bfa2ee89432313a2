"""Parties (today natural persons), the identifiers that find them, and the names departments know them by.

Always true: an identifier is parsed to its one canonical form before it is stored, looked up or counted.
"""
