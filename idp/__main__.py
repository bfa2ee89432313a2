"""``python -m idp`` is the ``idp`` command.

Always true: it does nothing but hand over to idp.cli.
"""

from idp.cli import main

main()
