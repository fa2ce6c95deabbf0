"""The settings of the documentation: ``make docs``."""

import re

from sphinx.application import Sphinx

from acs_identity._version import VERSION

project = "acs-identity"
version = release = VERSION
myst_enable_extensions = ["deflist"]
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
exclude_patterns = ["pictures"]
html_theme = "furo"
html_title = "acs-identity"
html_static_path = ["pictures"]
html_copy_source = False
html_show_copyright = False
html_domain_indices = False

myst_heading_anchors = 4

default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True}
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False


def without_links_out(_app: object, _page: str, source: list[str]) -> None:
    """Leave the name of what is in the repository and not on the site, without the link that a code host follows."""
    source[0] = re.sub(r"\[([^\]]+)\]\(\.\./[^)]+\)", r"\1 (in the repository)", source[0])


def setup(app: Sphinx) -> None:
    app.connect("source-read", without_links_out)
