"""What people prove themselves with: one file enrols and verifies one method; attempts and budgets are counted here.

Always true: an attempt is reserved and committed before the secret is looked at, so no crash and no race gives more.
"""
