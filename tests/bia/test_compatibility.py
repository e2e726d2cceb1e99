"""docs/kratos-compatibility.md: every row says yes, no or differs, and the tests that it names are there."""
import re

import conftest

TEXT = (conftest.SOURCE / "docs/kratos-compatibility.md").read_text()


def rows():
    for number, line in enumerate(TEXT.splitlines(), 1):
        if line.startswith("| ") and not line.startswith("| Kratos |"):
            yield number, [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def is_there(name):
    if name.endswith(".py"):
        return any((conftest.SOURCE / "tests" / folder / name).is_file() for folder in ("bia", "zelus"))
    if name.startswith("fuzz:"):
        return (conftest.SOURCE / f"fuzz/{name[5:]}_fuzz.cc").is_file() and any((conftest.SOURCE / f"fuzz/corpus/{name[5:]}").iterdir())
    name, _, layer = name.partition(" (")  # "proxy_test (grpc)" is one of several
    return any(layer in ("", f"{path.parent.name})") for root in ("src", "tools", "cli") for path in (conftest.SOURCE / root).rglob(f"{name}.cc"))


def test_every_row_names_a_test_that_is_there():
    found = list(rows())
    assert len(found) > 150
    for number, cells in found:
        assert len(cells) == 4 and cells[1] in ("yes", "no", "differs"), f"line {number}: {cells}"
        names = [name.strip() for name in cells[3].split(",") if name.strip()]
        assert names or cells[1] == "no", f"line {number}: {cells[0]} names no test"
        for name in names:
            assert is_there(name), f"line {number}: there is no {name}"
