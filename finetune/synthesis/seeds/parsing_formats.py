"""Reading small formats and checking codes."""

from __future__ import annotations

import re


def parse_query_string(query: str) -> dict[str, str]:
    """Read the parameters of a web address into a mapping.

    Splits at ampersands, then each part at its first equals sign; parts without one are passed over.

    >>> parse_query_string("page=2&sort=name")
    {'page': '2', 'sort': 'name'}
    >>> parse_query_string("flag&x=1")
    {'x': '1'}
    """
    parameters = {}
    for part in query.split("&"):
        if "=" in part:
            name, value = part.split("=", 1)
            parameters[name] = value
    return parameters


def parse_settings(text: str) -> dict[str, str]:
    r"""Read lines of name = value into a mapping, leaving out comments.

    Skips blank lines and lines that begin with a hash, and strips the spaces around name and value.

    >>> parse_settings("# colours\nink = blue\npaper=white")
    {'ink': 'blue', 'paper': 'white'}
    >>> parse_settings("")
    {}
    """
    settings = {}
    for line in text.splitlines():
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        name, _, value = stripped.partition("=")
        settings[name.strip()] = value.strip()
    return settings


def brackets_match(text: str) -> bool:
    """Tell whether all brackets of a text are closed in the right order.

    Pushes opening brackets on a stack and compares each closing one with the top.

    >>> brackets_match("f(a[1], {b})")
    True
    >>> brackets_match("(]")
    False
    """
    partners = {")": "(", "]": "[", "}": "{"}
    stack: list[str] = []
    for sign in text:
        if sign in "([{":
            stack.append(sign)
        elif sign in partners and (not stack or stack.pop() != partners[sign]):
            return False
    return not stack


def valid_card_number(number: str) -> bool:
    """Check a card number by its check digit.

    Doubles every second digit from the right, subtracts nine from results above nine, and wants a sum divisible by ten.

    >>> valid_card_number("79927398713")
    True
    >>> valid_card_number("79927398710")
    False
    """
    if not number.isdigit():
        return False
    total = 0
    for index, digit in enumerate(reversed(number)):
        value = int(digit)
        if index % 2 == 1:
            value *= 2
            if value > 9:
                value -= 9
        total += value
    return total % 10 == 0


def valid_isbn10(code: str) -> bool:
    """Check the ten signs of an old book number.

    Weighs the signs from ten down to one, counts X as ten at the end, and wants a sum divisible by eleven.

    >>> valid_isbn10("0306406152")
    True
    >>> valid_isbn10("0306406153")
    False
    """
    if len(code) != 10:
        return False
    total = 0
    for position, sign in enumerate(code):
        if sign == "X" and position == 9:
            value = 10
        elif sign.isdigit():
            value = int(sign)
        else:
            return False
        total += value * (10 - position)
    return total % 11 == 0


def evaluate_postfix(tokens: list[str]) -> int:
    """Evaluate an expression in postfix notation.

    Pushes numbers on a stack and replaces the top two by the result at each operator.

    >>> evaluate_postfix(["2", "3", "+", "4", "*"])
    20
    >>> evaluate_postfix(["7", "2", "-"])
    5
    """
    stack: list[int] = []
    for sign in tokens:
        if sign in ("+", "-", "*"):
            right = stack.pop()
            left = stack.pop()
            if sign == "+":
                stack.append(left + right)
            elif sign == "-":
                stack.append(left - right)
            else:
                stack.append(left * right)
        else:
            stack.append(int(sign))
    return stack[-1]


def compare_versions(first: str, second: str) -> int:
    """Compare two version numbers and give -1, 0 or 1.

    Splits both at the dots, fills the shorter with zeros and compares number by number.

    >>> compare_versions("1.10", "1.9.3")
    1
    >>> compare_versions("2.0", "2")
    0
    """
    left = [int(part) for part in first.split(".")]
    right = [int(part) for part in second.split(".")]
    length = max(len(left), len(right))
    left += [0] * (length - len(left))
    right += [0] * (length - len(right))
    if left == right:
        return 0
    return 1 if left > right else -1


def extract_hashtags(text: str) -> list[str]:
    """Collect the hashtags of a message in lower case.

    Searches a hash sign followed by letters, digits or underscores and drops the sign.

    >>> extract_hashtags("Sunny #Lisbon with #old_friends")
    ['lisbon', 'old_friends']
    >>> extract_hashtags("no tags")
    []
    """
    return [tag.lower() for tag in re.findall(r"#(\w+)", text)]


def snake_to_camel(name: str) -> str:
    """Turn a name with underscores into camel case.

    Keeps the first word and writes every later one with a capital.

    >>> snake_to_camel("total_price_net")
    'totalPriceNet'
    >>> snake_to_camel("size")
    'size'
    """
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def password_problems(password: str) -> list[str]:
    """List the rules that a password breaks.

    Tests the length, and that there is a digit and an upper-case letter.

    >>> password_problems("secret")
    ['too short', 'no digit', 'no upper-case letter']
    >>> password_problems("LongEnough42")
    []
    """
    problems = []
    if len(password) < 10:
        problems.append("too short")
    if not any(sign.isdigit() for sign in password):
        problems.append("no digit")
    if not any(sign.isupper() for sign in password):
        problems.append("no upper-case letter")
    return problems


def count_log_levels(lines: list[str]) -> dict[str, int]:
    """Count the log lines of each level.

    Takes the word before the first colon as the level and ignores lines without a colon.

    >>> count_log_levels(["ERROR: disk full", "INFO: started", "ERROR: no route"])
    {'ERROR': 2, 'INFO': 1}
    >>> count_log_levels(["plain"])
    {}
    """
    levels: dict[str, int] = {}
    for line in lines:
        if ":" not in line:
            continue
        level = line.split(":")[0].strip()
        levels[level] = levels.get(level, 0) + 1
    return levels
