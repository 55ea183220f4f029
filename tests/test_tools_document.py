"""docs/tools.md says of each tool what a client is told, with answers that were really given.

`DREAMFS_SNAPSHOTS=write pytest tests/test_tools_document.py` writes its generated part anew; read the difference then.
"""

import os
from pathlib import Path

from tools_document import MARK, tools_document

DOCUMENT = Path(__file__).parent.parent / "docs" / "tools.md"


async def test_the_reference_of_the_tools_says_what_the_tools_say() -> None:
    written, mark, kept = DOCUMENT.read_text(encoding="utf-8").partition(MARK)
    assert mark, "the line that parts what is written by hand from what is generated"
    told = "\n" + await tools_document()
    if os.environ.get("DREAMFS_SNAPSHOTS") == "write":
        DOCUMENT.write_text(written + mark + told, encoding="utf-8", newline="\n")
    else:
        assert kept == told
