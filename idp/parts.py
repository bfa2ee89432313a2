"""What each room of pages is handed, made from what `idp.provider` has made once.

Always true: nothing here answers a request or keeps anything of its own.
"""

from idp.accounts.export import AccountExport
from idp.activation.actions import Activations
from idp.activation.pages import Activation
from idp.assisted.desk import AssistedParts
from idp.assisted.export import AssistedExport
from idp.audit.export import export_activity
from idp.captcha.challenges import Challenges
from idp.captcha.pages import Captcha
from idp.captcha.ports import CaptchaProvider
from idp.certificates.answering import Answering
from idp.certificates.asking import CertificateParts
from idp.certificates.bindings import count_by_issuer
from idp.certificates.challenges import Challenges as SigningChallenges
from idp.certificates.export import CertificateExport
from idp.certificates.qr_pages import QrParts
from idp.certificates.qr_requests import QrRequests
from idp.certificates.tls_tickets import TlsTickets
from idp.checks.counting import StrangersBudget
from idp.checks.pages import CheckParts
from idp.checks.ports import Vendors
from idp.checks.rules import CheckKind, Variant
from idp.console.acts import acts
from idp.console.four_eyes import FourEyes
from idp.console.guardian_acts import guardian_acts
from idp.console.justifications import Justifications
from idp.console.loading import Console, IssuerParts
from idp.credentials.budgets import AddressBudget
from idp.credentials.rules import AttemptPolicy
from idp.db import Transaction
from idp.disputes.export import DisputeExport
from idp.entities.asking import CountedQuestions
from idp.entities.export import EntityExport
from idp.entities.pages import EntityParts
from idp.entities.registering import Registering
from idp.flows.actions import Journeys
from idp.flows.rules import FlowKind
from idp.grants.export import export_apps
from idp.idphotos.pages import PhotoParts
from idp.idphotos.proof import PhotoProof
from idp.issuers import actions as issuers
from idp.mandates.desk import MandateParts
from idp.mandates.export import MandateExport
from idp.mandates.offering import Offering
from idp.proofing.export import export_evidence
from idp.proofing.name_check import NameCheck
from idp.proofing.rules import PhonePolicy
from idp.provider import Provider
from idp.recovery.pages import Recovery
from idp.recovery.stopping import Stopping
from idp.registration.pages import Registration
from idp.selfservice.export import Exporter
from idp.selfservice.pages import SelfService
from idp.settings import Settings
from idp.signatures.actions import SignedTexts
from idp.signatures.export import SignatureExport
from idp.signin.export import export_sessions
from idp.signin.pages import SignIn
from idp.web.agreements import Agreements
from idp.web.client_certificate import FrontEnd
from idp.web.metrics import Metrics


def selfservice_parts(
    provider: Provider, agreements: Agreements, journeys: Journeys, phones: PhonePolicy
) -> SelfService:
    return SelfService(
        directory=provider.directory,
        passwords=provider.passwords,
        codes=provider.codes,
        registry=provider.registry,
        links=provider.links,
        agreements=agreements,
        store=provider.store,
        disputes=provider.disputes,
        closings=provider.closings,
        exporters=_exporters(provider),
        factors=provider.factors,
        fresh=provider.settings.account.fresh,
        journeys=journeys,
        phones=phones,
    )


def _exporters(provider: Provider) -> tuple[Exporter, ...]:
    """Each capability's part of the file of one's data, in the order they stand there."""
    account = AccountExport(provider.cipher)
    return (
        account.account,
        account.identifiers,
        account.documents,
        account.profile,
        export_evidence,
        EntityExport(provider.entities),
        CertificateExport(provider.certificates),
        MandateExport(provider.granting),
        AssistedExport(provider.assisted.assisting),
        account.agreements,
        export_sessions,
        export_apps,
        account.subjects,
        provider.links.export,
        DisputeExport(provider.disputes),
        provider.reviews.export,
        SignatureExport(SignedTexts(provider.cipher)),
        export_activity,
    )


def console_parts(provider: Provider) -> Console:
    settings, directory, operators = provider.settings, provider.directory, provider.operators
    return Console(
        directory=directory,
        passwords=provider.passwords,
        totp=provider.factors.totp,
        registry=provider.registry,
        operators=operators,
        invitations=provider.invitations,
        issuer=settings.issuer,
        justifications=Justifications(provider.cipher),
        four_eyes=FourEyes(
            provider.cipher,
            acts(
                directory,
                operators,
                provider.invitations,
                provider.requests,
                provider.reviews,
                guardian_acts(directory, provider.guardianships),
            ),
        ),
        disputes=provider.disputes,
        requests=provider.requests,
        reviews=provider.reviews,
        issuers=_issuer_parts(provider),
        themes=provider.themes,
        guardianships=provider.guardianships,
        idle=settings.session.operator_idle,
        absolute=settings.session.absolute,
    )


def _issuer_parts(provider: Provider) -> IssuerParts:
    return IssuerParts(
        authorities=provider.authorities,
        intake=provider.lists,
        sm2=provider.sm2,
        settings=provider.settings.certificates,
        bound=count_by_issuer,
    )


def signin_parts(provider: Provider, phones: PhonePolicy) -> SignIn:
    settings = provider.settings
    return SignIn(
        provider.directory,
        provider.passwords,
        provider.codes,
        provider.factors,
        phones,
        provider.waiting,
        provider.scans,
        AddressBudget(provider.store, provider.index, "scan-address", settings.limits.scans_per_address_hourly),
        settings.signin.sms_codes,
    )


