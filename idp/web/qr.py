"""QR codes as pictures in pages.

Always true: dark on white whatever the theme, or cameras would not read them.
"""

import segno
from markupsafe import Markup


def qr_svg(text: str) -> Markup:
    """``text`` as an SVG image, to be put into a page as it is."""
    picture = segno.make(text, error="m", micro=False).svg_inline(
        scale=5, border=4, dark="#000", light="#fff", svgclass="qr", lineclass=None, omitsize=False
    )
    return Markup(picture)  # noqa: S704 - squares of our own making
