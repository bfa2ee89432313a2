"""Streams of security events: departments hear of what has changed about people and mandates they were told of.

Always true: an event reaches only who was told of the party before, under the names that receiver knows it by, and
holds nothing personal.
"""
