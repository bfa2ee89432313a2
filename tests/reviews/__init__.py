"""Reviews by operators of who somebody is, by photos of a document."""
