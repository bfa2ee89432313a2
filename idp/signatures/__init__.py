"""Signed texts as evidence: what a person signed with a certificate, and all it takes to verify that years later."""
