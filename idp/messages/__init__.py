"""Messages to people and notices to departments: their wording, their ports, and the outbox they leave through.

Always true: nothing is sent inside the transaction that decided to send it.
"""
