"""Tests of the department kit: against an in-process stand-in of a provider, and against a foreign one."""
