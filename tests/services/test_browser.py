"""Chromium as the tests find it: started by Playwright, with glyphs for Chinese and rare characters."""

from pathlib import Path

import pytest

from adapters.sandbox import packages, packages_browser, services


@pytest.mark.browser
def test_chromium_starts_and_draws_chinese_and_rare_characters() -> None:
    executable = services.chromium_path()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable)
        page = browser.new_page()
        page.set_content(
            "<p style='font: 40px sans-serif'><span>一</span><span>䶮</span><span>𪚥</span><span>\U0010fffd</span>"
        )
        pictures = [span.screenshot() for span in page.locator("span").all()]
        browser.close()
    missing = pictures.pop()
    assert len({*pictures, missing}) == 4


def test_an_unpacked_browser_is_started_with_its_libraries_and_fonts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binary = tmp_path / "root" / "usr" / "lib" / "chromium" / "chromium"
    library = tmp_path / "root" / "usr" / "lib" / "x86_64-linux-gnu" / "libnone.so.1"
    for path in (binary, library):
        path.parent.mkdir(parents=True)
        path.touch(mode=0o755)
    monkeypatch.setattr(packages, "CACHE", tmp_path)
    monkeypatch.setattr(packages, "UNPACKED", tmp_path / "root")
    script = packages_browser._starter(binary)
    text = script.read_text()
    assert str(library.parent) in text
    assert text.endswith(f"exec '{binary}' \"$@\"\n")
    assert str(tmp_path / "root" / "usr" / "share" / "fonts") in (tmp_path / "packages" / "fonts.conf").read_text()
    assert script.stat().st_mode & 0o111
