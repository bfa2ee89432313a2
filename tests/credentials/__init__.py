"""Tests of idp.credentials."""
