"""`python -m adapters.sandbox`: the sandbox without the provider's command line.

Always true: it takes the same options as `idp sandbox`.
"""

import sys

from adapters.sandbox.app import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
