"""A page that is served, and a browser that looks at it."""

from __future__ import annotations

import pytest

from tests.artalk_engine.web.browsing import serving, started_chromium


@pytest.fixture(scope="session")
def page(tmp_path_factory):
    pytest.importorskip("gradio", reason="no gradio: the page is an extra")
    from artalk_engine.generation import Voice
    from artalk_engine.web.options import PageOptions

    folder = tmp_path_factory.mktemp("page")
    options = PageOptions(port=0, size=96, max_upload_mb=5, max_minutes=0.5, folder=folder, voices=folder / "none")
    with serving(Voice(), options) as page:
        yield page


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    with started_chromium(tmp_path_factory.mktemp("browser")) as browser:
        yield browser


@pytest.fixture
def pictures(tmp_path_factory):
    """A folder for what the browser shows, kept with pytest's other folders."""
    return tmp_path_factory.getbasetemp()
