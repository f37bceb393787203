"""What two installations and one real server must come to: edits on every side, and nothing lost."""

import json
from collections import Counter
from pathlib import Path

import cards
from checks import Checks
from dav import Dav
from program import Outcome, Program
from proxy import Proxy
from server import PASSWORD, USER, Server

BOOK = "Two ways"


class TwoWay:
    """One server, one book, and two installations that both write to it."""

    def __init__(self, server: Server, binary: Path, folder: Path, checks: Checks) -> None:
        self.checks = checks
        self.proxy = Proxy(server.port)
        self.dav: Dav = server.dav()
        self.book = server.home() + "twoway/"
        self.server = server
        account = (USER, PASSWORD, server.called(self.book, BOOK))
        self.one = Program(binary, folder / "one", self.proxy.url, account)
        self.two = Program(binary, folder / "two", self.proxy.url, account)

    def run(self) -> None:
        """Every step, in order."""
        self.server.prepare(self.dav)
        self.dav.make_collection(self.book, BOOK, "<c:addressbook/>")
        self.first_push()
        self.in_turn()
        self.conflict()
        self.an_edit_costs_no_other_line()
        self.killed_while_pushing()
        self.requests_kept_the_rules()
        self.proxy.close()

    def first_push(self) -> None:
        many = self.server.many
        self.add(self.one, range(many))
        mark = self.proxy.mark()
        planned = self.sync(self.one, "--dry-run")
        self.checks.equal("a dry run of a push writes nothing", self.writes(mark), Counter())
        outcome = self.sync(self.one)
        self.checks.equal("the dry run planned the push", there(planned), there(outcome))
        self.checks.equal(f"{many} contacts are pushed", there(outcome), (many, 0, 0), outcome)
        self.checks.figure("seconds of the first push", json.loads(outcome.stdout)["seconds"])
        outcome = self.sync(self.two)
        self.checks.equal("the other installation gets them", outcome.here(), (many, 0, 0), outcome)
        self.all_equal("after the first push")

    def in_turn(self) -> None:
        """Create, edit and delete on each side in turn."""
        for number, (here, other) in enumerate([(self.one, self.two), (self.two, self.one)]):
            contacts = sorted(here.contacts(), key=lambda contact: contact["name"])
            edited, deleted = contacts[10 + number], contacts[20 + number]
            self.good(here.run("edit", edited["id"], "--phone", f"work=+1 555 77{number}"))
            self.good(here.run("delete", "--yes", deleted["id"]))
            name = f"Newcomer {number}"
            self.good(here.run("add", "--given", name, "--email", f"new{number}@example.org"))
            outcome = self.sync(here)
            self.checks.equal("edits are sent", there(outcome), (1, 1, 1), outcome)
            outcome = self.sync(other)
            self.checks.equal("and arrive", outcome.here(), (1, 1, 1), outcome)
            self.all_equal(f"in turn, {number + 1}")
        listing = self.dav.listing(self.book)
        changed, gone = sorted(listing)[5], sorted(listing)[6]
        text = self.dav.fetch(self.book, [changed])[changed]
        self.dav.update(changed, cards.with_note(text, "changed there"), listing[changed])
        self.dav.delete(gone, listing[gone])
        for program in (self.one, self.two):
            outcome = self.sync(program)
            self.checks.equal("what another client did arrives", outcome.here(), (0, 1, 1), outcome)
        self.all_equal("after another client")

    def conflict(self) -> None:
        """Both edit one contact: what does not clash becomes one, the server's value wins the rest."""
        who = sorted(contact["uid"] for contact in self.one.contacts() if contact["uid"])[30]
        self.good(self.one.run("edit", who, "--title", "First", "--nickname", "One"))
        self.good(self.two.run("edit", who, "--title", "Second", "--org", "Two Ltd"))
        for program in (self.one, self.two, self.one):
            self.sync(program)
        self.all_equal("after a conflict")
        card = self.two.card(who)
        for part in (b"TITLE:First", b"One", b"Two Ltd"):
            self.checks.that(f"the merged card has {part.decode()}", part in card, card.decode())
        kept = self.two.run("conflicts", "list", "--all")
        self.checks.that("the value that lost is kept", kept.code == 0 and "title" in kept.stdout, kept)

    def an_edit_costs_no_other_line(self) -> None:
        """Cyrus shows a card of 4.0 as one of 3.0 without its picture: who edits that and sends it
        back destroys what the server still had."""
        for version in ("3.0", "4.0"):
            href = f"{self.book}rich-{version[0]}.vcf"
            created = self.dav.create(href, cards.rich(version))
            self.checks.equal(f"a rich card of {version} is taken", created, 201)
            before = self.dav.card(href, version)
            self.sync(self.one)
            self.good(self.one.run("edit", f"Rich {version}", "--phone", "work=+1 555 4040"))
            sent = there(self.sync(self.one))
            self.checks.equal(f"an edit of a card of {version} is sent", sent, (0, 1, 0))
            after = self.dav.card(href, version)
            lost = set(cards.normal(before).split(b"\n")) - set(cards.normal(after).split(b"\n"))
            self.checks.equal(f"an edit of a card of {version} costs it no other line", sorted(lost), [])
        self.sync(self.two)
        self.all_equal("after edits of rich cards")

    def killed_while_pushing(self) -> None:
        """Dies with answers to PUTs on their way; what was sent is found again, and once."""
        for nth in (1, 7, 23):
            self.add(self.one, range(2000 + nth * 100, 2060 + nth * 100))
            mark = self.proxy.mark()
            hold = self.proxy.hold(lambda _: self.writes(mark)["PUT"] >= nth)
            running = self.one.start_sync("--direction", "sync")
            try:
                reached = hold.reached.wait(60)
                self.checks.that(f"a push is killed at its PUT {nth}", reached)
            finally:
                running.kill()
                running.wait(10)
                self.proxy.release()
            self.sync(self.one)
            outcome = self.sync(self.one)
            self.checks.equal(f"the runs after the kill at {nth} succeed", outcome.code, 0, outcome)
            self.sync(self.two)
            self.all_equal(f"after a kill at PUT {nth}")

    # What holds after every step

    def all_equal(self, when: str) -> None:
        """Both stores and the server say the same, nobody has anything twice, and all is quiet."""
        served = [card for text in self.dav.cards(self.book).values() for card in cards.split(text)]
        counts = Counter(map(cards.normal, served))
        self.checks.equal(f"{when} nothing is there twice", max(counts.values()), 1)
        for name, program in (("one", self.one), ("two", self.two)):
            here = Counter(cards.normal(card) for card in program.stored().elements())
            self.checks.that(
                f"{when} store {name} and the server say the same", here == counts, difference(here, counts)
            )
            mark = self.proxy.mark()
            outcome = self.sync(program)
            quiet = (outcome.code, outcome.here(), there(outcome), self.writes(mark))
            self.checks.equal(
                f"{when} store {name} has nothing to do", quiet, (0, (0, 0, 0), (0, 0, 0), Counter()), outcome
            )

    def requests_kept_the_rules(self) -> None:
        bare = [
            str(one)
            for one in self.proxy.since(0)
            if one.method in WRITING and not {"if-match", "if-none-match"} & one.headers.keys()
        ]
        self.checks.equal("every write has a precondition", bare[:3], [])

    def writes(self, mark: int) -> Counter[str]:
        return Counter(one.method for one in self.proxy.since(mark) if one.method in WRITING)

    def sync(self, program: Program, *options: str) -> Outcome:
        return program.sync("--direction", "sync", *options)

    def add(self, program: Program, numbers: range) -> None:
        file = program.home / "new.vcf"
        file.write_bytes(b"".join(cards.generated(number) for number in numbers))
        self.good(program.run("import", "vcard", str(file)))
        file.unlink()

    def good(self, outcome: Outcome) -> None:
        if outcome.code != 0:
            raise ValueError(str(outcome))


def difference(here: Counter[bytes], there: Counter[bytes]) -> str:
    """The lines of cards that only one of the two has, as a person can read them."""
    sides = {"here": here - there, "there": there - here}
    lines = {side: {line for card in only for line in card.split(b"\n")} for side, only in sides.items()}
    told = [f"{len(only)} cards only {side}" for side, only in sides.items()]
    for side, other in (("here", "there"), ("there", "here")):
        told += [f"{side}: {line.decode(errors='replace')}" for line in sorted(lines[side] - lines[other])[:5]]
    return "\n".join(told)


WRITING = ("PUT", "DELETE", "POST", "MKCOL", "PROPPATCH")


def there(outcome: Outcome) -> tuple[int, int, int]:
    """What the run created, updated and deleted on the server."""
    counts = outcome.book()["there"]
    return counts["created"], counts["updated"], counts["deleted"]
