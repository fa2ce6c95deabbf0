"""The report: its parts, for people and for machines."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from .contract_diff import Change


@dataclass(frozen=True)
class Comparison:
    """The changes between two states of one contract, or two contracts.

    Attributes:
        title: What is compared with what.
        version: The API version of the newer side.
        changes: What changed.
        in_full: Whether people see the changes, or how many there are.
    """

    title: str
    version: str
    changes: list[Change]
    in_full: bool = True


@dataclass
class Part:
    """One part of the report.

    Attributes:
        name: A short name that stays.
        title: What it checks.
        findings: What must be mended, each with what is wrong, where, and what to do.
        notes: What is good to know.
        comparisons: Changes, for information.
    """

    name: str
    title: str
    findings: list[str] = field(default_factory=list[str])
    notes: list[str] = field(default_factory=list[str])
    comparisons: list[Comparison] = field(default_factory=list[Comparison])

    @property
    def summary(self) -> str:
        return f"{len(self.findings)} finding{'' if len(self.findings) == 1 else 's'}" if self.findings else "ok"


def as_data(parts: Iterable[Part]) -> dict[str, Any]:
    """Return the report for machines."""
    listed = list(parts)
    return {
        "ok": not any(part.findings for part in listed),
        "parts": [
            {
                "name": part.name,
                "title": part.title,
                "findings": part.findings,
                "notes": part.notes,
                "comparisons": [
                    {"title": comparison.title, "version": comparison.version, "changes": rows(comparison.changes)}
                    for comparison in part.comparisons
                ],
            }
            for part in listed
        ],
    }


def rows(changes: Iterable[Change]) -> list[dict[str, Any]]:
    return [
        {
            "operation": change.operation,
            "what": change.what,
            "subject": change.subject,
            "pointer": change.pointer,
            "detail": change.detail,
            "breaking": change.breaking,
        }
        for change in changes
    ]


def show(parts: Iterable[Part], console: Console) -> None:
    """Print the report; one summary line for every part comes last."""
    listed = list(parts)
    for part in listed:
        console.rule(f"[bold]{part.title}", align="left", characters="-")
        for comparison in part.comparisons:
            show_comparison(comparison, console)
        for note in part.notes:
            console.print(f"  {escape(note)}", soft_wrap=True)
        for finding in part.findings:
            console.print(f"  [red]finding:[/] {escape(finding)}", soft_wrap=True)
        console.print()
    console.rule("[bold]summary", align="left", characters="-")
    for part in listed:
        console.print(f"  {part.summary:<13}{escape(part.title)}", soft_wrap=True, style="red" if part.findings else "")


def show_comparison(comparison: Comparison, console: Console) -> None:
    groups = grouped(comparison.changes)
    breaking = sum(group[0].breaking for group in groups)
    count = f"{len(groups)} change{'' if len(groups) == 1 else 's'}, {breaking} breaking" if groups else "no change"
    console.print(f"  [bold]{escape(comparison.title)}[/]: {count}", soft_wrap=True)
    if not groups or not comparison.in_full:
        return
    table = Table(Column(""), Column("change, operations and place", overflow="fold"), show_lines=True)
    for group in groups:
        first = group[0]
        places = (f"{change.operation}  {change.subject}".rstrip() for change in group)
        lines = [": ".join(filter(None, [first.what, first.detail])), *places, place(first)]
        table.add_row("[red]breaking[/]" if first.breaking else "fine", escape("\n".join(lines)))
    console.print(table)


def place(change: Change) -> str:
    return change.pointer if "#" in change.pointer else f"#{change.pointer}"


def grouped(changes: Iterable[Change]) -> list[list[Change]]:
    """Return the changes together that come from one place, which operations can share; breaking ones first."""

    def key(change: Change) -> tuple[bool, str, str, str]:
        return not change.breaking, change.pointer, change.what, change.detail

    return [list(group) for _, group in groupby(sorted(changes, key=key), key)]
