"""Getting back into an account whose password is forgotten.

Always true: nobody learns from a page whether an account exists before they have shown control of its phone.
"""
