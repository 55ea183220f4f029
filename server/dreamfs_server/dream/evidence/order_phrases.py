"""How text tells its reader what to do, in the languages that people write threads in: the patterns of `guard.py`.

They are matched on text in lower case without accents (`guard.folded`). Each says one thing; an exception that a pattern cannot
say (a negation before it) is in `guard.py`.
"""

import re

_W = r"[\w'’-]+"
_START = (
    r"(?:^|[.!?;:,(\[|—–>]\s*|\s[-=]+>?\s|\b(?:so|then|therefore|hence|just|please|always|never|first|otherwise)\s+)"
)
"""Where a clause begins."""

# Who is spoken of.
_KIND = r"(?:(?:a\.?i\.?|k\.?i\.?|ia|llm|coding|autonomous|language|on-?call|oncall)[- ]?)"
AGENTS = (
    rf"(?:{_KIND}?(?:agents?|assistants?|assistenten|assistentinnen|agenten|asistentes?|agentes?|assistentes?|assistenti|agenti|bots?"
    rf"|chatbots?|copilots?|llms?|ais?|ki|ia|robots?|automations?|summari[sz]ers?|claude|chatgpt|gpts?|codex|gemini|grok|sprachmodelle?n?)|(?:{_KIND}|language )(?:models?|modelle?|modelos?|modeles?|modelli))"
)
_DUTY = (
    r"(?:must|should|shall|ought|please|always|never|(?:needs?|has|have|is|are)\s+to|(?:is|are|be)\s+(?:to\s+be\s+)?(?:given|granted|allowed|required|permitted|instructed|told)"
    r"|(?:can|may)\s+(?:now\s+|always\s+|safely\s+|just\s+|also\s+)*(?:skip|ignore|bypass|approve|delete|merge|deploy|use|run|do|act|assume|treat|read|write|push|go)"
    r"|soll|sollen|sollten?|muss|mussen|durfen|darf|mogen|bitte"
    r"|deben?|deberian?|devem?|deve|deveriam?|tienen?|tem|precisam?|han|doit|doivent|devez|devraient|devrait|devono|dovrebbero|dovrebbe|moet|moeten|zouden)"
)
FOR_AGENTS = (
    rf"\b{AGENTS}(?:[ ,(]+{_W}){{0,4}}?[ ,):]+{_DUTY}\b",
    rf"\b(?:give|gives|giving|grants?|granting|allow|allowing|let|letting|tell|telling|ask|asking|instruct|instructing|require|requiring|remind|force|permit)\s+(?:(?:every|all|any|each|the|our|your|future|these|those)\s+){{0,2}}{AGENTS}\b",
    rf"\b{AGENTS}\s+(?:too|included|as well)\W*$|\b(?:including|and also)\s+(?:all\s+)?{AGENTS}\b",
    rf"\b(?:for|to|an|para|pour|per|voor|fur)\s+(?:every|all|any|each|future|alle|todos\s+los|tous\s+les|tutti\s+gli)\s+{AGENTS}\b",
    rf"(?:^|[.!?;:(>\[\"“]\s*){AGENTS}\s?[,:]\s",
    rf"(?:^|[.!?;:,(]\s*|\b)(?:(?:the|all|our|every|any)\s+)*{AGENTS}\s+(?:(?:do|does|did)(?:\s+not|n['’]t)\s+|not\s+)?(?:run|use|skip|ignore|delete|restart|execute|approve|disable|install|send|post|call|open|write|save|store|record|remember|bypass|merge|push|deploy)\b",
    rf"\b(?:whoever|whomever|anyone|anybody|everyone|everybody|wer\s+(?:das|dies|es|auch)|quien|quienquiera|quiconque|chiunque|wie\s+dit|quem)(?:[ ,]+{_W}){{0,6}}?[ ,]+(?:reads?|sees?|runs?|executes?|finds?|handles?|must|should|has|liest|lit|voit|lee|vea|legge|leest|ler)\b",
    r"(?:アシスタント|エージェント|チャットボット|人工知能|助手|智能体|机器人|聊天机器|어시스턴트|에이전트)",
    r"(?:ассистент|агент|бот|модел)\w*\s+(?:\w+\s+){0,3}(?:долж|обязан|нужно|следует|могут)\w*",
)

