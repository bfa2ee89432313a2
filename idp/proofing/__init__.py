"""How well a person is known: evidence, the identity level that follows from it, and how levels are written.

Always true: a level is computed from evidence that is valid now; it is never stored.
"""
