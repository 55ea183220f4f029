-- Who said it, in a log of several people; '' where the role says all there is to know.
ALTER TABLE event ADD COLUMN speaker TEXT NOT NULL DEFAULT '';
