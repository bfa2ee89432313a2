"""Signatures over texts, kept as evidence with all it takes to verify them years later."""
