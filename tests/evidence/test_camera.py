"""A label read by the camera of a browser that has no reader of its own: from the picture to the item's page."""

import pytest
import segno

from tests.evidence.test_desk_pages import stored
from tests.evidence.test_whole_way import case, people  # noqa: F401  fixtures
from tests.support.browser import Guard, check, enter

pytestmark = [pytest.mark.one_engine, pytest.mark.browser]
WIDTH, HEIGHT, SCALE = 640, 480, 10


def film_of(text: str, path) -> None:
    """A picture of a QR code as video, as Chromium takes it for a camera (YUV4MPEG2)."""
    matrix = list(segno.make(text, error="q", micro=False).matrix_iter(scale=SCALE, border=4))
    top, left = (HEIGHT - len(matrix)) // 2, (WIDTH - len(matrix[0])) // 2
    luma = bytearray(b"\xeb" * (WIDTH * HEIGHT))
    for y, row in enumerate(matrix):
        start = (top + y) * WIDTH + left
        luma[start: start + len(row)] = bytes(16 if dark else 235 for dark in row)
    frame = b"FRAME\n" + bytes(luma) + b"\x80" * (WIDTH * HEIGHT // 2)
    path.write_bytes(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F10:1 Ip A1:1 C420jpeg\n".encode() + frame * 5)


@pytest.fixture
def seen(playwright, browser_type_launch_args, server, tmp_path):
    """`seen(text)`: a page of a browser whose camera looks at the code of a text."""
    opened = []

    def look(text: str):
        film_of(text, tmp_path / "seen.y4m")
        arguments = [*browser_type_launch_args["args"], "--use-fake-device-for-media-stream",
                     "--use-fake-ui-for-media-stream", f"--use-file-for-fake-video-capture={tmp_path / 'seen.y4m'}"]
        browser = playwright.chromium.launch(**{**browser_type_launch_args, "args": arguments})
        opened.append(browser)
        page = browser.new_page()
        page.guard = Guard(page, server)
        return page

    yield look
    for browser in opened:
        browser.close()


def test_a_label_before_the_camera_opens_the_item(seen, server, app, database, people, case):  # noqa: F811
    item = stored(database, people, case, 1)[0]
    page = seen(item.ref)
    enter(page, server, app, people["store"])
    page.goto(f"{server}/scan")
    check(page)
    page.get_by_role("button", name="Scan with the camera").click()
    page.wait_for_url(f"**/evidence/{item.ref}")
    # Any other page may not even ask for the camera.
    assert page.evaluate("document.featurePolicy?.allowsFeature('camera') ?? false") is False
    assert page.guard.problems == []


def test_a_code_of_something_else_is_not_found(seen, server, app, people, case):  # noqa: F811
    page = seen("https://example.org/")
    enter(page, server, app, people["store"])
    page.goto(f"{server}/scan")
    page.get_by_role("button", name="Scan with the camera").click()
    page.get_by_text("No item with this reference was found.").first.wait_for()
    assert page.guard.problems == []
