"""Fetch the sample programs of azure-communication-identity into build/official, for the tests to run on acs_identity.

They are fetched from the package index instead of being kept here, since they are not ours.
"""

import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

SDIST = "azure-communication-identity-1.5.0"
REQUIREMENT = (
    "azure-communication-identity==1.5.0 "
    "--hash=sha256:d3186403395b78066ff30313ac119693694d2da9e0c76e9ac70eaa590dcb29e8\n"
)
SAMPLES = ("identity_samples.py", "identity_samples_async.py")
FOLDER = Path(__file__).resolve().parent.parent / "build" / "official"

# What a program changes, as docs/migrating.md says.
IMPORTS = [
    (
        r"(?m)^( *from )azure\.communication\.identity\._shared\.utils import parse_connection_str$",
        r"\1acs_identity import parse_connection_string as parse_connection_str",
    ),
    (r"(?m)^( *from )azure\.communication\.identity(\.aio)? import\b", r"\1acs_identity\2 import"),
]


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        try:
            sdist = download(Path(folder))
        except subprocess.CalledProcessError as error:
            print(f"The official sample programs could not be fetched. {error.stderr.strip()}", file=sys.stderr)
            return 1
        FOLDER.mkdir(parents=True, exist_ok=True)
        for name, text in samples(sdist).items():
            (FOLDER / name).write_text(text, encoding="utf-8")
    print(f"the official sample programs are in {FOLDER}")
    return 0


def download(folder: Path) -> Path:
    """Return the sdist, whose hash pip has checked before it looks inside."""
    requirements = folder / "requirements.txt"
    requirements.write_text(REQUIREMENT)
    pip = [sys.executable, "-m", "pip", "download", "-qq", "--no-deps", "--no-binary", ":all:", "--no-build-isolation"]
    command = [*pip, "--require-hashes", "--dest", str(folder), "--requirement", str(requirements)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return folder / f"{SDIST}.tar.gz"


def samples(sdist: Path) -> dict[str, str]:
    """Return the text of every sample program in the sdist."""
    texts: dict[str, str] = {}
    with tarfile.open(sdist) as archive:
        for name in SAMPLES:
            member = archive.extractfile(f"{SDIST}/samples/{name}")
            if member is None:
                raise FileNotFoundError(f"{name} is not a file in {sdist.name}")
            texts[name] = member.read().decode()
    return texts


def migrated(text: str) -> str:
    """Return a program with its import lines changed to acs_identity.

    >>> migrated("from azure.communication.identity.aio import CommunicationIdentityClient")
    'from acs_identity.aio import CommunicationIdentityClient'
    """
    for pattern, replacement in IMPORTS:
        text = re.sub(pattern, replacement, text)
    return text


if __name__ == "__main__":
    sys.exit(main())
