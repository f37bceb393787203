"""vCards for the scenario: real ones when a folder of them is at hand, invented ones otherwise.

Everything here is bytes. Real cards are not always UTF-8, and a decode would hide the very damage
the comparison looks for.
"""

from pathlib import Path

ENOUGH = 300
"""How many cards a book needs, so that a first pull takes more than one multiget."""


def split(data: bytes) -> list[bytes]:
    """The cards in `data`, each with its own line ends, without what stands between them.

    A card inside a card (vCard 2.1 AGENT) stays inside.
    """
    cards, card, depth = [], b"", 0
    for line in data.splitlines(keepends=True):
        # Only the end is stripped: a folded line starts with a blank and is no BEGIN.
        word = line.rstrip().upper()
        if word == b"BEGIN:VCARD":
            depth += 1
        if depth:
            card += line
        if word == b"END:VCARD" and depth:
            depth -= 1
            if depth == 0:
                cards.append(card)
                card = b""
    return cards


def corpus(folder: Path) -> list[bytes]:
    """Every different card in the files below `folder`; none when the folder is absent."""
    if not folder.is_dir():
        return []
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".md")
    cards = [card for path in files for card in split(path.read_bytes())]
    return list(dict.fromkeys(cards))


def with_uid(card: bytes, uid: str) -> bytes:
    """`card` with a UID line of its own before its END, for servers that insist on one."""
    head, end, tail = card.rpartition(b"END:VCARD")
    return head + f"UID:{uid}\r\n".encode() + end + tail if end else card


def with_note(card: bytes, note: str) -> bytes:
    """`card` with one more NOTE: an edit that every server keeps."""
    head, end, tail = card.rpartition(b"END:VCARD")
    return head + f"NOTE:{note}\r\n".encode() + end + tail


def generated(number: int) -> bytes:
    """An invented card; the same number gives the same card."""
    given, family, script = INVENTED[number % len(INVENTED)]
    lines = [
        "BEGIN:VCARD",
        "VERSION:3.0",
        f"UID:interop-{number:05}",
        f"FN:{given} {family} {number}",
        f"N:{family} {number};{given};;;",
        f"EMAIL;TYPE=INTERNET,WORK:person{number}@example.org",
        f"TEL;TYPE=CELL:+1 555 {number:07}",
        f"item1.URL:https://example.org/people/{number}",
        "item1.X-ABLabel:_$!<HomePage>!$_",
        f"NOTE:{script}\\, card {number}: a note that is long enough to be folded by any",
        "  program that keeps to seventy-five octets a line\\; and it has a\\nsecond line",
        f"X-INTEROP-NUMBER;X-KEEP=yes:{number}",
        "END:VCARD",
        "",
    ]
    return "\r\n".join(lines).encode()


def rich(version: str) -> bytes:
    """A card of this version with what a careless writer drops: a picture, labels, relations."""
    lines = ["BEGIN:VCARD", f"VERSION:{version}", f"UID:rich-{version}", f"FN:Rich {version}"]
    lines += ["N:Rich;Ada;Beth;Dr.;jun.", "NICKNAME:Ada,Addie", "NOTE:one\\, two\\; three\\nfour"]
    lines += ["item1.URL:https://example.org/rich", "item1.X-ABLabel:Home page", "X-KEEP;X-P=yes:kept"]
    if version == "4.0":
        lines += ["KIND:individual", f"PHOTO:data:image/png;base64,{PICTURE}"]
        lines += ["RELATED;TYPE=friend:urn:uuid:00000000-0000-4000-8000-000000000001"]
        lines += ["ANNIVERSARY:20010203", "EMAIL;PREF=1;TYPE=work:rich4@example.org"]
    else:
        lines += [f"PHOTO;ENCODING=b;TYPE=PNG:{PICTURE}", "BDAY;X-APPLE-OMIT-YEAR=1604:1604-02-29"]
        lines += ["item2.X-ABDATE:2001-02-03", "item2.X-ABLabel:_$!<Anniversary>!$_"]
        lines += ["EMAIL;TYPE=INTERNET,WORK,PREF:rich3@example.org"]
    return "\r\n".join([*lines, "END:VCARD", ""]).encode()


def plain(card: bytes) -> bytes:
    """`card` as two readers of XML agree on it.

    An XML parser turns CRLF into LF unless the server wrote `&#13;` (XML 1.0, 2.11), so line ends
    cannot be compared through a multiget. Every other byte is.
    """
    return card.replace(b"\r\n", b"\n").replace(b"\r", b"\n").strip(b"\n")


def normal(card: bytes) -> bytes:
    """`card` without what servers even out: folds, the order and case of lines and parameters, how
    the types of a line are listed, and whether the commas of a text are escaped."""
    text = plain(card).replace(b"\n ", b"").replace(b"\n\t", b"")
    lines = []
    for line in text.split(b"\n"):
        head, _, value = line.partition(b":")
        # Cyrus writes TYPE=A;TYPE=B for TYPE=A,B.
        name, *params = head.upper().replace(b",", b";TYPE=").split(b";")
        if name not in (b"REV", b"PRODID", b"VERSION", b"BEGIN", b"END"):
            lines.append(b";".join([name, *sorted(params)]) + b":" + value.replace(b"\\,", b",").rstrip(b";"))
    return b"\n".join(sorted(lines))


PICTURE = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
"""One pixel, as PNG in Base64."""

INVENTED = [
    ("Zoë", "Ångström", "Latin with accents"),
    ("Ελένη", "Παράδειγμα", "Greek"),
    ("Пример", "Образцова", "Cyrillic"),
    ("例", "見本", "Han"),
    ("نمونه", "مثالی", "Arabic, right to left"),
    ("Pat", "O'Sample-Test", "Latin"),
    ("Emoji", "🙂 Sample", "beyond the basic plane"),
]
