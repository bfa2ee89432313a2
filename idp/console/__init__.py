"""The operators' console: who operates the provider, what each may see and do, and who has to agree.

Always true: an operator's session stands in a table and under a cookie of its own, so no citizen's session passes an
operator's guard, and no operator's passes a citizen's.
"""
