-- The marks by which this program knows its own database ("ccmd") and its age; every migration
-- ends by raising user_version to its own number.
PRAGMA application_id = 1667460452;

CREATE TABLE accounts (
    id        INTEGER PRIMARY KEY,
    name      TEXT NOT NULL,
    server    TEXT NOT NULL,
    username  TEXT NOT NULL,
    home_sets TEXT NOT NULL, -- JSON, a list of addresses
    UNIQUE (server, username)
);

CREATE TABLE books (
    id           INTEGER PRIMARY KEY,
    account      INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    location     TEXT NOT NULL, -- as the server spells it
    href_key     TEXT NOT NULL, -- its path made comparable: iCloud's hosts change, the path does not
    name         TEXT NOT NULL,
    access       TEXT NOT NULL, -- JSON
    hidden       INTEGER NOT NULL, -- the server made it for itself
    capabilities TEXT NOT NULL, -- JSON
    links        INTEGER NOT NULL DEFAULT 0, -- how many rows of external_ids it has
    sync_token   TEXT, -- NULL: the next listing is full
    ctag         TEXT,
    token_at     INTEGER,
    full_at      INTEGER,
    quirks       TEXT NOT NULL, -- JSON
    UNIQUE (account, href_key)
);

CREATE TABLE runs (
    id   INTEGER PRIMARY KEY AUTOINCREMENT, -- never used again: history names runs
    what TEXT NOT NULL,
    at   INTEGER NOT NULL, -- every time is in milliseconds since 1970-01-01T00:00:00Z
    forgotten INTEGER NOT NULL DEFAULT 0 -- 1: its history, or a later run's, is gone
);

-- The card is the record. Everything from uid to person is derived from it for finding and showing.
-- `person` is one JSON text and not a table of e-mails, one of phones and so on: nothing asks for a
-- contact by those alone (a search reads `search`), and ten more rows a contact would be written and
-- joined only to be put together again.
-- The card stands last: SQLite stores a row in this order, so that a list passes over a large photo.
CREATE TABLE contacts (
    id         BLOB NOT NULL UNIQUE, -- 16 bytes
    edited     INTEGER NOT NULL, -- how often the user changed it here
    deleted_at INTEGER, -- a tombstone stands
    linked     INTEGER NOT NULL, -- 1 when it has a row in external_ids
    created    INTEGER NOT NULL,
    updated    INTEGER NOT NULL,
    run        INTEGER NOT NULL REFERENCES runs (id), -- the one that added it
    uid        TEXT,
    uid_key    TEXT,
    sort_key   TEXT NOT NULL,
    name       TEXT NOT NULL,
    brief      TEXT NOT NULL, -- JSON: the organisation, phone and e-mail to list it with, or nulls
    names      TEXT NOT NULL, -- the name and nicknames, folded, each between two line ends
    search     TEXT NOT NULL, -- folded
    person     TEXT NOT NULL, -- JSON
    vcard      BLOB NOT NULL
);
-- Lists come off an index in their order, and a name is looked up in the first of them alone.
CREATE INDEX contacts_by_name ON contacts (sort_key, id, names) WHERE deleted_at IS NULL;
CREATE INDEX contacts_by_created ON contacts (created) WHERE deleted_at IS NULL;
CREATE INDEX contacts_by_updated ON contacts (updated) WHERE deleted_at IS NULL;
CREATE INDEX contacts_by_uid ON contacts (uid_key) WHERE uid_key IS NOT NULL;
-- What a run added, for undoing it; and a run's row goes only when no contact names it.
CREATE INDEX contacts_by_run ON contacts (run);
-- What a push has to create: costs by its number, not by the size of the book.
CREATE INDEX contacts_unlinked ON contacts (id) WHERE linked = 0;

