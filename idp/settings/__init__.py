"""The settings tree: everything an operator can set, by section.

Always true: whatever is read here is frozen; the docstrings of the sections are the manual (``idp config reference``
prints them). Durations are seconds.
"""

from idp.settings.limits import Limits, PasswordLimits, SmsLimits
from idp.settings.outside import CheckService, Register, Sms, SmsFallback
from idp.settings.safety import unsafe
from idp.settings.section import Section
from idp.settings.sections import Password
from idp.settings.tree import Settings, load_settings, write_secrets

__all__ = [
    "CheckService",
    "Limits",
    "Password",
    "PasswordLimits",
    "Register",
    "Section",
    "Settings",
    "Sms",
    "SmsFallback",
    "SmsLimits",
    "load_settings",
    "unsafe",
    "write_secrets",
]
