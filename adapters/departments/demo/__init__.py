"""Two small department apps, tax and social security, that sign people in with the kit and show what they learn.

One code base, two configurations; nothing in it knows more of the provider than a foreign department would.
"""
