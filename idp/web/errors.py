"""Error pages: calm, in the person's language, with the reference number.

Always true: an error page asks nothing of the database or the session, says no internals, and carries no Location.
"""

from http import HTTPStatus

from flask import Flask, Response, make_response, render_template
from flask_babel import LazyString
from flask_babel import lazy_gettext as _
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError

from idp.web.guards import speaks_protocol
from idp.web.limits import brings_photo, here

Words = tuple[LazyString, LazyString]

WORDS: dict[int, Words] = {
    400: (_("无法处理这个请求"), _("请求的内容不完整或格式不正确。请返回上一页重新操作。")),
    403: (_("无权查看此页"), _("您没有查看此页的权限。")),
    404: (_("找不到这个页面"), _("地址可能已变更或输入有误。请核对地址，或返回首页。")),
    405: (_("不能这样打开此页"), _("请从首页重新进入。")),
    413: (_("提交的内容过大"), _("请减少填写的内容，或换一张小一些的照片，然后重试。")),
    414: (_("地址过长"), _("请从首页重新进入。")),
    415: (_("不支持的内容格式"), _("请通过页面上的表单提交。")),
    429: (_("操作过于频繁"), _("请稍等片刻再试。")),
    500: (_("系统出了点问题"), _("这不是您的操作造成的。请稍后再试；如仍不行，请将下面的编号告知工作人员。")),
    503: (_("服务暂时繁忙"), _("请稍等片刻再试。")),
}
PROTOCOL_ERRORS = {413: "invalid_request", 414: "invalid_request", 429: "temporarily_unavailable"}


def error_page(
    status: int, *, title: str | LazyString | None = None, text: str | LazyString | None = None,
    retry_after: int | None = None, again: str | None = None, way: str | LazyString | None = None,
) -> Response:  # fmt: skip
    """The page for ``status``. ``again``: a local address offered as the way on; ``way``: what it leads to, where
    that is another page; ``retry_after`` in seconds.
    """
    words = WORDS.get(status) or WORDS[500 if status >= 500 else 400]
    shown = {"title": title or words[0], "text": text or words[1], "again": again, "way": way}
    page = render_template("error.html", status=status, **shown)
    response = make_response(page, status)
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def oauth_error_page(error: str, description: str = "", *, status: int = 400) -> Response:
    """A protocol request that must not be answered by redirect (RFC 6749 4.1.2.1); both texts are ASCII."""
    page = render_template("oauth_error.html", error=error, description=description)
    return make_response(page, status)


def expired_page(*, restart: str | None = None) -> Response:
    """The parked request is gone: 400 and the way to begin again. ``restart``: address of the app, when known."""
    return make_response(render_template("expired.html", restart=restart), 400)


def _on_http_error(error: HTTPException) -> Response:
    if error.response is not None:
        return make_response(error.response)
    status = error.code or 500
    if status < 400:
        return make_response(error.get_response())
    if status < 500 and speaks_protocol():
        phrase = HTTPStatus(status).phrase.lower()
        return oauth_error_page(
            PROTOCOL_ERRORS.get(status, "invalid_request"), f"the request was refused: {phrase}", status=status
        )
    retry_after = getattr(error, "retry_after", None)
    seconds = retry_after if isinstance(retry_after, int) else (5 if status in (429, 503) else None)
    response = error_page(status, retry_after=seconds, again=here() if status == 413 and brings_photo() else None)
    valid_methods = getattr(error, "valid_methods", None)
    if status == 405 and valid_methods:
        response.headers["Allow"] = ", ".join(sorted(valid_methods))
    return response


def _on_csrf_error(_error: CSRFError) -> Response:
    """The page was left open too long, or its cookie is gone: nothing was done, and the page can be opened again."""
    return error_page(
        400,
        title=_("页面已过期，请重新操作"),
        text=_("为保护您的账户，这次提交没有执行。请重新打开页面再试；如反复出现，请检查浏览器是否允许保存 Cookie。"),
        again=here(),
    )


def init_errors(app: Flask, *, unavailable: tuple[type[Exception], ...] = ()) -> None:
    """Register the pages. ``unavailable``: exceptions that mean an outside service is down, answered 503."""
    app.register_error_handler(CSRFError, _on_csrf_error)
    app.register_error_handler(HTTPException, _on_http_error)
    app.register_error_handler(InternalServerError, lambda _error: error_page(500))
    for kind in unavailable:
        app.register_error_handler(kind, lambda _error: error_page(503, retry_after=5))
