"""Codes on one screen that somebody answers on another: a kiosk or a desktop shows one, a signed-in phone confirms.

Always true: what a code is for and what its confirmation gives belongs to who made it; this room moves it on.
"""
