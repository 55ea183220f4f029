-- Who pinned and unpinned what, and when. What is pinned now stands in `node.pinned`.
CREATE TABLE pin (
    pin_id    INTEGER PRIMARY KEY,
    store_id  INTEGER NOT NULL REFERENCES store,
    node_id   INTEGER NOT NULL REFERENCES node,
    pinned    INTEGER NOT NULL CHECK (pinned IN (0, 1)),
    author_id INTEGER NOT NULL REFERENCES author,
    at        INTEGER NOT NULL
) STRICT;
CREATE INDEX pin_by_node ON pin (node_id);
