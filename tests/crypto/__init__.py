"""Tests of idp.crypto."""