CREATE TABLE external_ids (
    contact BLOB NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    book    INTEGER NOT NULL REFERENCES books (id) ON DELETE CASCADE,
    here    INTEGER NOT NULL, -- what happened to the contact since: 0 nothing, 1 edited, 2 deleted
    seen    INTEGER NOT NULL, -- the value of contacts.edited that the server has
    -- 1: the base is the contact's card, and `base` is NULL. That holds for nearly every link, halves
    -- the file where cards carry photos, and keeps the links of a book close together.
    base_is_card INTEGER NOT NULL CHECK (base_is_card = 0 OR base IS NULL),
    etag    TEXT,
    href    TEXT NOT NULL, -- as the server spells it
    href_key TEXT NOT NULL, -- made comparable
    base    BLOB, -- the text both sides last agreed on
    UNIQUE (contact, book)
);
CREATE UNIQUE INDEX external_ids_by_href ON external_ids (book, href_key);
-- What a sync has to send: costs by its number, not by the size of the book.
CREATE INDEX external_ids_edited ON external_ids (book) WHERE here <> 0;

-- Before a card changes, the bases that were the same text get their own copy: no statement that
-- replaces a card can forget it.
CREATE TRIGGER contacts_keep_base BEFORE UPDATE OF vcard ON contacts
BEGIN
    UPDATE external_ids SET base = OLD.vcard, base_is_card = 0
    WHERE contact = OLD.id AND base_is_card = 1;
END;

CREATE TRIGGER contacts_edited AFTER UPDATE OF edited, deleted_at ON contacts
BEGIN
    UPDATE external_ids
    SET here = CASE
        WHEN NEW.deleted_at IS NOT NULL THEN 2
        WHEN NEW.edited > seen THEN 1
        WHEN base IS NULL AND base_is_card = 0 THEN 1 -- never agreed: nothing may overwrite it
        ELSE 0
    END
    WHERE contact = NEW.id;
END;

-- Whoever adds a link sets `linked` and counts up `links` itself: as a trigger, that costs a fifth of
-- a first sync. Links go in several ways, the foreign keys' among them, so that is a trigger's.
CREATE TRIGGER external_ids_removed AFTER DELETE ON external_ids
BEGIN
    UPDATE books SET links = links - 1 WHERE id = OLD.book;
    UPDATE contacts SET linked = 0
    WHERE id = OLD.contact
        AND NOT EXISTS (SELECT 1 FROM external_ids WHERE contact = OLD.contact);
END;

CREATE TABLE pending (
    id      INTEGER PRIMARY KEY,
    book    INTEGER NOT NULL REFERENCES books (id) ON DELETE CASCADE,
    subject TEXT NOT NULL, -- what it is about made comparable, one note each
    contact BLOB REFERENCES contacts (id) ON DELETE CASCADE,
    href    TEXT,
    name    TEXT NOT NULL,
    reason  TEXT NOT NULL,
    etag    TEXT,
    tried   INTEGER, -- the value of contacts.edited that was refused for good
    since   INTEGER NOT NULL,
    UNIQUE (book, subject),
    CHECK ((contact IS NULL) <> (href IS NULL))
);
CREATE INDEX pending_by_contact ON pending (contact) WHERE contact IS NOT NULL;

CREATE TABLE conflicts (
    id      INTEGER PRIMARY KEY AUTOINCREMENT, -- never used again: people type it
    contact BLOB NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    book    INTEGER NOT NULL REFERENCES books (id) ON DELETE CASCADE,
    href    TEXT NOT NULL, -- of the card there
    at      INTEGER NOT NULL,
    decided TEXT, -- NULL: nobody did yet
    base    BLOB,
    local   BLOB NOT NULL,
    remote  BLOB NOT NULL
);
CREATE INDEX conflicts_by_contact ON conflicts (contact);
CREATE UNIQUE INDEX conflicts_undecided ON conflicts (book, contact) WHERE decided IS NULL;

-- The before-image of every card this program replaced or deleted. It outlives the contact.
CREATE TABLE history (
    id          INTEGER PRIMARY KEY,
    run         INTEGER NOT NULL REFERENCES runs (id),
    contact     BLOB NOT NULL,
    at          INTEGER NOT NULL,
    there       INTEGER NOT NULL, -- 1: replaced on the server, 0: here
    name        TEXT NOT NULL,
    why         TEXT NOT NULL,
    tombstone   INTEGER NOT NULL, -- 1: it was deleted here before, and this brought it back
    before_text BLOB NOT NULL,
    after_text  BLOB -- NULL: it was deleted
);
CREATE INDEX history_by_contact ON history (contact);
CREATE INDEX history_by_run ON history (run);

PRAGMA user_version = 1;
