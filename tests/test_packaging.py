"""The package says which versions it works with and under which licences its files are."""

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
REQUIREMENTS = [
    Requirement(line)
    for group in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values())
    for line in group
    if not line.startswith("coderag[")
]
PINS = dict(
    line.strip().split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line
)  # fmt: skip
PINNED = {canonicalize_name(name): version for name, version in PINS.items()}


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=lambda requirement: requirement.name)
def test_every_dependency_has_a_lower_and_an_upper_bound_that_the_pinned_version_is_between(requirement):
    signs = {bound.operator for bound in requirement.specifier}
    assert signs == {">=", "<"}
    assert requirement.specifier.contains(PINNED[canonicalize_name(requirement.name)])


def test_every_licence_of_the_expression_comes_with_its_text():
    assert PROJECT["license"] == "Apache-2.0 AND CC-BY-SA-4.0"
    texts = [path.read_text() for pattern in PROJECT["license-files"] for path in ROOT.glob(pattern)]
    assert any("Apache License" in text and "END OF TERMS AND CONDITIONS" in text for text in texts)
    assert any("Attribution-ShareAlike 4.0 International" in text and "Section 8" in text for text in texts)
    named = (ROOT / "LICENSES" / "README.md").read_text()
    assert "coderag_app/bundled/sql_model/coderag-sql.gguf" in named
    assert (ROOT / "coderag_app/bundled/sql_model/coderag-sql.gguf").is_file()
