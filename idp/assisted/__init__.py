"""Assisted handling: a clerk at a counter acts for somebody who is present, in the matters they agreed to."""
