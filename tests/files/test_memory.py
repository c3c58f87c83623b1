"""A document goes through the real server, in and out, and takes as much memory as it would if it were small."""

import pytest

from casework.cli.bench_files import MOST_MEMORY, Upload, through_the_server
from casework.web.uploads import PIECE_LIMIT
from tests.files.test_pages import case, people  # noqa: F401  fixtures
from tests.support.people import sign_in

MIB = 1 << 20


@pytest.mark.one_engine
def test_a_long_document_takes_no_memory(client, people, case, ini, tmp_path):  # noqa: F811
    sign_in(client, people["inv"])
    report, cookies = Upload(6 * PIECE_LIMIT // MIB), dict(client.cookies)
    settings = {**ini, "casework.file_limit": str(report.mib), "casework.workers": "1", "casework.sequencer": "false"}
    through_the_server(report, settings, cookies, tmp_path / "server.log")
    assert report.same
    assert report.most < MOST_MEMORY, report.table()
    # What requests leave behind, and what they load when they first need it, is there after a page as well.
    assert report.most - report.idle < 64, report.table()
