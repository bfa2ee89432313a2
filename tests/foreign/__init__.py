"""Relying parties that others wrote, signing people in over PostgreSQL, Redis and two nodes."""
