"""Text: cleaning, counting, shaping."""

from __future__ import annotations

from collections import Counter


def count_vowels(text: str) -> int:
    """Count the vowels of a text.

    Looks at every letter in lower case and adds one for each that is a, e, i, o or u.

    >>> count_vowels("Evening train")
    5
    >>> count_vowels("rhythm")
    0
    """
    total = 0
    for letter in text.lower():
        if letter in "aeiou":
            total += 1
    return total


def is_palindrome(text: str) -> bool:
    """Tell whether a text reads the same in both directions.

    Keeps only letters and digits in lower case, then compares the sequence with its reverse.

    >>> is_palindrome("Never odd or even")
    True
    >>> is_palindrome("palace")
    False
    """
    letters = [letter.lower() for letter in text if letter.isalnum()]
    return letters == letters[::-1]


def slugify(title: str) -> str:
    """Turn a title into a lower-case address part with hyphens.

    Replaces everything that is neither letter nor digit by a space, splits into words and joins them with hyphens.

    >>> slugify("Ten Rules, for Clean Code!")
    'ten-rules-for-clean-code'
    >>> slugify("  Hello   World ")
    'hello-world'
    """
    cleaned = "".join(letter if letter.isalnum() else " " for letter in title.lower())
    return "-".join(cleaned.split())


def most_common_words(text: str, limit: int) -> list[str]:
    """List the most frequent words of a text, alphabetically among equals.

    Counts the lower-case words and sorts them by falling count, then by spelling, before cutting the list.

    >>> most_common_words("the cat and the dog and the bird", 2)
    ['the', 'and']
    >>> most_common_words("b a b a c", 3)
    ['a', 'b', 'c']
    """
    counts = Counter(text.lower().split())
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    return ranked[:limit]


def caesar_encrypt(text: str, shift: int) -> str:
    """Encrypt a text by moving every letter along the alphabet.

    Shifts lower-case and upper-case letters by a number of places around the alphabet and leaves other signs alone.

    >>> caesar_encrypt("Hello, you", 3)
    'Khoor, brx'
    >>> caesar_encrypt("xyz", 2)
    'zab'
    """
    letters = []
    for letter in text:
        if "a" <= letter <= "z":
            letters.append(chr((ord(letter) - ord("a") + shift) % 26 + ord("a")))
        elif "A" <= letter <= "Z":
            letters.append(chr((ord(letter) - ord("A") + shift) % 26 + ord("A")))
        else:
            letters.append(letter)
    return "".join(letters)


def wrap_words(text: str, width: int) -> list[str]:
    """Break a text into lines of limited width without splitting words.

    Fills a line word by word and starts the next one when another word would pass the width.

    >>> wrap_words("a quick brown fox jumps", 10)
    ['a quick', 'brown fox', 'jumps']
    >>> wrap_words("one two", 20)
    ['one two']
    """
    lines: list[str] = []
    current = ""
    for word in text.split():
        if current and len(current) + 1 + len(word) > width:
            lines.append(current)
            current = word
        else:
            current = f"{current} {word}" if current else word
    if current:
        lines.append(current)
    return lines


def run_length_encode(text: str) -> str:
    """Compress a text by writing each run of equal letters as a count and the letter.

    Walks along the letters, lengthens the run while the letter stays the same, and writes the run when it changes.

    >>> run_length_encode("aaabcc")
    '3a1b2c'
    >>> run_length_encode("zz")
    '2z'
    """
    encoded = ""
    index = 0
    while index < len(text):
        length = 1
        while index + length < len(text) and text[index + length] == text[index]:
            length += 1
        encoded += f"{length}{text[index]}"
        index += length
    return encoded


def are_anagrams(first: str, second: str) -> bool:
    """Tell whether two texts use the same letters equally often.

    Counts the letters of both texts in lower case without spaces and compares the counts.

    >>> are_anagrams("Dormitory", "dirty room")
    True
    >>> are_anagrams("stone", "notes!")
    False
    """
    left = Counter(first.lower().replace(" ", ""))
    right = Counter(second.lower().replace(" ", ""))
    return left == right


def mask_email(address: str) -> str:
    """Hide the middle of the name in an e-mail address.

    Splits the address at the at sign and keeps the first and last letter of the name around asterisks.

    >>> mask_email("martina@example.org")
    'm*****a@example.org'
    >>> mask_email("no address")
    'no address'
    """
    if address.count("@") != 1:
        return address
    name, domain = address.split("@")
    if len(name) <= 2:
        return f"{'*' * len(name)}@{domain}"
    return f"{name[0]}{'*' * (len(name) - 2)}{name[-1]}@{domain}"


def longest_common_prefix(words: list[str]) -> str:
    """Find the longest beginning that all words share.

    Compares the alphabetically first and last word letter by letter, since all others lie between them.

    >>> longest_common_prefix(["flower", "flow", "flight"])
    'fl'
    >>> longest_common_prefix(["dog", "car"])
    ''
    """
    if not words:
        return ""
    first, last = min(words), max(words)
    for index, letter in enumerate(first):
        if index >= len(last) or letter != last[index]:
            return first[:index]
    return first
