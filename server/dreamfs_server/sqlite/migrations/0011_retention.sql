-- How long old contents of a store are kept: what `dreamfs prune` lets go where nobody says otherwise. NULL: for ever.
ALTER TABLE store ADD COLUMN keep_days INTEGER CHECK (keep_days > 0);
ALTER TABLE store ADD COLUMN keep_versions INTEGER CHECK (keep_versions > 0);
