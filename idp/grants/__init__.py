"""Grants and consents: what a person let a client do, from authorization code to the last refresh token.

Always true: every token carries the ``gid`` of a row here, and a revoked row never becomes valid again.
"""
