"""Tests of `idp.activation`."""
