"""Stand-ins for everything outside the provider, and private servers to run it against on one machine.

Always true: nothing here imports `idp`; it is spoken to over HTTP, sockets and command lines only.
"""
