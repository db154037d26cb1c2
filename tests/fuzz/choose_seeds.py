"""Chooses the seeds in git: choose_seeds.py PROGRAMS GROWN, folders of the fuzz targets and of what they found.

From the corpus in git and the grown one, each target keeps the inputs that add the most to the code that is reached, as
libFuzzer's merge counts it. The corpus in git is replaced.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
# Seeds and the longest input in bytes: a hundred in all, more for the targets with more kinds of input.
TARGETS = {"tiff": (35, 2048), "options": (25, 512), "layout": (10, 128), "model": (30, 1024), "packed": (12, 512)}


def features(program: pathlib.Path, folders: list, longest: int) -> dict:
    """What each input reaches, by the file: numbers that libFuzzer gives to code and how often it ran."""
    with tempfile.TemporaryDirectory() as place:
        merged, control = pathlib.Path(place, "merged"), pathlib.Path(place, "control")
        merged.mkdir()
        command = [
            program,
            "-set_cover_merge=1",
            f"-max_len={longest}",
            f"-merge_control_file={control}",
            merged,
            *folders,
        ]
        subprocess.run(command, check=True, capture_output=True)
        return parsed(control.read_text())


def parsed(control: str) -> dict:
    """Reads libFuzzer's control file: two counts, the files, then STARTED, FT (features) and COV (edges) by number."""
    lines = control.splitlines()
    count = int(lines[0])
    files = lines[2 : 2 + count]
    found = {}
    for line in lines[2 + count :]:
        if match := re.fullmatch(r"FT (\d+)(.*)", line):
            found[files[int(match[1])]] = {int(number) for number in match[2].split()}
    return found


def chosen(found: dict, count: int) -> list:
    """The files that add the most in turn; of equals the shortest, then the first by name."""
    size = {file: pathlib.Path(file).stat().st_size for file in found}
    reached, kept = set(), []
    while len(kept) < count:
        best = max(found, key=lambda file: (len(found[file] - reached), -size[file], file))
        if not found[best] - reached:
            break
        reached |= found[best]
        kept.append(best)
    return kept


def main(programs: pathlib.Path, grown: pathlib.Path) -> None:
    for name, (count, longest) in TARGETS.items():
        corpus = HERE / "corpus" / name
        folders = [folder for folder in (corpus, grown / name) if folder.is_dir()]
        found = features(programs / name, folders, longest)
        kept = chosen(found, count)
        everything = set().union(*found.values())
        reached = set().union(*(found[file] for file in kept))
        contents = {pathlib.Path(file).name: pathlib.Path(file).read_bytes() for file in kept}
        for old in corpus.iterdir():
            old.unlink()
        for file, data in contents.items():
            (corpus / file).write_bytes(data)
        print(f"{name}: {len(kept)} of {len(found)} inputs reach {len(reached)} of {len(everything)} features")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve())
