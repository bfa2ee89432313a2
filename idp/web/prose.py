"""A tiny renderer for agreement texts: a title, headings, paragraphs and lists, nothing else.

Always true: every character of the text is escaped; no markup of the author's reaches the page.
"""

from markupsafe import Markup, escape


def _block(lines: list[str]) -> Markup:
    if lines[0].startswith("## "):
        return Markup("<h2>{}</h2>").format(lines[0][3:]) + (_block(lines[1:]) if lines[1:] else Markup(""))
    if all(line.startswith("- ") for line in lines):
        return Markup("<ul>{}</ul>").format(Markup("").join(Markup("<li>{}</li>").format(line[2:]) for line in lines))
    return Markup("<p>{}</p>").format(Markup("<br>").join(escape(line) for line in lines))


def read_prose(text: str) -> tuple[str, Markup]:
    """Title (the first line, ``# Title``) and body of ``text``; blocks are parted by blank lines.

    ValueError when the first line is no title.
    """
    blocks = [[line.strip() for line in block.splitlines()] for block in text.strip().split("\n\n") if block.strip()]
    first = blocks[0][0] if blocks else ""
    if not first.startswith("# "):
        raise ValueError("an agreement begins with a '# Title' line")
    rest = [blocks[0][1:], *blocks[1:]]
    return first[2:].strip(), Markup("\n").join(_block(lines) for lines in rest if lines)
