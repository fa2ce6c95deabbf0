"""The browser that the console page is tested and pictured in: a Chromium of this machine, driven by playwright."""

import shutil

from playwright.sync_api import Browser, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
NOT_FOUND = f"No browser is on the PATH: install chromium (looked for {', '.join(NAMES)})."
# No sandbox, because containers have none to give; nothing that would ask for something on the network by itself.
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_browser() -> str | None:
    """Return the path of the browser, or None when there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def launch(playwright: Playwright, path: str) -> Browser:
    """Start the browser without a window, with a profile of its own that goes when it ends."""
    return playwright.chromium.launch(executable_path=path, headless=True, args=["--headless=new", *_ARGUMENTS])
