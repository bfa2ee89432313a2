"""Journeys of several pages, whatever they lead to: one table of steps, one way to move.

Always true: where a journey stands is kept on the server and bound to the browser that began it.
"""
