"""Where registrations come from: counties, bank branches and counters that each have a code of their own on a poster.

Always true: of a person nothing stands with a channel; it has numbers, and the trail of the registration its code.
"""
