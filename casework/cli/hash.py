"""casework hash: digests of files and folders on a workstation. Nothing is sent anywhere; no database, no settings."""

import argparse
import sys
from pathlib import Path

from casework.hashes.digests import Changed, Line, Manifest, digests_of_file, files_below, modified

from . import common

HELP = "MD5, SHA-1 and SHA-256 of files in one reading; a folder gives a manifest"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a file, or one folder with --manifest")
    parser.add_argument("--manifest", type=Path, metavar="FILE", help="write a manifest (CSV) of a folder")
    parser.add_argument("--resume", action="store_true", help="go on with a manifest that was broken off")
    parser.add_argument("--quiet", action="store_true", help="no progress")


def run(args: argparse.Namespace) -> int:
    try:
        return _folder(args) if args.manifest else _files(args)
    except (OSError, ValueError) as problem:
        raise common.Problem(str(problem)) from None
    except Changed as problem:
        raise common.Problem(f"{problem} was changed while it was read: hash it again") from None


def _files(args: argparse.Namespace) -> int:
    for path in args.paths:
        if path.is_dir():
            raise common.Problem(f"{path} is a folder: say where its manifest goes, --manifest FILE")
        found = digests_of_file(path, _Progress(path, args.quiet))
        for name in ("sha256", "sha1", "md5"):
            print(f"{name.upper()} ({path}) = {getattr(found, name)}")
    return 0


def _folder(args: argparse.Namespace) -> int:
    if len(args.paths) != 1 or not args.paths[0].is_dir():
        raise common.Problem("a manifest is made of one folder")
    folder, problems, done, kept = args.paths[0], 0, 0, 0
    try:
        manifest = Manifest(args.manifest, resume=args.resume)
    except FileExistsError:
        raise common.Problem(f"{args.manifest} exists: give another name, or --resume") from None
    for path in files_below(folder):
        if path.resolve() == args.manifest.resolve():
            continue
        name = path.relative_to(folder).as_posix()
        try:
            changed = modified(path)
            if manifest.has(name, path.stat().st_size, changed):
                kept += 1
                continue
            manifest.add(Line(name, changed, digests_of_file(path, _Progress(path, args.quiet))))
            done += 1
        except (OSError, Changed) as problem:
            problems += 1
            print(f"casework: {name}: {'changed while it was read' if isinstance(problem, Changed) else problem}",
                  file=sys.stderr)
    manifest.close()
    print(f"{done} files hashed, {kept} known from before, {problems} could not be read")
    return 1 if problems else 0


class _Progress:
    """Says on the terminal how far a large file is, once for each hundredth."""

    def __init__(self, path: Path, quiet: bool):
        self._path, self._size, self._last = path, 0 if quiet else path.stat().st_size, -1
        self._shown = not quiet and sys.stderr.isatty()

    def __call__(self, done: int) -> None:
        percent = done * 100 // self._size if self._size else 100
        if self._shown and percent != self._last:
            self._last = percent
            print(f"\r{self._path.name} {percent} %", end="\n" if percent == 100 else "", file=sys.stderr, flush=True)
