DROP TABLE history_places;
PRAGMA user_version = 1;
