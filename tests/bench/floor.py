"""The floor: what the same transfer and the same rows cost with curl and the sqlite3 shell.

curl does the sync-collection report and the multigets, 500 cards each, six at a time; the sqlite3
shell puts the rows into tables with the same columns and keys in one transaction. What stands
between the two (reading XML, planning, indexing for search) is counted as free.
"""

import csv
import re
from pathlib import Path
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from measure import Cost, Failed, cost

BATCH = 500
TOGETHER = 6

SCHEMA = """
pragma journal_mode = wal;
create table contacts (id text primary key, uid text, vcard blob, name text) without rowid;
create table external_ids (contact text, href text, etag text, base blob,
                           primary key (contact), unique (href)) without rowid;
begin;
.mode csv
.import contacts.csv contacts
.import links.csv external_ids
commit;
"""


class Floor:
    """Works in `folder` against the book at `url`."""

    def __init__(self, folder: Path, url: str, login: str) -> None:
        self.folder = folder
        self.url = url
        self.login = login
        self.token = ""
        folder.mkdir(parents=True)

    def first(self) -> Cost:
        """Everything from nothing."""
        for path in self.folder.iterdir():
            path.unlink()
        self.token = ""
        listing = self.changes()
        hrefs = re.findall(r"<[\w:]*href>([^<]+\.vcf)</", (self.folder / "listing.xml").read_text())
        fetching = self.multigets(hrefs)
        self.write_rows(len(hrefs))
        (self.folder / "import.sql").write_text(SCHEMA)
        # The shell reads the CSV files from where it stands.
        store = ["sh", "-c", f"cd '{self.folder}' && exec sqlite3 floor.db"]
        return listing + fetching + cost(store, file=self.folder / "import.sql")

    def changes(self) -> Cost:
        """One sync-collection report with the token of the last one."""
        # No blank may get between the token and its tags.
        body = (
            '<?xml version="1.0"?><d:sync-collection xmlns:d="DAV:">'
            f"<d:sync-token>{escape(self.token)}</d:sync-token><d:sync-level>1</d:sync-level>"
            "<d:prop><d:getetag/></d:prop></d:sync-collection>"
        )
        (self.folder / "changes.xml").write_text(body)
        output = self.folder / "listing.xml"
        spent = cost(["curl", "--config", self.config([("changes.xml", output)])])
        found = re.search(r"<[\w:]*sync-token>([^<]+)</", output.read_text())
        if not found:
            raise Failed(f"no sync token in {output.read_text()[:300]}")
        self.token = found.group(1)
        return spent

    def multigets(self, hrefs: list[str]) -> Cost:
        """Every card, in one curl process."""
        pairs = []
        for start in range(0, len(hrefs), BATCH):
            named = "".join(f"<d:href>{href}</d:href>" for href in hrefs[start : start + BATCH])
            body = f"""<?xml version="1.0"?><c:addressbook-multiget xmlns:d="DAV:"
                xmlns:c="urn:ietf:params:xml:ns:carddav"><d:prop><d:getetag/><c:address-data/></d:prop>
                {named}</c:addressbook-multiget>"""
            name = f"multiget-{start}.xml"
            (self.folder / name).write_text(body)
            pairs.append((name, self.folder / f"cards-{start}.xml"))
        together = ["--parallel", "--parallel-max", str(TOGETHER), "--parallel-immediate"]
        return cost(["curl", *together, "--config", self.config(pairs)])

    def config(self, pairs: list[tuple[str, Path]]) -> str:
        """A curl config of one REPORT for each (body, output)."""
        requests = [
            f'url = "{self.url}"\nrequest = REPORT\nuser = "{self.login}"\nfail\nsilent\nshow-error\n'
            f'header = "Content-Type: application/xml"\nheader = "Depth: 0"\nheader = "Expect:"\n'
            f'data-binary = "@{self.folder / body}"\noutput = "{output}"\n'
            for body, output in pairs
        ]
        path = self.folder / f"curl-{len(pairs)}.conf"
        path.write_text("next\n".join(requests))
        return str(path)

    def write_rows(self, expected: int) -> None:
        """The fetched cards as CSV for the sqlite3 shell."""
        found = 0
        with (self.folder / "contacts.csv").open("w", newline="") as contacts:
            with (self.folder / "links.csv").open("w", newline="") as links:
                people, places = csv.writer(contacts), csv.writer(links)
                for file in self.folder.glob("cards-*.xml"):
                    for response in ElementTree.parse(file).iter("{DAV:}response"):
                        card = response.findtext(".//{urn:ietf:params:xml:ns:carddav}address-data")
                        etag = response.findtext(".//{DAV:}getetag")
                        href = response.findtext("{DAV:}href")
                        name = re.search(r"(?m)^FN[^:]*:(.*)$", card)
                        people.writerow([found, href, card, name.group(1) if name else ""])
                        places.writerow([found, href, etag, card])
                        found += 1
        if found != expected:
            raise Failed(f"curl fetched {found} of {expected} cards")
