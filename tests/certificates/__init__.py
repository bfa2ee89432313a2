"""Certificates of people and entities: bound, used to sign in, handed to phones."""