# What to do, whoever is meant.
VERBS = (
    "ignore|disregard|forget|delete|remove|disable|enable|run|rerun|execute|install|reinstall|download|restart|reboot|kill|wipe|erase|drop|grant|give|allow"
    "|whitelist|allowlist|add|append|put|set|turn|switch|stop|start|make|use|ensure|avoid|keep|let|call|send|post|upload|forward|share|publish|approve|merge"
    "|skip|bypass|override|store|save|remember|record|follow|open|visit|go|ask|tell|treat|assume|consider|trust|accept|revoke|rotate|replace|revert"
    "|rollback|roll|deploy|redeploy|push|pull|apply|upgrade|downgrade|bump|increase|raise|lower|reduce|pin|unpin|unlock|clear|flush|purge|truncate|drain|scale|page"
    "|contact|reset|delegate|paste|copy|write|edit|change|move|mark|close|create|update|check|verify|wait|try|retry|prefer|configure|grab|fetch|email|notify|report|shut|take|do"
)
_OBJECT = (
    r"(?:(?:the|a|an|all|any|your|every|this|that|these|those|it|them|everything|our|its|their|each|only|more|less|again|first|back|off|up)\b"
    r"|(?:curl|wget|kubectl|docker|rm|sudo|bash|sh|python3?|pip|npm|npx|git|make|systemctl|aws|gcloud|terraform|ansible|helm|psql|redis-cli|ssh|scp)\b"
    r"|[`\"'“]|--?\w|https?:|\w*[^\W\d_]\w*[-_./@=:][^\W_]|[^\W\d_][^\W\d]*\d|/\w)"
)
IMPERATIVES = (
    rf"{_START}(?:(?:please|just|always|never|first|do\s+not|don['’]?t)\s+)*(?:{VERBS})\s+(?:always\s+|never\s+|first\s+)?{_OBJECT}",
    rf"{_START}(?:always|never|do\s+not|don['’]?t|please|make\s+sure|be\s+sure)\s+(?:to\s+|that\s+|again\s+|ever\s+)?(?:{VERBS})\b",
    rf"{_START}(?:do\s+not|don['’]?t|please|make\s+sure|be\s+sure)\b",
    rf"{_START}(?:{VERBS})\b[^.;]{{0,60}}\b(?:first|before\s+(?:anything|everything|you|paging|all)(?:\s+else)?|every\s+time|each\s+time|immediately|right\s+away|whenever)\W*$",
    r"(?:^|[:=]\s*)(?:see|read|note)\b",
    # the infinitives and imperatives of other languages, where what goes with them says that they are one
    r"(?:^|[.!?;:(=>]\s*)\w{3,}(?:er|ir|re)\s+(?:le|la|les|l['’]|des|du|une?|tous|toute|ce|cette|d['’]abord)(?:\s|[^\W\d_])",
    r"(?:^|[.!?;:(=>]\s*)\w{3,}[aei]r(?:se)?\s+(?:el|la|los|las|una?|todos?|todas?|um|uma|primero|primeiro)\s",
    r"(?:^|[.!?;:(=>]\s*)\w{3,}[aei]re\s+(?:il|lo|la|gli|le|tutti|tutte|una?|prima)\s",
    r"\b\w{3,}(?:er|ir|re|ez|ar|are|ere|ire)\s+(?:toujours|jamais|d['’]abord|systematiquement|imperativement|siempre|nunca|primero|sempre|primeiro|prima)\b",
    r"\b(?:toujours|ne\s+jamais|ne\s+pas|siempre|nunca|sempre|primero|primeiro|prima)\s+\w{3,}(?:er|ir|re|ar|are|ere|ire)\b",
    r"(?:^|[.!?;:,(=>]\s*)(?:usa|use|usen|usem|ejecut[ae]n?|borr[ae]n?|reinici[ae]n?|desactiv[ae]n?|utilice|haz|hagan|recuerd[ae]n?|execut[ae]m?|apag(?:a|ue)m?|deslig(?:a|ue)m?|esegui|cancella|riavvia|usate)\s+(?:(?:siempre|sempre|primero|primeiro|el|la|los|las|os|il|lo)\s|--|`)",
    r"(?:^|[.!?;:,(=>]\s*)(?:utilisez|executez|redemarrez|supprimez|desactivez|lancez|mettez|ajoutez|ignorez|n['’]\w+ez\s+(?:pas|jamais)|ne\s+\w+ez\s+(?:pas|jamais))\b",
    rf"(?:^|[.!?;:(=>]\s*)(?:{_W}\s+){{0,3}}?(?:immer|stets|zuerst|altijd|nooit)\s+(?:{_W}\s+){{0,7}}?\w{{3,}}(?:en|ern|eln)\W*$",
    r"(?:^|[.!?;:,(=>]\s*)(?:merke?\s+(?:dir|euch)|denk(?:e|t)?\s+daran|nutz(?:e|t)|benutz(?:e|t)|verwende[tn]?|losch(?:e|t)|fuhre?\s|start(?:e|et)\s|schalt(?:e|et)\s|deaktivier(?:e|t)|gebruik|verwijder|herstart|voer)\b",
)
BARE_ORDER = re.compile(
    r"(?:^|[.;:,=]\s*|\b(?:actually|really|again|always|please)\s+)(?:ignore|disregard|forget|delete|remove|disable|enable|execute|install|reinstall|restart|reboot|wipe|erase|destroy|grant|give|allow|ensure|avoid|send|tell|treat|assume"
    r"|accept|revoke|approve|bypass|remember|kill|purge|flush|truncate|drop|stop|unlock|redeploy|upload|download|rotate|revert|rollback|run|use)\s+(?P<what>[^\W\d_][^.;,]*)"
)
"""A verb and a thing: an order, unless it is a name (`restart loop`) or something happens to it (`delete job failed`)."""
NO_ORDER = re.compile(
    r"^(?:of|in|on|by|at|for|and|after|with|from|to|per|during|without|when|while|as|or)\b"
    r"|^(?:loop|storm|marker|script|job|request|failure|error|bug|race|timeout|limit|queue|lock|event|hook|command|operation|statement|query|process|step|task|policy|flag|key|path|handler|cycle|window"
    r"|rate|count|level|time|button|message|call|log|file|batch|signal|tag|list|table|flow|permission|right|attempt|order|switch|switche)s?\b"
    r"|\b(?:is|are|was|were|has|had|did|does|do|not|never|broke|hung|ran|went|got|took|made|left|lost|held|kept|sent|hit|fell|threw|too|again)\b|\b\w{3,}ed\b"
)
OBLIGATIONS = (
    r"\b(?:must|should|shall)\b",
    r"\bought\s+to\b|\b(?:needs?|has|have|got)\s+to\b|\b(?:is|are)\s+(?:obliged|expected|instructed|authori[sz]ed|permitted|allowed)\s+to\b",
    r"\b(?:is|are)\s+(?:always\s+|just\s+|simply\s+|now\s+)?to\s+(?:be\s+)?\w+",
    r"\b(?:from\s+now\s+on|going\s+forward|for\s+future\s+reference|in\s+(?:the\s+)?future|henceforth|next\s+time|best\s+practice|policy\s+update|no\s+longer\s+(?:needed|required|necessary))\b",
    r"\b(?:muss|mussen|musst|soll|sollen|sollst|sollten?|darf\s+nicht|durfen\s+nicht|bitte|ab\s+(?:jetzt|sofort)|kunftig|in\s+zukunft|fur\s+die\s+zukunft)\b",
    r"\b(?:doit|doivent|devez|devrait|devraient|il\s+faut|faudrait|veuillez|desormais|dorenavant|a\s+l['’]avenir)\b",
    r"\b(?:debe|deben|debes|deberian?|hay\s+que|tienen?\s+que|tienes\s+que|a\s+partir\s+de\s+ahora|de\s+ahora\s+en\s+adelante|por\s+favor)\b",
    r"\b(?:deve|devem|deveriam?|tem\s+(?:que|de)|e\s+preciso|daqui\s+em\s+diante|a\s+partir\s+de\s+agora|devono|dovrebbe|dovrebbero|bisogna|occorre|d['’]ora\s+in\s+poi|per\s+favore)\b",
    r"\b(?:moet|moeten|zou(?:den)?\s+moeten|dien(?:t|en)\s+te|voortaan|vanaf\s+nu|alstublieft)\b",
    r"\b(?:is|are)\s+(?:now\s+)?(?:mandatory|obligatory|compulsory|imperative)\b",
    r"\b(?:musi|musza|musisz|powin\w+|nalezy|maste|ska|skall|skal|lutfen|\w+(?:mal[iı]|meli)(?:d[iı]r|y[iı]z|s[iı]n)?)\b",
    r"必ず|してください|しなければ|すること|べき|今後|常に|必须|必須|应该|應該|应当|请|請|务必|務必|始终|今后|必要|せよ|ください|なさい|需要先|要先|반드시|하세요|해야",
    r"(?:долж|обязан)\w+|необходимо|следует|пожалуйста|всегда\s+сначала",
)

