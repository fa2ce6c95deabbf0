"""Everything there is to know about the distribution; tool settings are in pyproject.toml."""

from pathlib import Path

from setuptools import setup

ROOT = Path(__file__).parent
VERSION = (ROOT / "customizations" / "acs_identity" / "_version.py").read_text(encoding="utf-8").split('"')[1]

EMULATOR = [
    "starlette>=0.40",
    "uvicorn>=0.36",
    "httptools>=0.6.3",
    "uvloop>=0.21; sys_platform != 'win32'",
    "PyJWT>=2.9",
    "cryptography>=43",
    "trustme>=1.2",
]
# typer 0.29 loads pydantic for every command that has an option: half as long again until a token is there.
CLI = ["typer>=0.28,<0.29", "rich>=13", "jmespath>=1", "PyYAML>=6", "keyring>=25"]
ENTRA = ["azure-identity>=1.17"]
TESTING = ["pytest>=8", "pytest-recording>=0.14", "vcrpy>=9"]

setup(
    name="acs-identity",
    version=VERSION,
    description="Identities and access tokens of Azure Communication Services, with a strict local emulator",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="MIT",
    license_files=["LICENSE"],
    keywords=["azure", "communication services", "acs", "identity", "access token", "emulator"],
    classifiers=[
        "Development Status :: 4 - Beta",
        "Intended Audience :: Developers",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3 :: Only",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Typing :: Typed",
    ],
    python_requires=">=3.11",
    package_dir={
        "acs_identity": "customizations/acs_identity",
        "acs_identity_rest": "generated/acs_identity_rest",
        "acs_identity_emulator": "emulator/acs_identity_emulator",
    },
    packages=[
        f"{package}{folder}"
        for root, package in [
            ("customizations", "acs_identity"),
            ("generated", "acs_identity_rest"),
            ("emulator", "acs_identity_emulator"),
        ]
        for folder in [
            "".join(f".{part}" for part in init.parent.relative_to(ROOT / root / package).parts)
            for init in sorted((ROOT / root / package).rglob("__init__.py"))
        ]
    ],
    package_data={
        "acs_identity": ["py.typed"],
        "acs_identity_emulator": ["py.typed", "console/*.html", "console/*.css", "console/*.js"],
        "acs_identity_rest": ["py.typed", "contract/**/*.json"],
    },
    install_requires=["azure-core>=1.33", "certifi", "msrest>=0.7.1", "urllib3>=2.2"],
    extras_require={
        "aio": ["aiohttp>=3.10"],
        "emulator": EMULATOR,
        "cli": CLI,
        "entra": ENTRA,
        "testing": TESTING,
        "dev": [
            *EMULATOR,
            *CLI,
            *ENTRA,
            *TESTING,
            "aiohttp>=3.10",
            "azure-communication-identity==1.5.0",
            "build",
            "coverage",
            "furo",
            "griffelib",
            "httpx",
            "hypothesis",
            "jsonschema",
            "mypy",
            "myst-parser",
            "openapi-spec-validator",
            "opentelemetry-sdk",
            "playwright",
            "pyright[nodejs]",
            "pytest-asyncio",
            "pytest-cov",
            "pytest-randomly",
            "pytest-rerunfailures",
            "pytest-timeout",
            "pytest-xdist",
            "pyyaml",
            "ruff",
            "schemathesis",
            "setuptools>=77",
            "sphinx",
            "sybil",
            "types-jmespath",
            "types-jsonschema",
            "types-PyYAML",
        ],
    },
    entry_points={
        "console_scripts": ["acs-identity = acs_identity.cli:main"],
        "pytest11": [
            "acs_identity_emulator = acs_identity_emulator.pytest_plugin",
            "acs_identity_testing = acs_identity.testing.pytest_plugin",
        ],
    },
)
