"""Opening an account, and accepting the agreements when they change.

Always true: an account is opened only by who has shown control of its phone, in the browser that began.
"""
