"""Every page in every state, with no provider behind it, at ``/preview/<state>``.

``python -m tests.web.preview`` shows them on http://localhost:8020.
"""

from functools import cache

from flask import Flask, Response, abort, make_response

from idp.captcha import rendering
from idp.web import init_web, new_flask
from idp.web.clock import set_clock
from idp.web.guards import public
from idp.web.options import WebOptions
from tests.web.states import NOW, STATES


@cache
def preview_app(*, pseudo_english: bool = False) -> Flask:
    """The application that shows the states; ``pseudo_english`` as in `WebOptions`."""
    app = new_flask("preview")
    web = WebOptions(
        issuer="http://localhost:8020",
        secret_key=b"0" * 32,
        region_name="湖南省",
        region_name_en="Hunan",
        pseudo_english=pseudo_english,
    )
    init_web(app, web, load_session=lambda: None, sign_in=lambda: ("", 401))
    app.context_processor(lambda: {"agent_url": "http://127.0.0.1:8019"})
    set_clock(app, lambda: NOW)

    @app.route("/preview/<state>", methods=["GET", "POST"])
    @public
    def preview(state: str) -> Response:
        if state not in STATES:
            abort(404)
        return make_response(STATES[state]())

    @app.get("/captcha/<key>/digits.png")
    @public
    def picture(key: str) -> Response:
        return Response(rendering.picture("40823"), mimetype="image/png")

    return app


if __name__ == "__main__":
    preview_app().run("localhost", 8020)
