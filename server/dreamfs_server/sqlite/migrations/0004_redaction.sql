-- What redaction needs: a text in place of a redacted one, messages that can go without breaking the chain, and which
-- redactions still wait for their bytes to be overwritten. docs/schema.md is the specification.

-- A redacted content may have another one to be read instead: the same text without the passage that was taken out.
-- The row that was redacted keeps its commitment, so that the chain still holds.
ALTER TABLE content ADD COLUMN replaced_by INTEGER REFERENCES content;
CREATE INDEX content_by_replacement ON content (replaced_by) WHERE replaced_by IS NOT NULL;

-- The chain has a message as HMAC-SHA-256(message_salt, message). Both NULL: the message stands in the chain as it is
-- (an empty one does). When a message is redacted, the salt goes and the commitment is written down.
ALTER TABLE revision ADD COLUMN message_salt BLOB;
ALTER TABLE revision ADD COLUMN message_commitment BLOB;

-- That it happened, when and by whom; what it was is not kept. Times are milliseconds since 1970 in UTC.
CREATE TABLE redaction (
    redaction_id INTEGER PRIMARY KEY,
    kind         TEXT NOT NULL CHECK (kind IN ('redacted', 'pruned')),
    at           INTEGER NOT NULL,
    author_id    INTEGER NOT NULL REFERENCES author,
    reason       TEXT NOT NULL,
    copies       INTEGER NOT NULL,   -- how many places held it
    erased_at    INTEGER             -- when the file was rewritten without it; NULL: hidden, erasure pending
) STRICT;
CREATE INDEX redaction_pending ON redaction (redaction_id) WHERE erased_at IS NULL;
