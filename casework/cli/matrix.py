"""casework matrix show: who may see what, as the program reads it."""

import argparse

from casework.authz import matrix

from . import common

HELP = "show who may see and do what"


def arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    show = actions.add_parser("show", help="print the matrix, and the hash that the audit log names it by")
    show.add_argument("--role", help="one role only, for example INV")
    show.add_argument("--json", action="store_true", help="print as JSON")


def run(args: argparse.Namespace) -> int:
    loaded = matrix.load(common.settings(setup=True).etc / "matrix.csv")
    roles = [args.role.upper()] if args.role else list(matrix.ROLES)
    if not set(roles) <= set(matrix.ROLES):
        raise common.Problem(f"there is no role {args.role}; the roles are {', '.join(matrix.ROLES)}")
    table = {key: {role: row.cells[role].text for role in roles} for key, row in loaded.rows.items()}
    if args.json:
        common.print_json({"sha256": loaded.sha256, "rows": table})
        return 0
    for key, cells in table.items():
        print(key)
        for role, cell in cells.items():
            print(f"    {role:4} {cell}")
    print(f"\nsha256 {loaded.sha256}")
    return 0
