"""Issuers of certificates as operators administer them: what is trusted, its revocation data, whom it names."""
