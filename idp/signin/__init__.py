"""Sessions: how a person gets one, proves more in it, and ends it.

Always true: a session lives on the server; the cookie holds a random secret whose SHA-256 is the only thing stored.
"""
