"""Real name by photos of a document that a machine reads, and by the face of its person.

Always true: a photo is there until it has been read, and at the longest as long as the journey it belongs to.
"""
