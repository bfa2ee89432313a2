"""`python -m adapters.sandbox`: the sandbox, or `agent` alone, without the provider's command line.

Always true: it takes the same options as `idp sandbox`.
"""

import sys

from adapters.sandbox import agent
from adapters.sandbox.app import main

if __name__ == "__main__":
    sys.exit(agent.main(sys.argv[2:]) if sys.argv[1:2] == ["agent"] else main(sys.argv[1:]))
