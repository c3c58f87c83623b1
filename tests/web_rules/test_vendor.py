"""Scripts of others are those that the list beside them names."""

import hashlib
import re

from casework.web.render import STATIC

VENDOR = STATIC / "vendor"


def test_every_script_of_others_is_listed_as_it_is():
    listed = dict(re.findall(r"^\| (\S+\.js) \|.*\| ([0-9a-f]{64}) \|$", (VENDOR / "README.md").read_text(), re.M))
    there = {path.relative_to(VENDOR).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
             for path in VENDOR.rglob("*.js")}
    assert listed == there
