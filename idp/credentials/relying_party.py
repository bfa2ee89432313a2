"""What Web Authentication 3 asks of a relying party: the options it gives, the checks of what comes back (7.1, 7.2).

Always true: identifier and origin are those of the configured issuer, and the authenticator verified its user.
"""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson
import webauthn
from webauthn.helpers import parse_authentication_credential_json, parse_client_data_json
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from idp.log import get_logger

CHALLENGE_LIFETIME = 300
"""Seconds to touch the authenticator in."""
_REQUIRED = UserVerificationRequirement.REQUIRED
_log = get_logger("passkey")


@dataclass(frozen=True, slots=True)
class Ceremony:
    """``options``: the JSON form (5.1.8, 5.1.9) for the browser; ``challenge``: what its answer must hold."""

    options: str
    challenge: bytes


@dataclass(frozen=True, slots=True)
class Registered:
    credential_id: bytes
    public_key: bytes
    sign_count: int


@dataclass(frozen=True, slots=True)
class Assertion:
    """What an authenticator says of itself, nothing of it checked yet."""

    credential_id: bytes
    user_handle: bytes | None
    credential: Any


class RelyingParty:
    """``name``: what authenticators call the service."""

    def __init__(self, *, issuer: str, name: str) -> None:
        self._origin = issuer
        self._id = urlsplit(issuer).hostname or ""
        self._name = name

    def ask_registration(self, *, handle: bytes, label: str, known: Iterable[bytes]) -> Ceremony:
        """``handle``: the user handle; ``known``: credentials that need not be made again."""
        options = webauthn.generate_registration_options(
            rp_id=self._id,
            rp_name=self._name,
            user_id=handle,
            user_name=label,
            user_display_name=label,
            timeout=CHALLENGE_LIFETIME * 1000,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, require_resident_key=True, user_verification=_REQUIRED
            ),
            exclude_credentials=_described(known),
        )
        return Ceremony(webauthn.options_to_json(options), options.challenge)

    def ask(self, *, allowed: Iterable[bytes] = ()) -> Ceremony:
        """``allowed``: the credentials that will do; none named: whichever the person chooses."""
        options = webauthn.generate_authentication_options(
            rp_id=self._id,
            timeout=CHALLENGE_LIFETIME * 1000,
            user_verification=_REQUIRED,
            allow_credentials=_described(allowed),
        )
        return Ceremony(webauthn.options_to_json(options), options.challenge)

    def registered(self, response: str, challenge: bytes) -> Registered | None:
        """The credential that ``response`` (JSON) brings; None when it does not answer ``challenge`` as it should."""
        try:
            sent = orjson.loads(response)
            if _is_framed(_bytes(sent["response"]["clientDataJSON"])):
                return None
            verified = webauthn.verify_registration_response(
                credential=sent,
                expected_challenge=challenge,
                expected_rp_id=self._id,
                expected_origin=self._origin,
                require_user_verification=True,
            )
        except Exception as error:  # a stranger's bytes: the parsers below raise whatever they meet
            _log.info("registration_refused", error=type(error).__name__)
            return None
        return Registered(verified.credential_id, verified.credential_public_key, verified.sign_count)

    def read(self, response: str) -> Assertion | None:
        """What ``response`` (JSON) says it is; None when it is nothing of the kind."""
        try:
            sent = parse_authentication_credential_json(orjson.loads(response))
        except Exception as error:  # as above
            _log.info("assertion_unreadable", error=type(error).__name__)
            return None
        return Assertion(sent.raw_id, sent.response.user_handle, sent)

    def verified(self, assertion: Assertion, challenge: bytes, public_key: bytes) -> int | None:
        """The signature counter the authenticator sent; None when the answer does not hold.

        The caller compares the counter where it writes it, so that of two answers at once one is the first.
        """
        try:
            if _is_framed(assertion.credential.response.client_data_json):
                return None
            verified = webauthn.verify_authentication_response(
                credential=assertion.credential,
                expected_challenge=challenge,
                expected_rp_id=self._id,
                expected_origin=self._origin,
                credential_public_key=public_key,
                credential_current_sign_count=0,
                require_user_verification=True,
            )
        except Exception as error:  # as above
            _log.info("assertion_refused", error=type(error).__name__)
            return None
        return verified.new_sign_count


def _described(ids: Iterable[bytes]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=credential_id) for credential_id in ids]


def _is_framed(client_data: bytes) -> bool:
    """Whether the page was within another site's (7.1 step 10, 7.2 step 13): ours never are."""
    return bool(parse_client_data_json(client_data).cross_origin)


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
