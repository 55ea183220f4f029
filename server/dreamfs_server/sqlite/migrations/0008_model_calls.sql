-- What calls of a model cost, and how much a person allowed them to. Amounts are millionths of a US dollar.

ALTER TABLE model_call ADD COLUMN model TEXT NOT NULL DEFAULT '';
-- The call whose messages come before those of `request`, which holds only what was new; 0 for none.
ALTER TABLE model_call ADD COLUMN continues INTEGER NOT NULL DEFAULT 0;
-- What it cost. While there is no answer: the most that it can cost, which stays when nobody knows whether it was charged.
ALTER TABLE model_call ADD COLUMN cost_microusd INTEGER NOT NULL DEFAULT 0;
-- Why there is no answer, a sentence.
ALTER TABLE model_call ADD COLUMN error TEXT NOT NULL DEFAULT '';
CREATE INDEX model_call_by_time ON model_call (created_at);

-- What a person allowed: one row each time somebody allowed or took back; the newest of a provider holds.
CREATE TABLE allowance (
    allowance_id       INTEGER PRIMARY KEY,
    provider           TEXT NOT NULL,
    microusd_per_month INTEGER NOT NULL CHECK (microusd_per_month >= 0),   -- 0: taken back
    allowed_by         TEXT NOT NULL,
    allowed_at         INTEGER NOT NULL
) STRICT;
