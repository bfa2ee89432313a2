"""Mandates: one party acts for another, within a theme, for a time, by a chain of at most two links.

Always true: what is not covered by an unbroken chain of mandates in force is not allowed.
"""
