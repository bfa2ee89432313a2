"""Tests of idp.state."""
