"""Getting back into an account: a forgotten password by its phone, and by the word of two operators when all is lost.

Always true: nobody learns from a page whether an account exists before they have shown control of its phone.
"""
