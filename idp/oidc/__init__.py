"""OAuth 2 and OpenID Connect: everything that speaks the protocol, for people and for machines.

Always true: nothing here decides who may enter; `idp.admission` does.
"""
