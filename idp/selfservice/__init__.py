"""My account: what a person sees of their account, and ends or changes there.

Always true: a page shows and changes only the account of the session that asks.
"""
