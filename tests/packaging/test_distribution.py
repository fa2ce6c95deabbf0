import email.message
import email.parser
import re
import shutil
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .conftest import NOT_SOURCE, Built, build, unpack

pytestmark = pytest.mark.once

PACKAGES = {"acs_identity": "customizations", "acs_identity_rest": "generated", "acs_identity_emulator": "emulator"}


def dist_info(wheel: Path) -> str:
    return "-".join(wheel.name.split("-")[:2]) + ".dist-info"


def wheel_files(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if not name.endswith("/")}


@pytest.fixture(scope="session")
def metadata(built: Built) -> email.message.Message:
    with zipfile.ZipFile(built.wheel) as archive:
        return email.parser.Parser().parsestr(archive.read(f"{dist_info(built.wheel)}/METADATA").decode())


def requirements(metadata: email.message.Message) -> list[Requirement]:
    return [Requirement(line) for line in metadata.get_all("Requires-Dist", [])]


def of_extra(metadata: email.message.Message, extra: str) -> set[str]:
    """Return what an extra adds to the runtime dependencies."""
    return {
        canonicalize_name(requirement.name)
        for requirement in requirements(metadata)
        if requirement.marker is not None and requirement.marker.evaluate({"extra": extra})
    }


def test_the_wheel_holds_the_three_packages_and_nothing_else(built: Built) -> None:
    assert {name.split("/")[0] for name in wheel_files(built.wheel)} == {*PACKAGES, dist_info(built.wheel)}


def test_the_wheel_holds_every_file_of_the_three_packages(built: Built, root: Path) -> None:
    for package, folder in PACKAGES.items():
        wanted = {
            file.relative_to(root / folder).as_posix()
            for file in (root / folder / package).rglob("*")
            if file.is_file() and "__pycache__" not in file.parts
        }

        assert {name for name in wheel_files(built.wheel) if name.startswith(f"{package}/")} == wanted
        assert f"{package}/py.typed" in wanted


def test_the_wheel_carries_the_contract_of_every_version_with_its_examples(built: Built, root: Path) -> None:
    wanted = {
        f"acs_identity_rest/contract/{file.relative_to(root / 'swagger').as_posix()}"
        for file in (root / "swagger").rglob("*.json")
    }

    assert any("/examples/" in name for name in wanted)
    assert wanted <= wheel_files(built.wheel)


def test_the_licence_is_in_the_wheel_and_in_the_sdist(built: Built, tmp_path: Path, root: Path) -> None:
    assert f"{dist_info(built.wheel)}/licenses/LICENSE" in wheel_files(built.wheel)
    assert (unpack(built.sdist, tmp_path) / "LICENSE").read_text() == (root / "LICENSE").read_text()


def test_a_wheel_straight_from_the_checkout_is_the_same(built: Built, root: Path, tmp_path: Path) -> None:
    shutil.copytree(root, tmp_path / "copy", ignore=NOT_SOURCE)
    build(tmp_path / "copy", tmp_path / "dist", "--wheel")
    [direct] = (tmp_path / "dist").glob("*.whl")

    assert wheel_files(direct) == wheel_files(built.wheel)


def test_the_client_alone_needs_what_azure_core_brings_and_msrest(metadata: email.message.Message) -> None:
    assert {r.name for r in requirements(metadata) if r.marker is None} == {
        "azure-core",
        "certifi",
        "msrest",
        "urllib3",
    }


def test_every_extra_brings_what_it_is_for_and_no_other_is_there(metadata: email.message.Message) -> None:
    emulator = {"starlette", "uvicorn", "pyjwt", "cryptography"}

    assert set(metadata.get_all("Provides-Extra", [])) == {"aio", "cli", "dev", "emulator", "entra", "testing"}
    assert of_extra(metadata, "aio") == {"aiohttp"}
    assert emulator <= of_extra(metadata, "emulator")
    assert of_extra(metadata, "cli") == {"typer", "rich", "jmespath", "pyyaml", "keyring"}
    assert of_extra(metadata, "entra") == {"azure-identity"}
    assert {"pytest", "pytest-recording", "vcrpy"} <= of_extra(metadata, "testing")
    for extra in ("aio", "cli", "emulator", "entra", "testing"):
        assert of_extra(metadata, extra) <= of_extra(metadata, "dev")


def test_pip_refuses_a_python_that_is_too_old(metadata: email.message.Message) -> None:
    assert metadata["Requires-Python"] == ">=3.11"


def test_the_command_is_installed(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as archive:
        lines = archive.read(f"{dist_info(built.wheel)}/entry_points.txt").decode().splitlines()

    assert "acs-identity = acs_identity.cli:main" in lines


def test_one_version_is_named_everywhere(metadata: email.message.Message, root: Path) -> None:
    heading = re.search(r"^## (\d\S*)", (root / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert heading is not None
    raw = {path.read_text().rpartition("=")[2].strip(' "\n') for path in (root / "generated").rglob("_version.py")}
    assert {metadata["Version"]} == {heading.group(1)} == raw


def test_the_description_on_the_index_is_the_readme(metadata: email.message.Message, root: Path) -> None:
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert str(metadata.get_payload()).strip() == (root / "README.md").read_text().strip()


def test_every_direct_dependency_is_pinned_for_the_tests(metadata: email.message.Message, root: Path) -> None:
    pinned = {
        canonicalize_name(Requirement(line).name): Requirement(line)
        for line in (root / "constraints.txt").read_text().splitlines()
        if not line.startswith("#")
    }

    for requirement in requirements(metadata):
        pin = pinned.get(canonicalize_name(requirement.name))
        assert pin is not None, f"{requirement.name} is not in constraints.txt. Run: make lock"
        [exact] = pin.specifier
        assert requirement.specifier.contains(exact.version), f"{pin} breaks {requirement}. Run: make lock"
