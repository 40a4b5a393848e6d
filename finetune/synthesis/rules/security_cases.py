"""Insecure functions with their safe versions, as templates over names; both are run to show the difference."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from string import Template
from typing import Any

THINGS = (
    "report invoice photo ticket article recipe message profile order booking comment document lesson track".split()
)


@dataclass(frozen=True, slots=True)
class SecurityCase:
    """A weakness with its repair.

    Attributes:
        weakness: What is wrong, a sentence that names no identifiers.
        advice: What to do, an order.
        harmless: Arguments on which both versions agree.
        attack: Arguments on which the insecure version returns and the safe one refuses or returns something else.
    """

    name: str
    weakness: str
    advice: str
    insecure: str
    safe: str
    harmless: tuple[tuple[Any, ...], ...]
    attack: tuple[Any, ...]


_CASES = (
    SecurityCase(
        "eval_of_input",
        "Text from outside is passed to eval, so whoever sends it can run any expression (CWE-95).",
        "read literals with ast.literal_eval, which runs nothing",
        "def read_${thing}_values(text):\n    values = eval(text)\n    return list(values)",
        "import ast\n\n\ndef read_${thing}_values(text):\n    values = ast.literal_eval(text)\n    return list(values)",
        (("[1, 2, 3]",), ("('a', 'b')",), ("[]",)),
        ("[len(dir(__builtins__)) > 0, 'ran']",),
    ),
    SecurityCase(
        "path_traversal",
        "A file name from outside is glued to a folder, so ../ leads out of it (CWE-22).",
        "normalise the path and refuse one that leaves the folder",
        'def ${thing}_path(folder, name):\n    return folder + "/" + name',
        "import posixpath\n\n\ndef ${thing}_path(folder, name):\n"
        '    path = posixpath.normpath(folder + "/" + name)\n'
        '    if not path.startswith(folder + "/"):\n'
        '        raise ValueError(f"the name leads out of {folder}")\n'
        "    return path",
        (("/srv/files", "a.txt"), ("/srv/files", "2024/b.txt"), ("/data", "x")),
        ("/srv/files", "../../etc/passwd"),
    ),
    SecurityCase(
        "html_injection",
        "Text from users is put into a page unescaped, so a script in it runs for every visitor (CWE-79).",
        "escape the text with html.escape before it becomes markup",
        'def render_${thing}(title):\n    return f"<h2>{title}</h2>"',
        'import html\n\n\ndef render_${thing}(title):\n    return f"<h2>{html.escape(title)}</h2>"',
        (("Summer",), ("Blue 42",), ("two words",)),
        ("<script>steal()</script>",),
    ),
    SecurityCase(
        "shell_injection",
        "An argument is pasted into a shell command, so a semicolon in it starts a second command (CWE-78).",
        "quote the argument with shlex.quote",
        'def archive_${thing}_command(name):\n    return f"tar -cf backup.tar {name}"',
        'import shlex\n\n\ndef archive_${thing}_command(name):\n    return f"tar -cf backup.tar {shlex.quote(name)}"',
        (("photos",), ("a.txt",), ("2024-01",)),
        ("x; rm -rf /",),
    ),
    SecurityCase(
        "open_redirect",
        "The address to continue at is taken from the request unchecked, so it can lead to a foreign site (CWE-601).",
        "allow only addresses within the own site",
        'def after_${thing}_saved(target):\n    return target or "/"',
        "from urllib.parse import urlsplit\n\n\ndef after_${thing}_saved(target):\n"
        "    parts = urlsplit(target)\n"
        '    if parts.scheme or parts.netloc or not target.startswith("/"):\n'
        '        return "/"\n'
        "    return target",
        (("/home",), ("/list?page=2",), ("/",)),
        ("https://evil.example/login",),
    ),
    SecurityCase(
        "header_injection",
        "A value with line breaks is written into a header, so further headers can be smuggled in (CWE-113).",
        "refuse line breaks in header values",
        'def ${thing}_header(name):\n    return f"Content-Disposition: attachment; filename={name}"',
        "def ${thing}_header(name):\n"
        '    if "\\r" in name or "\\n" in name:\n'
        '        raise ValueError("line breaks are not allowed in a header")\n'
        '    return f"Content-Disposition: attachment; filename={name}"',
        (("a.pdf",), ("summer.png",), ("list.csv",)),
        ("a.pdf\r\nSet-Cookie: admin=1",),
    ),
    SecurityCase(
        "spreadsheet_formula",
        "Cells that begin with an equals sign are exported as they are and run as formulas when opened (CWE-1236).",
        "put an apostrophe before values that a spreadsheet would take for a formula",
        'def ${thing}_csv_line(cells):\n    return ",".join(cells)',
        "def ${thing}_csv_line(cells):\n"
        '    guarded = ["\'" + cell if cell[:1] in ("=", "+", "-", "@") else cell for cell in cells]\n'
        '    return ",".join(guarded)',
        ((["a", "b"],), (["x"],), (["1", "two"],)),
        (["=cmd|' /C calc'!A0", "b"],),
    ),
    SecurityCase(
        "predictable_token",
        "Access tokens come from a pseudo-random generator with a known seed, so they can be foretold (CWE-338).",
        "draw tokens with the secrets module",
        "import random\n\n\ndef ${thing}_token(user):\n"
        "    generator = random.Random(user)\n"
        '    return user + "-" + "".join(generator.choice("0123456789abcdef") for _ in range(16))',
        'import secrets\n\n\ndef ${thing}_token(user):\n    return user + "-" + secrets.token_hex(8)',
        (),
        ("ada",),
    ),
    SecurityCase(
        "log_forging",
        "User names are logged as they come, so a line break in one forges a log entry (CWE-117).",
        "replace line breaks before logging",
        'def ${thing}_log_line(user):\n    return f"INFO opened by {user}"',
        "def ${thing}_log_line(user):\n"
        '    cleaned = user.replace("\\r", " ").replace("\\n", " ")\n'
        '    return f"INFO opened by {cleaned}"',
        (("ada",), ("tom b",), ("42",)),
        ("ada\nINFO opened by admin",),
    ),
)


def draw_case(rng: Random) -> SecurityCase:
    """One of the cases over one of the things."""
    case, thing = rng.choice(_CASES), rng.choice(THINGS)

    def filled(text: str) -> str:
        return Template(text).substitute(thing=thing)

    return SecurityCase(
        case.name, case.weakness, case.advice, filled(case.insecure), filled(case.safe), case.harmless, case.attack
    )
