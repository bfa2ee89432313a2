"""CA certificates of people and legal entities: bound, renewed, unbound, and signed in with."""
