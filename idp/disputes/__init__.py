"""Disputes: a person says that what is held about them is wrong, and an operator answers in time.

Always true: a dispute has a day by which it is due, counted in working days when it was filed.
"""
