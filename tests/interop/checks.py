"""Named checks and their tally."""

from typing import Any


class Checks:
    """Counts what passed and what failed, and prints each under the name of its server."""

    def __init__(self) -> None:
        self.passed = 0
        self.failed: list[str] = []
        self.server = ""

    def that(self, name: str, holds: bool, otherwise: Any = "") -> bool:
        """Records the check `name`; `otherwise` is printed when it does not hold."""
        if holds:
            self.passed += 1
            print(f"ok    {self.server}: {name}", flush=True)
        else:
            self.failed.append(f"{self.server}: {name}")
            print(f"FAIL  {self.server}: {name}", flush=True)
            for line in str(otherwise).splitlines()[:40]:
                print(f"      {line[:400]}", flush=True)
        return holds

    def equal(self, name: str, actual: Any, expected: Any, context: Any = "") -> bool:
        """Records that `actual` is `expected`; prints both, and `context`, when it is not."""
        difference = f"expected {expected!r}\nactual   {actual!r}\n{context}"
        return self.that(name, actual == expected, difference)

    def figure(self, name: str, value: Any) -> None:
        """Prints a measured value; it neither passes nor fails."""
        print(f"      {self.server}: {name}: {value}", flush=True)

    def summary(self) -> str:
        """The closing line."""
        return f"{self.passed} passed, {len(self.failed)} failed"
