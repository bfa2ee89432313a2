"""Keys and what is made with them: identifiers, field encryption, blind indexes, signed tokens.

Always true: no key and no clear text leaves this package through a ``repr``, a log or an exception.
"""
