"""What a pull must do at a real server, step by step. Each step builds on the ones before it."""

import base64
import re
import subprocess
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote, unquote

import cards
from checks import Checks
from dav import Dav
from program import Outcome, Program
from proxy import Proxy, Seen
from server import PASSWORD, USER, Server

BOOK = "Freunde & Família Ω"
OTHER = "Work"
CALENDAR = "Termine"


class Scenario:
    """One server, its book, and the installations of the program that meet it."""

    def __init__(self, server: Server, binary: Path, folder: Path, checks: Checks) -> None:
        self.server = server
        self.binary = binary
        self.folder = folder
        self.checks = checks
        self.proxy = Proxy(server.port)
        self.dav: Dav = server.dav()
        self.book = server.home() + "interop/"
        self.other = server.home() + "other/"
        self.programs: list[Program] = []
        self.pulls = 0
        self.program = self.install("home")

    def install(self, name: str) -> Program:
        """Another installation of the program, with nothing in it."""
        account = (USER, PASSWORD, self.server.called(self.book, BOOK))
        self.programs.append(Program(self.binary, self.folder / name, self.proxy.url, account))
        return self.programs[-1]

    def run(self, corpus: list[bytes]) -> None:
        """Every step, in order; raises when one leaves nothing for the next to stand on."""
        self.load(corpus)
        self.lists_the_books()
        self.doctor_finds_it_well()
        self.dry_run_writes_nothing()
        self.wrong_password_is_one_request(self.install("stranger"), "at the first contact")
        self.first_pull()
        self.nothing_changed()
        self.full_compare()
        self.changes_there_arrive()
        self.wrong_password_is_one_request(self.program, "later on")
        self.unknown_token("that the server never gave", self.foreign_token)
        if self.server.forgetful:
            self.unknown_token("that the server forgot", self.server.forget_tokens)
        self.killed_in_the_first_pull()
        self.emptied_book()
        self.requests_kept_the_rules()
        self.password_is_nowhere()
        self.server_away()

    # The server's side

    def load(self, corpus: list[bytes]) -> None:
        """Fills the book with what the server takes of the corpus, and invented cards."""
        self.server.prepare(self.dav)
        self.dav.make_collection(self.book, BOOK, "<c:addressbook/>")
        self.dav.make_collection(self.other, OTHER, "<c:addressbook/>")
        self.dav.make_collection(self.server.calendars() + "termine/", CALENDAR, "<cal:calendar/>")
        invented = [cards.generated(n) for n in range(40 if corpus else cards.ENOUGH)]
        statuses: Counter[int] = Counter()
        for number, card in enumerate(corpus + spoilt() + invented):
            if not re.search(rb"(?im)^(\w+\.)?UID[;:]", card):
                card = cards.with_uid(card, f"interop-corpus-{number}")
            statuses[self.dav.create(self.book + name_of(number), card)] += 1
        there = len(self.dav.listing(self.book))
        self.checks.figure("cards offered, by the server's answer", dict(statuses))
        self.checks.that(f"the book has {cards.ENOUGH} cards or more", there >= cards.ENOUGH, there)

    def there(self) -> dict[str, bytes]:
        return self.dav.cards(self.book)

    # Steps

    def lists_the_books(self) -> None:
        outcome = self.program.book_names()
        books = [self.server.called(self.book, BOOK), self.server.called(self.other, OTHER)]
        shown = [name for name in (*books, CALENDAR) if name in outcome.stdout]
        self.checks.equal("--list-addressbooks succeeds", outcome.code, 0, outcome)
        self.checks.equal(
            "--list-addressbooks names the address books and no calendar", shown, books, outcome
        )

    def doctor_finds_it_well(self) -> None:
        before = self.dav.listing(self.book)
        where = self.program.sync_words()[2:]
        outcome = self.program.run("doctor", "carddav", *where, "--write-test", "--yes")
        self.pulls = self.proxy.mark()
        self.checks.equal("the doctor finds that all can be used", outcome.code, 0, outcome)
        left = self.dav.listing(self.book)
        differs = left.keys() ^ before.keys()
        self.checks.that("its write test leaves the book as it was", left == before, differs)

    def dry_run_writes_nothing(self) -> None:
        before = self.database()
        outcome = self.program.sync("--dry-run")
        there = len(self.dav.listing(self.book))
        self.checks.equal("a first dry run succeeds", outcome.code, 0, outcome)
        self.checks.equal("it plans every card", outcome.here(), (there, 0, 0))
        after = self.database()
        self.checks.that("it leaves the database as it was", after in ({}, before), sorted(after))

    def first_pull(self) -> None:
        mark = self.proxy.mark()
        outcome = self.program.sync()
        there = len(self.dav.listing(self.book))
        self.checks.equal("the first pull succeeds", outcome.code, 0, outcome)
        self.checks.equal("it creates every card", outcome.here(), (there, 0, 0))
        self.checks.equal("it sets nothing aside", number(outcome, "set_aside"), 0, outcome)
        self.checks.equal("it meets no conflict", number(outcome, "conflicts"), 0, outcome)
        self.checks.figure(f"requests of the first pull of {there}", len(self.proxy.since(mark)))
        self.same_on_both_sides("after the first pull")
        self.one_by_one()

    def nothing_changed(self) -> None:
        before = self.program.contacts()
        mark = self.proxy.mark()
        outcome = self.program.sync()
        seen = self.proxy.since(mark)
        self.checks.equal("a pull with nothing to do succeeds", outcome.code, 0, outcome)
        self.checks.equal("it changes nothing", outcome.here(), (0, 0, 0))
        self.checks.equal("it does nothing at all", outcome.book()["actions"], [])
        requests = 1 + self.server.handshake
        self.checks.equal("it is one request", len(seen), requests, "\n".join(map(str, seen)))
        self.checks.equal("it reports its requests", outcome.book()["requests"], len(seen))
        self.checks.that("the contacts are as before", self.program.contacts() == before)

    def full_compare(self) -> None:
        mark = self.proxy.mark()
        outcome = self.program.sync("--full")
        fetched = sum(asked_for(seen) for seen in self.proxy.since(mark))
        self.checks.equal("--full succeeds", outcome.code, 0, outcome)
        self.checks.equal("--full changes nothing", outcome.here(), (0, 0, 0), outcome)
        # A card that was deleted and made anew has the ETag of the first one there.
        doubtful = len(self.dav.listing(self.book)) if self.server.shares_etags else 0
        self.checks.equal("--full fetches no card whose ETag is known", fetched, doubtful)
        self.checks.equal("--full is reported as full", outcome.book()["full"], True)

    def changes_there_arrive(self) -> None:
        listing = self.dav.listing(self.book)
        hrefs = sorted(listing)
        changed, deleted = hrefs[3:28:5], hrefs[5:25:5]
        texts = self.dav.fetch(self.book, changed)
        for href in changed:
            self.dav.update(href, cards.with_note(texts[href], "changed there"), listing[href])
        for href in deleted:
            self.dav.delete(href, listing[href])
        for extra in range(3):
            path = f"{self.book}new-{extra}.vcf"
            self.checks.equal("a new card is taken", self.dav.create(path, cards.generated(9000 + extra)), 201)
        before = self.database()
        planned = self.program.sync("--dry-run")
        self.checks.that("a later dry run leaves the database as it was", self.database() == before)
        outcome = self.program.sync()
        self.checks.equal("a pull of changes succeeds", outcome.code, 0, outcome)
        expected = (3, len(changed), len(deleted))
        self.checks.equal("it makes exactly those changes", outcome.here(), expected, outcome)
        self.checks.equal("the dry run planned the same", told(planned), told(outcome))
        self.same_on_both_sides("after changes on the server")
        self.quiet_again("after changes on the server")

    def wrong_password_is_one_request(self, program: Program, when: str) -> None:
        # `list` would make a database where there is none; nothing may come of a refused login.
        before = program.contacts() if program.database.exists() else []
        mark = self.proxy.mark()
        outcome = program.sync(password="not the password")
        seen = self.proxy.since(mark)
        self.checks.equal(f"a wrong password {when} is exit 3", outcome.code, 3, outcome)
        # What comes before are pages that need no login; nothing may come after.
        refused = [index for index, one in enumerate(seen, 1) if one.status == 401]
        expected = [len(seen) - back for back in range(self.server.handshake, -1, -1)]
        self.checks.equal(
            f"a wrong password {when} is sent once", refused, expected, "\n".join(map(str, seen))
        )
        after = program.contacts() if program.database.exists() else []
        self.checks.that(f"a wrong password {when} changes nothing here", after == before)

    def unknown_token(self, which: str, prepare) -> None:
        """A card goes while the token is lost: a delta cannot tell, only a full compare can."""
        listing = self.dav.listing(self.book)
        gone = sorted(listing)[10]
        self.dav.delete(gone, listing[gone])
        prepare()
        outcome = self.program.sync()
        self.proxy.exchange = None
        self.checks.equal(f"a token {which} does not stop a pull", outcome.code, 0, outcome)
        self.checks.equal(f"a token {which} leads to a full compare", outcome.book()["full"], True)
        self.checks.equal(
            f"a token {which} hides no deletion and changes nothing else", outcome.here(), (0, 0, 1), outcome
        )
        self.same_on_both_sides(f"after a token {which}")
        self.quiet_again(f"after a token {which}")

    def foreign_token(self) -> None:
        self.proxy.exchange = lambda seen: re.sub(
            rb"(<[\w:]*sync-token>)[^<]+(<)", rb"\1http://example.org/ns/sync/another-life\2", seen.body
        )

    def killed_in_the_first_pull(self) -> None:
        """Each run dies while the answer to its 1st, 2nd, 3rd, 5th ... multiget is on its way."""
        program = self.install("killed")
        kills, counts = 0, []
        for nth in (1, 2, 3, 5, 8, 13, 21, 34):
            ended = self.kill_at_multiget(program, nth)
            if ended is not None:
                self.checks.equal("a run after kills succeeds", ended, 0)
                break
            kills += 1
            counts.append(len(program.contacts()))
        self.checks.that("a first pull was killed on its way", kills > 0)
        self.checks.figure("contacts here after each kill", counts)
        outcome = program.sync()
        self.checks.equal("the run after the last kill succeeds", outcome.code, 0, outcome)
        there = self.there()
        here = decoded(program.hrefs())
        self.checks.equal("after kills every card is here once", here, decoded(there))
        self.checks.equal("after kills there is no contact besides", len(program.contacts()), len(there))
        self.checks.that("after kills every card is whole", program.stored() == counted(there))

    def kill_at_multiget(self, program: Program, nth: int) -> int | None:
        """Kills a run that waits for its `nth` multiget; its exit code if it ended before that."""
        mark = self.proxy.mark()
        hold = self.proxy.hold(
            lambda _: sum(asked_for(seen) > 0 for seen in self.proxy.since(mark)) >= nth
        )
        running = program.start_sync()
        try:
            while not hold.reached.wait(0.05):
                if running.poll() is not None:
                    return running.returncode
            if nth == 1:
                second = program.sync()
                self.checks.equal("a second run meanwhile is exit 7", second.code, 7, second)
            return None
        finally:
            running.kill()
            running.wait(10)
            self.proxy.release()

    def emptied_book(self) -> None:
        for href, etag in self.dav.listing(self.book).items():
            self.dav.delete(href, etag)
        before = self.program.contacts()
        for dry in (["--dry-run"], [], ["--full"]):
            outcome = self.program.sync(*dry)
            how = " ".join(["an emptied book stops", *dry])
            self.checks.equal(f"{how} with exit 6", outcome.code, 6, outcome)
        self.checks.that("an emptied book deletes nothing here", self.program.contacts() == before)
        outcome = self.program.sync("--max-delete", "100%")
        self.checks.equal("--max-delete 100% lets it through", outcome.code, 0, outcome)
        self.checks.equal("every contact is deleted then", outcome.here(), (0, 0, len(before)), outcome)
        self.checks.equal("nothing is listed then", self.program.contacts(), [])

    def server_away(self) -> None:
        self.proxy.close()
        self.server.stop()
        outcome = self.program.sync()
        self.checks.equal("a server that is away is exit 4", outcome.code, 4, outcome)

    # What holds after every step

    def requests_kept_the_rules(self) -> None:
        seen = self.proxy.since(self.pulls)
        bodies = [one for one in seen if one.method == "REPORT"]
        wrong = {
            "a pull only reads": [one for one in seen if one.method not in READING],
            "no cookie is sent": [one for one in seen if "cookie" in one.headers],
            "every body has a Content-Length": [one for one in seen if "transfer-encoding" in one.headers],
            "every request names the program": [
                one for one in seen if not one.headers.get("user-agent", "").startswith("contactcmd/")
            ],
            # Xandikos and sabre cut the list at DAV:limit and hand out the newest token.
            "no DAV:limit is asked for": [one for one in bodies if b"nresults" in one.body],
            "addressbook-query is not used": [one for one in bodies if b"addressbook-query" in one.body],
        }
        for rule, breaches in wrong.items():
            self.checks.equal(rule, [str(one) for one in breaches[:3]], [])

    def password_is_nowhere(self) -> None:
        secrets = [PASSWORD.encode(), base64.b64encode(f"{USER}:{PASSWORD}".encode())]
        files: dict[str, bytes] = {}
        for program in self.programs:
            files |= program.files()
            for outcome in program.outcomes:
                files[f"output of {outcome.command}"] = f"{outcome.stdout}{outcome.stderr}".encode()
        found = [name for name, data in files.items() for secret in secrets if secret in data]
        self.checks.equal("the password is in no file and no output", found, [])

    def same_on_both_sides(self, when: str) -> None:
        """Every card here is, byte for byte (line ends apart), what the server serves."""
        there = self.there()
        self.checks.equal(
            f"{when} the same hrefs are on both sides", decoded(self.program.hrefs()), decoded(there)
        )
        here, served = self.program.stored(), counted(there)
        only = {"only here": list((here - served).elements()), "only there": list((served - here).elements())}
        shown = "\n".join(f"{side}: {len(cards)}, the first {cards[:1]}" for side, cards in only.items())
        self.checks.that(f"{when} all {len(there)} cards are the same to the byte", here == served, shown)

    def one_by_one(self) -> None:
        """The right card under the right href, with the server's ETag: for a sample."""
        there = {unquote(href): card for href, card in self.there().items()}
        etags = {unquote(href): etag for href, etag in self.dav.listing(self.book).items()}
        contacts = self.program.contacts()
        wrong = []
        for contact in contacts[:: max(1, len(contacts) // 20)]:
            link = contact["external_ids"]["carddav"][0]
            href = unquote(link["href"])
            if self.program.card(contact["id"]) != cards.plain(there[href]):
                wrong.append(f"{href}: another card")
            if link["etag"] != etags[href]:
                wrong.append(f"{href}: ETag {link['etag']} and not {etags[href]}")
        self.checks.equal("a sample has the right card and ETag under each href", wrong, [])

    def quiet_again(self, when: str) -> None:
        outcome = self.program.sync()
        quiet = (outcome.code, outcome.here(), outcome.book()["requests"])
        expected = (0, (0, 0, 0), 1 + self.server.handshake)
        self.checks.equal(f"{when} the next pull is one quiet request", quiet, expected, outcome)

    def database(self) -> dict[str, bytes]:
        """The bytes of the database and its journals (not of the lock beside it)."""
        names = [f"contacts.db{tail}" for tail in ("", "-wal", "-journal")]
        return {name: data for name, data in self.program.files().items() if name in names and data}


READING = ("OPTIONS", "PROPFIND", "REPORT", "GET", "HEAD")


def name_of(number: int) -> str:
    """File names that a client must give back as they are: blanks, accents, `&`, `%`, `@`, `+`."""
    return quote(f"card {number} é@&+%.vcf" if number % 7 == 0 else f"card-{number}.vcf")


def spoilt() -> list[bytes]:
    """Cards that servers take and then cannot say in XML: they must not cost the others."""
    control = cards.with_note(cards.generated(8001), "a \x0b vertical tab is not XML 1.0")
    noncharacter = cards.with_note(cards.generated(8002), "nor is \uffff this")
    latin = cards.generated(8003).replace("Образцова".encode(), b"M\xfcller")
    return [control, noncharacter, latin]


def decoded(hrefs: Iterable[str]) -> list[str]:
    """The hrefs without percent-encoding: SOGo encodes them in a PROPFIND and not in a REPORT."""
    return sorted(map(unquote, hrefs))


def counted(there: dict[str, bytes]) -> Counter[bytes]:
    return Counter(cards.plain(card) for text in there.values() for card in cards.split(text))


def asked_for(seen: Seen) -> int:
    """How many cards a multiget asks for; 0 for every other request."""
    if b"addressbook-multiget" not in seen.body:
        return 0
    return len(re.findall(rb"<(?:\w+:)?href>", seen.body))


def number(outcome: Outcome, field: str) -> int:
    """A field of the report that is a count or a list of what was counted."""
    value = outcome.book()[field]
    return value if isinstance(value, int) else len(value)


def told(outcome: Outcome) -> list[tuple]:
    """What a report says was done, apart from the ids that new contacts get."""
    return sorted((one["action"], str(one["name"]), str(one["fields"])) for one in outcome.book()["actions"])
