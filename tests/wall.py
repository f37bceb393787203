"""Reads `cargo metadata --no-deps` on stdin and the sources below; exits 1 and names each breach."""

import json
import re
import sys
from pathlib import Path

OURS = {
    # crate -> those of ours that it may depend on
    "contactcmd-domain": set(),
    "contactcmd-ports": {"contactcmd-domain"},
    "contactcmd-adapters": {"contactcmd-domain", "contactcmd-ports"},
    "contactcmd": {"contactcmd-domain", "contactcmd-ports", "contactcmd-adapters"},
    "contactcmd-tests": {"contactcmd-domain", "contactcmd-ports", "contactcmd-adapters", "contactcmd"},
}

OUTSIDE = r"isahc|simple-dns|curl(-sys)?|keyring.*|diesel.*|libsqlite3-sys|rusqlite|reqwest|hyper.*|tokio"
"""What stands for the network, the keychain and the database; the adapters' alone."""

IMPURE = r"""(?x)
    \bstd::(fs|env|process|thread|io::(stdin|stdout|stderr)) \b
  | \bstd::net::(?!Ip) | \b(Tcp|Udp|Unix)(Stream|Listener|Socket)\b
  | \b(SystemTime|Instant|Timestamp|Zoned)::now \b
  | \bnew_v[147]\b | \bUuid::now_v7\b | \b(rand|getrandom|jiff|log|tracing|futures|async_trait)::
  | \basync\s+(fn|move)\b | \b(print|println|eprint|eprintln|dbg)!
"""
"""What code of the domain never says. Tests may read fixtures, so they are cut off first."""

FOREIGN = r"\b(isahc|simple_dns|keyring|diesel|libsqlite3_sys)::"
"""Types that must not leave the adapters."""


def main() -> int:
    packages = {package["name"]: package for package in json.load(sys.stdin)["packages"]}
    breaches = [*wrong_members(packages), *wrong_dependencies(packages), *wrong_sources()]
    for breach in breaches:
        print(breach, file=sys.stderr)
    print(f"the wall: {len(breaches)} breaches")
    return 1 if breaches else 0


def wrong_members(packages: dict) -> list[str]:
    return [f"{name}: a crate the wall does not know" for name in packages if name not in OURS]


def wrong_dependencies(packages: dict) -> list[str]:
    """Development dependencies count as well: a test of the domain needs no database either."""
    breaches = []
    for name, package in packages.items():
        for dependency in {dependency["name"] for dependency in package["dependencies"]}:
            if dependency in OURS and dependency not in OURS.get(name, set()):
                breaches.append(f"{name}: depends on {dependency}")
            if re.fullmatch(OUTSIDE, dependency) and name != "contactcmd-adapters":
                breaches.append(f"{name}: depends on {dependency}, which is the adapters' alone")
    return breaches


def wrong_sources() -> list[str]:
    """`domain` and `ports` are pure; `app` names no foreign type."""
    rules = {"domain/src": f"{IMPURE} | {FOREIGN}", "ports/src": FOREIGN, "app/src": FOREIGN}
    breaches = []
    for folder, forbidden in rules.items():
        texts = {path: path.read_text(encoding="utf-8") for path in sorted(Path(folder).rglob("*.rs"))}
        skipped = {file for path, text in texts.items() for file in test_files(path, text)}
        for path in texts.keys() - skipped:
            for number, line in enumerate(code(texts[path]), 1):
                found = re.search(forbidden, line)
                if found:
                    breaches.append(f"{path}:{number}: {found.group().strip()}")
    return sorted(breaches)


def test_files(path: Path, text: str) -> list[Path]:
    """The files of the modules that `path` declares for tests only."""
    folder = path.parent if path.stem in ("lib", "main", "mod") else path.parent / path.stem
    names = re.findall(r"#\[cfg\(test\)\]\s*(?:pub(?:\([a-z ]+\))? )?mod (\w+);", text)
    return [file for name in names for file in (folder / f"{name}.rs", folder / name / "mod.rs")]


def code(text: str) -> list[str]:
    """The lines before the test module (which comes last in a file), comments cut off."""
    before = re.split(r"#\[cfg\(test\)\]\s*mod \w+ \{", text)[0]
    # `://` is the middle of a URL in a string.
    return [re.sub(r"(?<!:)//.*", "", line) for line in before.splitlines()]


sys.exit(main())
