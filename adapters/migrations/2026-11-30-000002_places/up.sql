-- Where a contact was on servers when it was deleted here: its links go with it, and whoever is brought
-- back belongs where they were. What an older version deleted has no rows.
CREATE TABLE history_places (
    history INTEGER NOT NULL REFERENCES history (id) ON DELETE CASCADE,
    book    INTEGER NOT NULL REFERENCES books (id) ON DELETE CASCADE,
    href    TEXT NOT NULL, -- as the server spells it
    PRIMARY KEY (history, book)
) WITHOUT ROWID;

PRAGMA user_version = 2;
