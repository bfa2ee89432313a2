"""Departments' own users: which account an app kept before is whose, and what that app alone is told of it.

Always true: a link is told to its client only, and to no one as long as two lines contradict each other.
"""
