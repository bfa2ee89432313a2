"""Reviews: a person sends photos of their document and of themselves holding it, and operators say who they are.

Always true: a photo is there for one review, sealed, until that is decided on, withdrawn, or its time is over.
"""
