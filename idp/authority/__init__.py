"""Checks of authority: departments ask whether a person may do something for a party now.

Always true: who was not told of the person and of their acting for that party learns nothing, at the same cost.
"""