def recovery_parts(provider: Provider, journeys: Journeys, phones: PhonePolicy) -> Recovery:
    return Recovery(
        provider.directory,
        provider.passwords,
        provider.codes,
        journeys,
        phones,
        provider.waiting,
        provider.requests,
        Stopping(provider.database, provider.directory),
    )


def mandate_parts(provider: Provider, journeys: Journeys) -> MandateParts:
    return MandateParts(
        provider.granting,
        provider.moving,
        provider.ruling,
        journeys,
        provider.registry,
        provider.rechecking,
        provider.store,
    )


def assisted_parts(provider: Provider, journeys: Journeys) -> AssistedParts:
    offering = Offering(provider.contexts, provider.entities)
    return AssistedParts(provider.assisted.assisting, offering, provider.directory, provider.themes, journeys)


def photo_parts(provider: Provider, journeys: Journeys) -> PhotoParts:
    proof = PhotoProof(
        provider.database,
        provider.directory,
        provider.waiting,
        provider.population,
        daily=provider.settings.limits.identity.daily,
        valid=provider.settings.proofing.face_valid,
    )
    return PhotoParts(provider.database, proof, provider.reviews, journeys)


def entity_parts(provider: Provider, journeys: Journeys) -> EntityParts:
    chosen = provider.settings.entities
    questions = CountedQuestions(provider.database, provider.enterprise, daily=chosen.daily)
    registering = Registering(
        provider.database, provider.entities, provider.waiting, questions, least=provider.settings.representative_ial
    )
    return EntityParts(
        directory=provider.directory,
        waiting=provider.waiting,
        entities=provider.entities,
        registering=registering,
        rechecking=provider.rechecking,
        journeys=journeys,
        passwords=provider.passwords,
        codes=provider.codes,
        offering=Offering(provider.contexts, provider.entities),
        own_passwords=chosen.passwords,
        fresh=chosen.fresh,
    )


def _signing_challenges(provider: Provider) -> SigningChallenges:
    settings = provider.settings
    lifetime = settings.certificates.challenge
    return SigningChallenges(provider.store, provider.cipher, origin=settings.issuer, lifetime=lifetime)


def qr_parts(provider: Provider) -> QrParts:
    limit = provider.settings.limits.certificate.per_address_failures
    return QrParts(
        _signing_challenges(provider),
        QrRequests(provider.store, provider.cipher),
        AddressBudget(provider.store, provider.index, "certificate-qr", limit),
    )


def _issuer_title(tx: Transaction, issuer_id: str, language: str) -> str:
    found = issuers.find(tx, issuer_id)
    return found.title(language) if found else ""


def certificate_parts(provider: Provider) -> CertificateParts:
    limits = provider.settings.limits.certificate
    return CertificateParts(
        provider.certificates,
        Answering(
            provider.database,
            _signing_challenges(provider),
            provider.verifier,
            AddressBudget(provider.store, provider.index, "certificate-address", limits.per_address_failures),
            AttemptPolicy(limits.wrong_per_hour, lock_steps=limits.lock_steps),
        ),
        title=_issuer_title,
        trusted=lambda: any(authority.enabled for authority, _ in provider.authorities.get()),
        agent_url=provider.settings.certificates.agent_url,
    )


def tls_tickets(provider: Provider) -> TlsTickets:
    settings = provider.settings
    return TlsTickets(
        provider.store, provider.cipher, host=settings.mtls.host, choosing=settings.certificates.challenge
    )


def activation_parts(provider: Provider, journeys: Journeys, phones: PhonePolicy, metrics: Metrics) -> Activation:
    return Activation(
        Activations(provider.joining, journeys, phones, valid=provider.settings.proofing.face_valid),
        journeys,
        provider.codes,
        provider.passwords,
        phones,
        metrics.count_activation,
    )


def captcha_parts(provider: Provider, digits: CaptchaProvider | None, metrics: Metrics) -> Captcha:
    limits = provider.settings.limits.captcha
    return Captcha(
        Challenges(
            provider.store,
            provider.cipher,
            lifetime=limits.lifetime,
            provider=digits,
            waiting=max(1, provider.settings.server.threads // 2),
        ),
        AddressBudget(provider.store, provider.index, "captcha-address", limits.after_failures),
        limits.before_sms,
        metrics.count_captcha,
    )


def check_parts(provider: Provider, vendors: Vendors, agreements: Agreements) -> CheckParts:
    strangers = StrangersBudget(provider.store, provider.index, provider.settings.limits.identity)
    services = {CheckKind.FACE: provider.settings.face, CheckKind.BANK: provider.settings.bank_channel}
    titles = {kind: {"zh": of.title, "en": of.title_en or of.title} for kind, of in services.items()}
    return CheckParts(
        provider.checks, vendors, agreements, strangers, Variant(provider.settings.face.variant), titles
    )


def registration_parts(
    provider: Provider, journeys: Journeys, agreements: Agreements, phones: PhonePolicy, name_check: NameCheck
) -> Registration:
    chosen = provider.settings.registration
    by_name = chosen.begins_with == "identity"
    return Registration(
        provider.directory,
        provider.passwords,
        provider.codes,
        journeys,
        agreements,
        phones,
        name_check,
        provider.waiting,
        kind=FlowKind.REGISTRATION_BY_NAME if by_name else FlowKind.REGISTRATION,
        user_names=chosen.user_names,
        offers_identity=chosen.offers_identity,
    )


def front_end_of(settings: Settings) -> FrontEnd | None:
    """Who hands certificates on; nobody, unless there is a host name where they are asked for."""
    return FrontEnd(settings.server.trusted_proxies, settings.mtls.secret) if settings.mtls.host else None
