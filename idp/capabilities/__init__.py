"""Capabilities at work: departments have the signed-in person checked, and their clerks record whom they have seen.

Always true: the person has agreed on a page of ours, or has shown their one-time number, before anything is checked
or recorded; and a department hears a result, never a name, a number, an image or a score.
"""
