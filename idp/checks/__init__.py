"""Checks made elsewhere: the person is sent to a face-check vendor or to their bank, and what it found is fetched.

Always true: only a signed result, fetched by us for this very check, speaks for anybody, and it does so once.
"""
