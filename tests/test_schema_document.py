"""docs/schema.md names every table of stores and every column in it."""

import sqlite3
from pathlib import Path

from dreamfs_server.sqlite import schema

DOCUMENT = Path(__file__).parent.parent / "docs" / "schema.md"
TABLES = [
    "store",
    "author",
    "revision",
    "content",
    "node",
    "change",
    "folder_state",
    "access",
    "redaction",
    "backup",
    "pin",
    "store_change",
]


def test_the_document_names_every_table_and_column() -> None:
    c = sqlite3.connect(":memory:", isolation_level=None)
    schema.migrate(c, schema.migrations(), lambda: None)
    document = DOCUMENT.read_text(encoding="utf-8")
    for table in [*TABLES, "store_merge"]:
        columns = [str(row[1]) for row in c.execute(f"PRAGMA table_xinfo({table})").fetchall()]
        assert columns
        missing = [column for column in columns if f"`{column}`" not in document and not column.endswith("_id")]
        assert not missing, f"{table}: {missing}"
        assert table in document
    c.close()
