"""Tests of the outbox, its worker and the guarded outbound client."""
