"""Faults on purpose: the rules that say when, and which of them act on a request."""

import math
import secrets
import threading
from collections.abc import Mapping
from dataclasses import KW_ONLY, asdict, dataclass, field, fields
from random import Random
from typing import Any, Final, Literal, Self, get_args

from . import errors
from .errors import ServiceError
from .names import check_operation, shown

FaultKind = Literal["429", "500", "503", "delay", "reset", "truncate"]
"""An answer with that status, an answer that comes late, a connection that breaks, a body that ends in its middle."""

LONGEST_DELAY: Final = 3600.0
"""The longest delay of an answer, in seconds."""

LONGEST_RETRY_AFTER: Final = 86400
"""The largest number of seconds in the header ``Retry-After``."""

FAULT_HEADER: Final = "x-emulator-fault"
"""The request header that asks for a fault of this one request, written as `FaultRule.parse` has it."""

_KINDS: tuple[str, ...] = get_args(FaultKind)
_LARGEST = 1_000_000_000


@dataclass(frozen=True, slots=True)
class FaultRule:
    """Says when a fault is injected.

    Attributes:
        kind: ``429``, ``500`` or ``503``: the request is refused with that status before anything is done.
            ``reset``: the connection is reset before anything is done. ``truncate``: the operation is done, and the
            connection ends in the middle of the body of the answer, or before the answer when it has no body.
            ``delay``: the answer comes late.
        operation: The name of the operation, for example ``issue_access_token``; None for every request.
        probability: How likely a matching request is hit, from 0 to 1.
        count: How many requests are hit at most; None for no end.
        after: How many matching requests pass first.
        retry_after: The header ``Retry-After`` of a 429 or 503, in seconds; None for none. Clients built on
            azure-core repeat a POST after a 429 only when there is one.
        delay: How late the answer comes, in seconds, at most 3600.
        jitter: Up to how many seconds come on top of the delay, by chance.

    Raises:
        ValueError: A value is of the wrong type or out of its range, or the kind does not take it.

    >>> str(FaultRule("429", operation="issue_access_token", count=5, retry_after=3))
    '429:operation=issue_access_token:count=5:retry_after=3'
    """

    kind: FaultKind
    _: KW_ONLY
    operation: str | None = None
    probability: float = 1.0
    count: int | None = None
    after: int = 0
    retry_after: int | None = None
    delay: float = 0.0
    jitter: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            raise ValueError(f"There is no fault {shown(self.kind)}: choose one of {', '.join(_KINDS)}.")
        if self.operation is not None:
            check_operation(self.operation)
        _check_number("probability", self.probability, 0, 1)
        _check_number("delay", self.delay, 0, LONGEST_DELAY)
        _check_number("jitter", self.jitter, 0, LONGEST_DELAY)
        _check_number("after", self.after, 0, _LARGEST, whole=True)
        if self.count is not None:
            _check_number("count", self.count, 1, _LARGEST, whole=True)
        if self.retry_after is not None:
            _check_number("retry_after", self.retry_after, 0, LONGEST_RETRY_AFTER, whole=True)
            if self.kind not in ("429", "503"):
                raise ValueError(f"The fault {self.kind} takes no retry_after, only 429 and 503 do.")
        if (self.delay > 0 or self.jitter > 0) is not (self.kind == "delay"):
            raise ValueError("The fault delay needs a delay or a jitter above 0 seconds, and no other fault takes one.")

    def __str__(self) -> str:
        values = [(item.name, getattr(self, item.name)) for item in fields(self)[1:]]
        given = [f"{name}={value}" for name, value in values if value != _DEFAULTS[name]]
        return ":".join([self.kind, *given])

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a rule as text: its kind, and any of its attributes after colons.

        Raises:
            ValueError: The text is not written so, or as for the class.

        >>> FaultRule.parse("503:operation=create_identity:probability=0.1").probability
        0.1
        """
        kind, *parts = (part.strip() for part in text.split(":"))
        members: dict[str, Any] = {"kind": kind}
        for part in parts:
            name, equals, value = (piece.strip() for piece in part.partition("="))
            name = name.replace("-", "_")
            if not equals:
                raise ValueError(f"A fault is written kind:name=value:..., not {shown(part)}.")
            if name in members:
                raise ValueError(f"The fault says {shown(name)} twice.")
            members[name] = value if name == "operation" else _read_number(name, value)
        return cls.of(members)

    @classmethod
    def of(cls, members: Mapping[str, Any]) -> Self:
        """Make a rule of its attributes by name, as JSON has them.

        Raises:
            ValueError: The kind is missing or a name is unknown, or as for the class.
        """
        names = [item.name for item in fields(cls)]
        unknown = [name for name in members if name not in names]
        if unknown:
            raise ValueError(f"A fault has no {shown(unknown[0])}: it has {', '.join(names)}.")
        if "kind" not in members:
            raise ValueError(f"The kind of the fault is missing: choose one of {', '.join(_KINDS)}.")
        return cls(**members)


_DEFAULTS = {item.name: item.default for item in fields(FaultRule)}


@dataclass(frozen=True, slots=True)
class CountedRule:
    """A rule and what it did so far.

    Attributes:
        number: The number of the rule, from 1 on.
        rule: The rule.
        matched: How many requests matched it.
        fired: How many requests it acted on.
    """

    number: int
    rule: FaultRule
    matched: int
    fired: int


@dataclass(frozen=True, slots=True)
class Injection:
    """What is done to one request.

    Attributes:
        kind: The fault that decides about the answer; None when it is only late, or nothing is done.
        delay: How late the answer comes, in seconds.
        text: The rules that act, for the journal; None when there are none.
        refusal: The refusal of a 429, 500 or 503.
    """

    kind: FaultKind | None = None
    delay: float = 0.0
    text: str | None = None
    refusal: ServiceError | None = None


NOTHING: Final = Injection()
"""The injection of a request that no rule acts on."""


@dataclass(slots=True)
class _Rule:
    number: int
    rule: FaultRule
    # One for each rule, so that the chances of one do not depend on what others there are.
    chance: Random = field(repr=False)
    matched: int = 0
    fired: int = 0

    def is_due(self) -> tuple[bool, float]:
        """Whether the rule may act on the request that matches it now, and by how much it is late then."""
        self.matched += 1
        # Both are drawn each time, so that the chances of a request depend on its place alone.
        chance, more = self.chance.random(), self.chance.random()
        due = (
            self.matched > self.rule.after
            and (self.rule.count is None or self.fired < self.rule.count)
            and chance < self.rule.probability
        )
        return due, self.rule.delay + more * self.rule.jitter


class Faults:
    """The rules for faults of one emulator. Safe to use from several threads.

    A request is put to all rules in the order in which they were added. The delays of all that are due add up. Of the
    others that are due the first acts; the rest do not count this request as one they acted on. Who acts depends on
    the seed, the rules and the order of the requests, and on nothing else.

    Args:
        seed: What chance begins with, a whole number from 0 on; by default another one each time.

    Raises:
        ValueError: The seed is no whole number from 0 on.

    >>> faults = Faults(seed=7)
    >>> faults.add(FaultRule("503", operation="create_identity", probability=0.1))
    1
    >>> faults.rules()[0].fired
    0
    """

    def __init__(self, seed: int | None = None) -> None:
        self._seed = secrets.randbelow(2**32) if seed is None else _checked_seed(seed)
        self._rules: list[_Rule] = []
        self._number = 0
        self._lock = threading.Lock()

    @property
    def seed(self) -> int:
        """What chance begins with; to repeat a run, give it to the next one."""
        return self._seed

    def add(self, rule: FaultRule) -> int:
        """Add a rule and return its number."""
        with self._lock:
            self._number += 1
            self._rules = [*self._rules, _Rule(self._number, rule, self._chance(self._number))]
            return self._number

    def remove(self, number: int) -> None:
        """Remove a rule.

        Raises:
            ValueError: No rule has this number.
        """
        with self._lock:
            rest = [counted for counted in self._rules if counted.number != number]
            if len(rest) == len(self._rules):
                raise ValueError(f"There is no fault rule {number}.")
            self._rules = rest

    def clear(self) -> None:
        """Remove all rules; the next one has the number 1 again."""
        with self._lock:
            self._rules, self._number = [], 0

    def restart(self, seed: int | None = None) -> None:
        """Begin anew, as if no request had come yet: with the same seed, or with another one.

        Raises:
            ValueError: The seed is no whole number from 0 on.
        """
        with self._lock:
            self._seed = self._seed if seed is None else _checked_seed(seed)
            self._rules = [_Rule(old.number, old.rule, self._chance(old.number)) for old in self._rules]

    def rules(self) -> list[CountedRule]:
        """Return the rules in the order in which they were added, and what they did."""
        with self._lock:
            return [CountedRule(each.number, each.rule, each.matched, each.fired) for each in self._rules]

    def choose(self, operation: str | None, header: str | None = None) -> Injection:
        """Put a request to the rules.

        Args:
            operation: The name of the operation; None when it is none.
            header: The request header ``x-emulator-fault``; its fault goes before those of the rules.

        Raises:
            ServiceError: The header is malformed.
        """
        if header is None and not self._rules:
            return NOTHING
        delay, texts = 0.0, list[str]()
        deciding: FaultRule | None = None
        if header is not None:
            asked = _parse_header(header)
            delay, texts = asked.delay, [f"header: {asked}"]
            deciding = None if asked.kind == "delay" else asked
        with self._lock:
            for each in self._rules:
                if each.rule.operation not in (None, operation):
                    continue
                due, late = each.is_due()
                if not due or (each.rule.kind != "delay" and deciding is not None):
                    continue
                each.fired += 1
                texts.append(f"rule {each.number}: {each.rule}")
                delay += late
                deciding = deciding if each.rule.kind == "delay" else each.rule
        text = "; ".join(texts) or None
        if deciding is None:
            return Injection(None, delay, text)
        return Injection(deciding.kind, delay, text, _refusal(deciding, f"a fault was injected, {text}"))

    def _chance(self, number: int) -> Random:
        # A text is hashed the same way by every Python.
        return Random(f"{self._seed}:{number}")  # noqa: S311 chance here is no secret


def as_members(counted: CountedRule) -> dict[str, Any]:
    """Return a rule and what it did by name, as JSON has them."""
    return {
        "number": counted.number,
        **asdict(counted.rule),
        "matched": counted.matched,
        "fired": counted.fired,
    }


def _refusal(rule: FaultRule, reason: str) -> ServiceError | None:
    match rule.kind:
        case "429":
            return errors.too_many_requests(reason, rule.retry_after)
        case "500":
            return errors.server_fault(reason)
        case "503":
            return errors.unavailable(reason, rule.retry_after)
        case _:
            return None


def _parse_header(text: str) -> FaultRule:
    try:
        rule = FaultRule.parse(text)
        if rule != FaultRule(rule.kind, retry_after=rule.retry_after, delay=rule.delay):
            raise ValueError("The fault of one request takes retry_after and delay only.")  # noqa: TRY301
    except ValueError as error:
        raise errors.fault_malformed(FAULT_HEADER, str(error)) from None
    return rule


def _check_number(name: str, value: object, least: float, most: float, *, whole: bool = False) -> None:
    kinds = (int,) if whole else (int, float)
    # A boolean is an int, and no comparison holds for a NaN.
    if type(value) not in kinds or not least <= value <= most:  # type: ignore[operator]
        raise ValueError(f"{name} must be a {'whole ' if whole else ''}number from {least:.0f} to {most:.0f}.")


def _read_number(name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise ValueError(f"{shown(name)} must be a number, not {shown(text)}.") from None
    return int(number) if math.isfinite(number) and number.is_integer() else number


def _checked_seed(seed: int) -> int:
    if type(seed) is not int or seed < 0:
        raise ValueError("The seed must be a whole number from 0 on.")
    return seed
