"""Certificates of people and entities as their way to sign in: asked for, bound, used, ended.

Always true: nothing a browser says about whose a certificate is counts, only what the certificate says.
"""
