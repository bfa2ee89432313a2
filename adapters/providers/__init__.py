"""Clients of the outside services the provider calls: each fills a Protocol that `idp` declares.

Always true: an address comes from configuration only, and a service that misbehaves is a value, not an exception.
"""
