"""axe-core in a page of Chromium: what of WCAG 2.2 AA, and of axe's best practices, the page does not keep.

Always true: a page is looked at as it stands, at the width, in the scheme and in the contrast it has at that moment.
"""

from playwright.sync_api import ConsoleMessage, Page

from adapters.sandbox import packages_node

SCRIPT = packages_node.modules() / "axe-core" / "axe.min.js"
EVERYTHING = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
COLOURS = ("color-contrast", "link-in-text-block")
"""The rules whose answer depends on the scheme and the contrast chosen; all others see structure and layout."""


def violations(page: Page, rules: tuple[str, ...] = EVERYTHING) -> list[str]:
    """A line for each element that breaks one of ``rules``: names of rules, or tags of several."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(SCRIPT.read_text("utf-8"))
    found = page.evaluate(
        "async only => (await axe.run(document, {runOnly: only, resultTypes: ['violations']})).violations", rules
    )
    return [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]]


def serious(said: ConsoleMessage) -> bool:
    """Warnings and errors, but not that the page of an error has the status of an error."""
    return said.type in ("error", "warning") and "the server responded with a status of" not in said.text
