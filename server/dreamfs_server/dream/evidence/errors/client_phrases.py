"""What a client says before a tool ran at all, by what it is about: rows of `family_patterns.py`."""

from collections.abc import Sequence

NOT_PERMITTED = "the client did not permit the call"

CLIENT: Sequence[tuple[str, ...]] = (
    (
        NOT_PERMITTED,
        r"\brequires? (?:\w+ ){0,2}approval\b",
        r"^Command contains (?:in|out)put redirection",
        r"^Claude requested permissions to",
        r"^Blocked: ",
        r"you haven't granted it",
        r"permission to (?:use|read|edit|write) .{1,200} (?:been )?(?:auto-)?denied",
        r"auto-denied",
        r"\bwas blocked\. For security",
        r"may only \w+ (?:files|directories) in the allowed",
        r"not allowed in (?:write|read) operations",
        r"user doesn't want to",
        r"denied by (?:your )?permission settings",
        r"outside (?:of )?(?:the )?allowed (?:working )?director",
    ),
    (
        "a hook blocked the call",
        r"\b(?:Pre|Post)ToolUse:",
        r"\bhook (?:error|blocked|denied|feedback)",
        r"blocked by .{0,40}\bhook\b",
    ),
    (
        "wrong arguments of a tool",
        r"InputValidationError",
        r"^Search failed",
        r"invalid (?:tool )?(?:input|parameters?)\b",
        r"MCP error -326\d\d",
    ),
    (
        "no such task or shell in the background",
        r"^No (?:shell|task) found with ID",
        r"^(?:Shell|Task) \S+ is not running",
    ),
    ("nothing to change", r"^No changes to make\b", r"old_str(?:ing)? and new_str(?:ing)? are (?:exactly )?the same"),
    ("a binary file", r"cannot read binary files", r"appears to be a binary"),
    (
        "a browser's page was not as thought",
        r"page, context or browser has been closed",
        r"not found in the current page snapshot",
        r"related modal state",
        r"execution context was destroyed",
        r"^(?:Error: )?(?:locator|page|browserBackend)\.\w+:",
    ),
    (
        "no such tool",
        r"no such tool available",
        r"^unknown tool\b",
        r"tool .{1,80} (?:not found|does not exist)",
        r"^Unknown skill",
        r"^Execute skill:",
    ),
    (
        "string to replace not found",
        r"string to replace not found",
        r"old_str(?:ing)? .{0,60}(?:not found|did not appear)",
    ),
    ("string to replace found several times", r"found \d+ matches of the string", r"multiple occurrences of old_str"),
    (
        "file not read, or changed since",
        r"has not been read yet",
        r"(?:has been |was )?(?:unexpectedly )?modified since (?:it was )?(?:last )?read",
        r"file has been (?:unexpectedly )?modified",
    ),
    (
        "too much to read at once",
        r"exceeds? (?:the )?maximum allowed (?:tokens|size)",
        r"content too large",
        r"output too large",
        r"too large to read",
    ),
)
