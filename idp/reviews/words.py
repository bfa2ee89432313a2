"""The words for how a review stands and why it was rejected, and for kinds of documents.

Always true: every state, cause and kind has one.
"""

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from idp.accounts.documents import DocumentType
from idp.reviews.rules import Cause, State

STATES: Mapping[State, LazyString] = {
    State.FILED: _("审核中"),
    State.APPROVED: _("已通过"),
    State.REJECTED: _("未通过"),
    State.WITHDRAWN: _("已撤回"),
    State.LAPSED: _("逾期未办结"),
}
CAUSES: Mapping[Cause, LazyString] = {
    Cause.UNREADABLE: _("照片不清楚或不完整"),
    Cause.EXPIRED: _("证件已过有效期"),
    Cause.ANOTHER_PERSON: _("手持证件的人与证件上的照片不一致"),
    Cause.NAME_DIFFERS: _("填写的姓名或号码与证件不一致"),
    Cause.FORGERY: _("证件的真实性存在疑问"),
    Cause.OTHER: _("其他原因，请拨打服务热线咨询"),
}
DOCUMENTS: Mapping[DocumentType, LazyString] = {
    DocumentType.RESIDENT_ID: _("居民身份证"),
    DocumentType.RESIDENCE_PERMIT: _("港澳台居民居住证"),
    DocumentType.PERMANENT_RESIDENCE: _("外国人永久居留身份证"),
    DocumentType.PASSPORT: _("护照"),
    DocumentType.HK_MACAO_PERMIT: _("港澳居民来往内地通行证"),
    DocumentType.TAIWAN_PERMIT: _("台湾居民来往大陆通行证"),
}
