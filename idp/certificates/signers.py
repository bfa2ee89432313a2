"""What a page needs to have a text signed in the browser: our own scripts, and the agent of a USB key beside them.

Always true: only a page whose view asked for it runs a script, and it speaks with the configured agent and ourselves
alone.
"""

from idp.web.headers import allow_connection, allow_own_script


def allow_signers(agent_url: str | None = None) -> None:
    """Let this response sign (`macros/certificate.html`). ``agent_url``: of the agent; None where none is asked."""
    allow_own_script()
    allow_connection("/")
    if agent_url:
        allow_connection(agent_url)
