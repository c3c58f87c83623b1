"""Packaging. The supported installation is a checkout: `pip install -r requirements.txt && pip install -e . --no-deps`.

`alembic/` and `etc/` are read from the checkout, beside the package; nothing of them is copied elsewhere.
"""

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent


def required(name: str) -> list[str]:
    """The requirement lines of a .in file; requirements.in is the one list of what casework needs to run."""
    lines = (line.partition("#")[0].strip() for line in (HERE / name).read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("-")]


setup(
    name="casework",
    version="0.1.0",
    description="Tracks cases of online child sexual exploitation across agencies.",
    python_requires=">=3.11",
    packages=find_packages(include=["casework", "casework.*", "schemas", "schemas.*"]),
    package_data={
        "casework": ["**/templates/**/*", "**/static/**/*", "**/locale/**/*", "exchange/*.ttl"],
        "schemas": ["locale/**/*"],
    },
    install_requires=required("requirements.in"),
    entry_points={
        "console_scripts": [
            "casework = casework.cli:main",
            "casework-verify = casework.verifier.casework_verify:main",
        ],
        "paste.app_factory": ["main = casework:main"],
    },
)
