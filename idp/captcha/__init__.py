"""A few digits to read or to hear, before somebody without a session may cause more than a page.

Always true: whether digits are asked for depends on the settings and on the network address, never on an account.
"""
