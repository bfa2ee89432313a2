"""Every module that defines tables, imported so that Base.metadata is complete.

Always true: a new ``models.py`` is named here (a test compares the list with the tree).
"""

import idp.accounts.models
import idp.assisted.models
import idp.audit.models
import idp.capabilities.models
import idp.certificates.models
import idp.channels.models
import idp.checks.models
import idp.clients.models
import idp.console.models
import idp.credentials.models
import idp.crypto.models
import idp.disputes.models
import idp.entities.models
import idp.flows.models
import idp.grants.models
import idp.issuers.models
import idp.mandates.models
import idp.mapping.models
import idp.messages.models
import idp.proofing.models
import idp.recovery.models
import idp.reviews.models
import idp.scans.models
import idp.signatures.models
import idp.signin.models
import idp.state.models
import idp.streams.models

__all__ = ["idp"]
