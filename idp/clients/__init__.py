"""Department apps: what each registered, and whether it may be served just now.

Always true: every endpoint asks `Registry.get`, whose answer is never more than a second old on any node.
"""
