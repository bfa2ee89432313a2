"""Cases as pages show them.

Always true: a clerk's name is shown masked, and the citizen's in full to the office that has identified them alone.
"""