# What makes a system weaker.
_SHIELD = (
    r"(?:auth(?:n|z|enticat\w+|ori[sz]ation)?|login|m?tls|ssl|https|certificate\s+(?:check|validation|verification)\w*|verif\w+|validation|2fa|mfa|otp|firewalls?|waf"
    r"|selinux|apparmor|seccomp|sandbox\w*|audit\w*|approvals?|reviews?|guard\s?-?rails?|guards?|safety|safeguards?|security|protections?|encryption|signatures?|signing|checks|rbac|acls?"
    r"|permissions?|rate\s+limits?|csrf|branch\s+protection|confirmations?|authentifi\w+|zertifikat\w*|pruf\w+|uberpruf\w+|freigaben?|sicherheit\w*|verschlussel\w+|schutz\w*"
    r"|pare-feu|securite|chiffrement|autentic\w+|valida\w+|cortafuegos|seguridad|cifrado|aprobacion(?:es)?|aprovac\w+|seguranca|sicurezza|approvazion\w+|beveiliging|controles?)"
)
WEAKENING = (
    rf"\b(?:disabl(?:e|es|ing)|turn(?:ing)?\s+off|switch(?:ing)?\s+off|bypass(?:ing)?|skip(?:ping)?|drop(?:ping)?|remov(?:e|ing)|ignor(?:e|ing)|suppress(?:ing)?|weaken(?:ing)?|stop(?:ping)?)\s+(?:{_W}\s+){{0,4}}?{_SHIELD}\b",
    rf"\bturn(?:ing)?\s+(?:the\s+)?{_SHIELD}\s+off\b|\b{_SHIELD}\s+(?:{_W}\s+){{0,3}}?(?:to\s+be|be)\s+(?:disabled|removed|skipped|bypassed|(?:switched|turned)\s+off)\b",
    rf"\b(?:desactiv(?:er|ez|ar|e|en)|contourner|couper|supprimer|deshabilit\w+|apagar|omitir|saltar(?:se)?|desativ\w+|deslig\w+|disattiv\w+|disabilit\w+|spegnere|aggirare|ignor(?:er|ar|are))\s+(?:{_W}\s+){{0,4}}?(?:l['’])?{_SHIELD}\b",
    rf"\b{_SHIELD}\s+(?:{_W}\s+){{0,5}}?(?:ab|aus)?(?:zu)?(?:schalten|stellen|deaktivieren|umgehen|uberspringen|uitschakelen|uitzetten|omzeilen)\b",
    r"\b(?:giv(?:e|ing)|grant(?:ing)?|add(?:ing)?|get|be\s+(?:given|granted|made))\s+[^.;]{0,40}\b(?:root|admin|admins|administrator|sudo|sudoers|superuser|full\s+(?:access|permissions?|control|rights)|write\s+access|cluster-?admin|privileges?)\b",
    r"\b(?:add|append|put|install|trust|upload|import)(?:ing)?\s+[^.;]{0,40}\b(?:(?:ssh|public|api|gpg|deploy)[- ]?keys?|keys?\s+(?:ssh|aaaa)|authorized_keys)|\bssh-(?:rsa|ed25519|dss)\s+aaaa",
    r"\b(?:white|allow|safe)-?list(?:ing)?\s+(?:the\s+|all\s+|any\s+|every\s+|our\s+)?(?:ips?\b|domains?\b|hosts?\b|address|range|\S*[.:/]\S|\d)",
    r"\b(?:post|send|paste|forward|upload|share|publish|print|exfiltrat)(?:e|ing)?\s+[^.;]{0,50}(?:\bcredentials?\b|\bpasswords?\b|\bsecrets?\b|\btokens?\b|\bprivate\s+keys?\b|/etc/|\.env\b)",
    r"\b(?:curl|wget|iwr|invoke-webrequest)\s+(?:-\S+\s+)*[\"']?(?:https?:|[\w-]+(?:\.[\w-]+)+)",
    r"--(?:no-verify|insecure|skip-(?:tls|verify|auth)\w*|allow-unsafe|disable-\w+|privileged)\b|\binsecure-skip-\w+|\bsetenforce\s+0|\bufw\s+disable|\biptables\s+-f\b|\bauditctl\s+-e\s?0|\bchmod\s+(?:-r\s+)?(?:0?777|a\+rwx)",
    r"\b(?:kubectl|terraform|helm|aws|gcloud|zfs|docker)\s+(?:[\w-]+\s+)?(?:delete|destroy|uninstall|rm|prune)\b|\bgit\s+push\s+(?:-f|--force)\b",
)
WEAKENED = (
    rf"\b(?:disabled|turned\s+off|switched\s+off|bypassed|skipped|removed|ignored)\s+(?:{_W}\s+){{0,4}}?{_SHIELD}\b",
    rf"\b{_SHIELD}\s+(?:{_W}\s+){{0,3}}?(?:was|were)\s+(?:disabled|removed|skipped|bypassed|(?:switched|turned)\s+off)\b",
    r"\b(?:gave|granted|given|added)\s+[^.;]{0,40}\b(?:root|admin|admins|administrator|sudo|superuser|full\s+(?:access|permissions?|control|rights)|cluster-?admin)\b",
    r"\b(?:white|allow|safe)-?listed\s",
    rf"\b(?:no|without|less)\s+(?:{_W}\s+){{0,2}}?{_SHIELD}\b|\b{_SHIELD}\s+(?:is\s+|are\s+)?off\b",
    r"^\W*(?:sudo|npm|npx|pip3?|curl|wget|bash|sh|ssh|apt(?:-get)?|yum|brew)\s",
)
"""The same as done: what it was may have been that; what ended it is not told so."""
UNASKED = (
    r"\bwithout\s+(?:asking|telling|confirm\w+|approval|permission|(?:a\s+)?review|informing|notifying|waiting)\b|\bnever\s+ask\b|\b(?:do\s+not|don['’]?t)\s+(?:ask|tell|mention|inform|notify)\b",
    r"\bno\s+(?:need|reason)\s+to\s+(?:ask|confirm|check)\b|\bno\s+(?:confirmation|approval|review)s?\s+(?:is\s+|are\s+)?(?:needed|necessary|required)\b|\bno\s+longer\s+(?:needs?|require)\w*",
    r"\b(?:ohne\s+(?:zu\s+fragen|ruckfrage|freigabe|nachfrage)|sans\s+(?:demander|prevenir)|sin\s+(?:preguntar|avisar|autorizacion)|sem\s+(?:perguntar|avisar)|senza\s+(?:chiedere|avvisare)|zonder\s+te\s+vragen)\b",
)
NOT_BEFORE = re.compile(
    rf"(?:\bnot|\bnever|n['’]t|\bavoid|\bno|\bnicht|\bnie|\bne|\bnunca|\bnao|\bnon|\bwithout)\s+(?:{_W}\s+){{0,2}}$"
)
NOT_FAR_BEFORE = re.compile(rf"(?:\bnot|\bnever|n['’]t|\bnicht|\bnie)\s+(?:{_W}\s+){{0,6}}$")
"""`Never merge to main without a review`."""
FORGETTING = re.compile(r"\b(?:forget|fail|hesitate|vergessen|vergiss|oublier|olvid\w+)\b")


def matcher(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """One pattern for several."""
    return re.compile("|".join(f"(?:{one})" for one in patterns))
