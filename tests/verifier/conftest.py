"""Fixtures of the verifier's tests: a policy on disk, and the command line."""

import json

import pytest

from casework.verifier.casework_verify import main
from tests.verifier import made


@pytest.fixture
def policy(tmp_path):
    path = tmp_path / "policy.txt"
    path.write_text(made.policy(), encoding="utf-8")
    return path


@pytest.fixture
def verify(policy, capsys):
    """Runs the command line with the policy; returns the report, in which "exit" is the code."""

    def run(*arguments, trust=("--policy", policy)):
        code = main([str(argument) for argument in (*arguments, *trust, "--json")])
        report = json.loads(capsys.readouterr().out)
        assert report["exit"] == code
        return report

    return run
