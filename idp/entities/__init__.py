"""Legal entities: their accounts, who the register says they are to them, and people acting for them.

Always true: the person who acts is always named; an entity's power rests on a role that a register has confirmed.
"""
