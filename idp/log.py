"""Structured logs on standard error, one JSON object a line, each with the request id.

Always true: a value under a name that may hold a secret or something personal is replaced before it is written.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any

import structlog

request_id: ContextVar[str] = ContextVar("request_id", default="-")
_PRIVATE = re.compile(
    r"pass|secret|token|code|cookie|authori[sz]ation|assertion|phone|mobile|identifier|user_?name|number|verifier|hint|key",
    re.IGNORECASE,
)
_PUBLIC = frozenset({"status_code", "error_code", "code_challenge_method", "token_type", "keys_loaded"})


def _add_request_id(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event["request_id"] = request_id.get()
    return event


def _hide_private(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name in event:
        if name not in _PUBLIC and name != "event" and _PRIVATE.search(name):
            event[name] = "[hidden]"
    return event


def init_log(*, level: str, form: str) -> None:
    """Send our records and those of libraries through one formatter; libraries speak from WARNING upwards.

    Authlib and others print tokens at DEBUG, so their level does not follow ours.
    """
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_request_id,
        _hide_private,
    ]
    renderer = structlog.processors.JSONRenderer() if form == "json" else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # as it stands now, not as it stood
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(component=name)
    return logger
