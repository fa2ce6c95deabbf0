"""Invent an API version, for the worked example in docs/maintaining.md and its test.

It is the newest one with one more operation, GET /identities/{id}/:ping, and one response property less. In earnest the
contract comes from the service's own repository; here it is made up, with the section in autorest.md that it needs.
"""

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CONTRACT = "CommunicationIdentity.json"
MODEL, PROPERTY = "TeamsExtensionAssignmentResponse", "clientIds"


def main() -> int:
    if len(sys.argv) != 2 or not re.fullmatch(r"\d{4}-\d\d-\d\d", sys.argv[1]):
        print("usage: python tools/invented_version.py YYYY-MM-DD", file=sys.stderr)
        return 2
    invent(ROOT, sys.argv[1])
    return 0


def invent(root: Path, version: str) -> None:
    """Write swagger/VERSION and its section in autorest.md."""
    newest = max(folder.name for folder in (root / "swagger").iterdir() if folder.is_dir())
    write_contract(root / "swagger" / newest, root / "swagger" / version)
    file = root / "autorest.md"
    file.write_text(with_section(file.read_text(encoding="utf-8"), newest, version), encoding="utf-8")


def write_contract(newest: Path, folder: Path) -> None:
    shutil.copytree(newest, folder)
    files = sorted(folder.rglob("*.json"))
    for file in files:
        file.write_text(file.read_text(encoding="utf-8").replace(newest.name, folder.name), encoding="utf-8")
    for file in files:
        content = json.loads(file.read_text(encoding="utf-8"))
        if file.name == CONTRACT:
            add_operation(content, folder)
            del content["definitions"][MODEL]["properties"][PROPERTY]
        else:
            for answer in content["responses"].values():
                answer.get("body", {}).pop(PROPERTY, None)
        file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def add_operation(contract: dict[str, Any], folder: Path) -> None:
    """Add an operation that answers like the one that deletes an identity."""
    identity = contract["paths"]["/identities/{id}"]
    delete = identity["delete"]
    contract["paths"]["/identities/{id}/:ping"] = {
        **{name: value for name, value in identity.items() if name == "parameters"},
        "get": {
            **delete,
            "operationId": "Identity_Ping",
            "summary": "Ping an identity.",
            "description": "Tells whether the identity exists.",
            "responses": {"204": {"description": "It exists."}, "default": delete["responses"]["default"]},
            "x-ms-examples": {"Ping an identity": {"$ref": "./examples/Ping.json"}},
        },
    }
    [example] = delete["x-ms-examples"].values()
    content = json.loads((folder / example["$ref"]).read_text(encoding="utf-8"))
    content.pop("operationId", None)
    (folder / "examples" / "Ping.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def with_section(text: str, newest: str, version: str) -> str:
    """Return autorest.md with a section for a version: what is said of the newest one alone, said of it.

    What holds from the newest version on holds for the new one without a word.
    """
    tag, new_tag = (f"v{name.replace('-', '_')}" for name in (newest, version))
    section = re.search(rf"^## {newest}\n.*?(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    if section is None:
        raise LookupError(f"autorest.md has no section for {newest}")
    blocks = re.findall(rf"^```yaml \$\(tag\) == '{tag}'\n.*?^```$", section.group(), re.MULTILINE | re.DOTALL)
    added = "\n\n".join([f"## {version}", *blocks]).replace(newest, version).replace(tag, new_tag)
    return text[: section.end()].rstrip() + f"\n\n{added}\n" + text[section.end() :]


if __name__ == "__main__":
    sys.exit(main())
