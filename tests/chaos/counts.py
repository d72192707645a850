"""What a chaos suite found: how many points it looked at, and what was not as it must be."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from typing import Literal

Kind = Literal["orphan", "leak", "stuck", "wrong"]


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is not as DESIGN §10 promises.

    *orphan*: a pod that no living weaver has. *leak*: what is reserved, or counted, for no weaver that could be used.
    *stuck*: a record that does not come to say what is so. *wrong*: anything else that was promised and does not hold.
    """

    kind: Kind
    told: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.told}"


class Violated(AssertionError):
    """For whoever has to stop at the first: Hypothesis, which looks for the shortest way there. ``diary`` has the steps."""

    def __init__(self, violations: Iterable[Violation], diary: Iterable[str] = ()) -> None:
        self.violations = tuple(violations)
        self.diary = tuple(diary)
        super().__init__("\n".join(map(str, self.violations)))


@dataclass(frozen=True, slots=True)
class Counts:
    """Sums that can be added."""

    points: int = 0
    orphans: int = 0
    leaks: int = 0
    stuck: int = 0
    wrong: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(one + two for one, two in zip(astuple(self), astuple(other), strict=True)))

    def __str__(self) -> str:
        return (
            f"points={self.points} orphans={self.orphans} leaks={self.leaks} stuck={self.stuck} wrong={self.wrong}"
        )  # fmt: skip

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return self == Counts(self.points)


def counted(points: int, violations: Iterable[Violation]) -> Counts:
    """The counts of ``points`` places at which ``violations`` were found."""
    of = Counter(violation.kind for violation in violations)
    return Counts(points, of["orphan"], of["leak"], of["stuck"], of["wrong"])
