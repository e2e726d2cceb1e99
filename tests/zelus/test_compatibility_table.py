"""docs/k6-compatibility.md: each row has a state, and each test that it names is there."""
import re

import test_differential
from conftest import SOURCE

TABLE = (SOURCE / "docs/k6-compatibility.md").read_text().split("## Beyond k6")[0]
STATES = ("yes", "differs: ", "later", "no")


def rows():
    for section in re.split(r"^## ", TABLE, flags=re.M)[1:]:
        for line in section.splitlines():
            # A bar of a text is written \|.
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            if line.startswith("| ") and cells[0] not in ("feature", "group"):
                yield section.split("\n")[0], cells


def names(cell):
    """golden/01-03, 07; differential/a, b; x_test: one by one, with the folder of the one before."""
    cell = re.sub(r"\([^()]*\)", "", cell)
    folder = ""
    for part in re.split(r"[,;] *", cell):
        part = part.strip()
        if "/" in part:
            folder, part = part.split("/", 1)
        elif re.match(r"test_|\w+_test$", part):
            folder = ""
        if part:
            yield folder, part


def exists(folder, name):
    if folder == "golden":
        numbers = {path.name[:2] for path in (SOURCE / "tests/golden").iterdir()}
        first, last = (name.split("-") + [name])[:2]
        return any(f"{n:02}" in numbers for n in range(int(first), int(last) + 1)) and {first, last} <= numbers
    if folder == "differential":
        cases = [*test_differential.CASES, *(path.stem for path in (SOURCE / "tests/zelus/differential").glob("*.js"))]
        return any(re.fullmatch(re.escape(name).replace(r"\*", ".*"), case) for case in cases)
    if name.startswith("test_"):
        return (SOURCE / f"tests/zelus/{name}.py").exists()
    return any((SOURCE / "src").rglob(f"{name}.cc"))


def test_every_row_has_a_state():
    bad = [cells for section, cells in rows() if section != "Example scripts of k6" and not cells[1].startswith((*STATES, "k6's own text"))]
    assert not bad, bad


def test_every_test_that_is_named_is_there():
    missing = []
    for section, cells in rows():
        if section == "Example scripts of k6" or len(cells) < 3:
            continue
        missing += [f"{folder}/{name} of {cells[0]}" for folder, name in names(cells[2]) if not exists(folder, name)]
    assert not missing, "\n".join(missing)


def test_what_is_there_is_shown():
    bare = [cells[0] for section, cells in rows() if section != "Example scripts of k6" and cells[1].startswith(("yes", "differs")) and not cells[2]]
    assert not bare, bare
