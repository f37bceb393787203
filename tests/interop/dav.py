"""The other client: a small CardDAV client that changes the server behind the program's back.

It shares nothing with the program under test, so that one wrong idea cannot sit on both sides of
a comparison.
"""

import base64
import hashlib
import http.client
import os
import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from cards import plain

D = "{DAV:}"
C = "{urn:ietf:params:xml:ns:carddav}"


@dataclass(frozen=True)
class Reply:
    status: int
    headers: http.client.HTTPMessage
    body: bytes


class Refused(Exception):
    """The server answered with a status that the scenario cannot go on with."""


class Dav:
    """Requests to one server as one user. Paths are sent exactly as given."""

    def __init__(self, url: str, username: str, password: str) -> None:
        self.netloc = urlsplit(url).netloc
        self.username, self.password = username, password
        self.challenge: dict[str, str] = {}
        # What was put as vCard 4.0: Cyrus serves it as 3.0 unless it is asked for as it is.
        self.fours: set[str] = set()

    def request(self, method: str, path: str, body: bytes = b"", **headers: str) -> Reply:
        """Sends one request on a connection of its own; `If_Match` stands for `If-Match`."""
        reply = self.send(method, path, body, headers)
        asked = reply.headers.get("WWW-Authenticate", "")
        if reply.status == 401 and asked.lower().startswith("digest"):
            self.challenge = dict(re.findall(r'(\w+)="([^"]*)"', asked))
            return self.send(method, path, body, headers)
        return reply

    def authorization(self, method: str, path: str) -> str:
        """Basic until the server has asked for Digest (RFC 7616), of which it does MD5 and `auth`."""
        if not self.challenge:
            secret = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
            return f"Basic {secret}"
        realm, nonce = self.challenge["realm"], self.challenge["nonce"]
        # A new cnonce each time, so that every answer is the first of its kind.
        count, cnonce = "00000001", os.urandom(8).hex()
        who, what = md5(self.username, realm, self.password), md5(method, path)
        fields = {
            "username": self.username,
            "realm": realm,
            "nonce": nonce,
            "uri": path,
            "cnonce": cnonce,
            "response": md5(who, nonce, count, cnonce, "auth", what),
            "opaque": self.challenge.get("opaque", ""),
        }
        quoted = ", ".join(f'{name}="{value}"' for name, value in fields.items())
        return f"Digest {quoted}, qop=auth, nc={count}"

    def send(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Reply:
        """Sends one request once, and reads the answer."""
        connection = http.client.HTTPConnection(self.netloc, timeout=60)
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        fields |= {"Authorization": self.authorization(method, path), "Content-Length": str(len(body))}
        try:
            connection.request(method, path, body, fields)
            response = connection.getresponse()
            return Reply(response.status, response.headers, response.read())
        finally:
            connection.close()

    def make_collection(self, path: str, name: str, kind: str) -> None:
        """Creates a collection; `kind` is its resource type as prefixed XML (RFC 5689)."""
        body = f"""<?xml version="1.0" encoding="utf-8"?>
            <d:mkcol xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:carddav"
             xmlns:cal="urn:ietf:params:xml:ns:caldav"><d:set><d:prop>
            <d:resourcetype><d:collection/>{kind}</d:resourcetype>
            <d:displayname>{escape(name)}</d:displayname></d:prop></d:set></d:mkcol>"""
        expect(self.request("MKCOL", path, body.encode(), Content_Type=XML), 201, f"MKCOL {path}")

    def create(self, path: str, card: bytes) -> int:
        """PUTs a card that must not be there yet and returns the status, whatever it is."""
        self.note(path, card)
        return self.request("PUT", path, card, Content_Type=VCARD, If_None_Match="*").status

    def note(self, path: str, card: bytes) -> None:
        """Remembers in which version a card is stored."""
        is_four = b"VERSION:4.0" in card.upper()
        (self.fours.add if is_four else self.fours.discard)(unquote(path))

    def update(self, path: str, card: bytes, etag: str) -> None:
        """PUTs over exactly the version that `etag` names."""
        self.note(path, card)
        reply = self.request("PUT", path, card, Content_Type=VCARD, If_Match=etag)
        expect(reply, (200, 201, 204), f"PUT {path}")

    def delete(self, path: str, etag: str) -> None:
        """DELETEs exactly the version that `etag` names."""
        expect(self.request("DELETE", path, If_Match=etag), (200, 204), f"DELETE {path}")

    def listing(self, book: str) -> dict[str, str]:
        """The href and ETag of every card in `book`, by PROPFIND."""
        body = b'<d:propfind xmlns:d="DAV:"><d:prop><d:getetag/><d:resourcetype/></d:prop></d:propfind>'
        reply = self.request("PROPFIND", book, body, Content_Type=XML, Depth="1")
        expect(reply, 207, f"PROPFIND {book}")
        found = {}
        for response in ElementTree.fromstring(reply.body).iter(f"{D}response"):
            if response.find(f".//{D}resourcetype/{D}collection") is None:
                etag = response.findtext(f".//{D}getetag")
                if etag is None:
                    raise Refused(f"PROPFIND {book}: a card without an ETag")
                found[response.findtext(f"{D}href")] = etag
        return found

    def cards(self, book: str) -> dict[str, bytes]:
        """Every card of `book` by href."""
        found = {}
        hrefs = sorted(self.listing(book))
        for start in range(0, len(hrefs), 100):
            found |= self.fetch(book, hrefs[start : start + 100])
        return found

    def fetch(self, book: str, hrefs: list[str]) -> dict[str, bytes]:
        """The named cards by multiget, those that a multiget cannot carry by GET.

        One card with a control character makes the whole answer of Xandikos ill-formed, one that is
        not UTF-8 makes it a 500: so halves of halves, down to the card that spoils it.
        """
        try:
            found = self.multiget(book, hrefs)
        except (Refused, ElementTree.ParseError):
            if len(hrefs) == 1:
                return {hrefs[0]: self.card(hrefs[0])}
            half = len(hrefs) // 2
            return self.fetch(book, hrefs[:half]) | self.fetch(book, hrefs[half:])
        # DAViCal makes its XML well-formed by putting U+FFFD where the card has something else.
        for href in [href for href, card in found.items() if "\ufffd".encode() in card]:
            found[href] = self.card(href)
        for href in [href for href in found if unquote(href) in self.fours]:
            four = self.card(href, "4.0")
            # Where nothing but the number of the version differs, nothing tells which is stored.
            if plain(four).replace(b"VERSION:4.0", b"VERSION:3.0") != plain(found[href]):
                found[href] = four
        return found

    def card(self, href: str, version: str | None = None) -> bytes:
        """One card by GET, converted to `version` by servers that do that."""
        accept = {"Accept": f"text/vcard; version={version}"} if version else {}
        reply = self.request("GET", href, **accept)
        expect(reply, 200, f"GET {href}")
        return reply.body

    def multiget(self, book: str, hrefs: list[str]) -> dict[str, bytes]:
        """The named cards; raises if the server leaves one out or cannot say them in XML."""
        named = "".join(f"<d:href>{escape(href)}</d:href>" for href in hrefs)
        body = f"""<c:addressbook-multiget xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:carddav">
            <d:prop><d:getetag/><c:address-data/></d:prop>{named}</c:addressbook-multiget>"""
        reply = self.request("REPORT", book, body.encode(), Content_Type=XML, Depth="0")
        expect(reply, 207, f"multiget {book}")
        found = {}
        for response in ElementTree.fromstring(reply.body).iter(f"{D}response"):
            data = response.findtext(f".//{C}address-data")
            if data is not None:
                found[response.findtext(f"{D}href")] = data.encode()
        missing = sorted(set(hrefs) - set(found))
        if missing:
            raise Refused(f"multiget {book} left out {missing[:5]}")
        return found


def md5(*parts: str) -> str:
    return hashlib.md5(":".join(parts).encode()).hexdigest()


def expect(reply: Reply, status: int | tuple[int, ...], what: str) -> None:
    """Raises `Refused` unless the reply has (one of) the wanted status."""
    wanted = status if isinstance(status, tuple) else (status,)
    if reply.status not in wanted:
        raise Refused(f"{what}: {reply.status} {reply.body[:300]!r}")


XML = "application/xml; charset=utf-8"
VCARD = "text/vcard; charset=utf-8"
