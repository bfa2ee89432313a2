"""The identity provider: one package per capability, layered as docs/architecture.md draws them.

Always true: a module imports only what stands lower in the house (checked by import-linter).
"""
