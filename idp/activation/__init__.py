"""Accounts of older platforms: how their people get into them here, and nobody else.

Always true: what an older platform said gives nobody anything before the person's face was checked.
"""
