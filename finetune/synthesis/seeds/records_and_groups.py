"""Dictionaries and records: grouping, indexing, comparing."""

from __future__ import annotations

from collections import Counter, defaultdict


def group_by_initial(names: list[str]) -> dict[str, list[str]]:
    """Group names by their first letter in upper case.

    Appends each name to the list of its initial and skips empty names.

    >>> group_by_initial(["Ada", "alan", "Grace"])
    {'A': ['Ada', 'alan'], 'G': ['Grace']}
    >>> group_by_initial([""])
    {}
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for name in names:
        if name:
            groups[name[0].upper()].append(name)
    return dict(groups)


def invert_mapping(mapping: dict[str, int]) -> dict[int, list[str]]:
    """Turn a mapping around so that each value leads to its sorted keys.

    Visits the keys in order and collects them under their value.

    >>> invert_mapping({"b": 1, "a": 1, "c": 2})
    {1: ['a', 'b'], 2: ['c']}
    >>> invert_mapping({})
    {}
    """
    inverted: dict[int, list[str]] = {}
    for key in sorted(mapping):
        inverted.setdefault(mapping[key], []).append(key)
    return inverted


def merge_counts(first: dict[str, int], second: dict[str, int]) -> dict[str, int]:
    """Add up the counts of two mappings key by key.

    Copies the first mapping and adds each count of the second to it, taking zero for a missing key.

    >>> merge_counts({"apple": 2}, {"apple": 1, "pear": 4})
    {'apple': 3, 'pear': 4}
    >>> merge_counts({}, {"plum": 1})
    {'plum': 1}
    """
    merged = dict(first)
    for key, count in second.items():
        merged[key] = merged.get(key, 0) + count
    return merged


def best_scores(results: list[tuple[str, int]]) -> dict[str, int]:
    """Keep the highest score of every player.

    Replaces a player's stored score whenever a later result is higher.

    >>> best_scores([("Mia", 7), ("Tom", 5), ("Mia", 9)])
    {'Mia': 9, 'Tom': 5}
    >>> best_scores([("Ann", -2)])
    {'Ann': -2}
    """
    best: dict[str, int] = {}
    for player, score in results:
        if player not in best or score > best[player]:
            best[player] = score
    return best


def changed_keys(before: dict[str, int], after: dict[str, int]) -> list[str]:
    """List the keys whose value differs between two mappings, sorted.

    Looks at the keys of both sides and keeps those that are missing on one side or hold another value.

    >>> changed_keys({"a": 1, "b": 2}, {"b": 3, "c": 4})
    ['a', 'b', 'c']
    >>> changed_keys({"a": 1}, {"a": 1})
    []
    """
    keys = set(before) | set(after)
    return sorted(key for key in keys if before.get(key) != after.get(key))


def majority_vote(votes: list[str]) -> str | None:
    """Find the choice that more than half of the votes name, or None.

    Counts the votes, takes the most frequent choice and tests it against half of the total.

    >>> majority_vote(["red", "blue", "red"])
    'red'
    >>> majority_vote(["red", "blue"]) is None
    True
    """
    if not votes:
        return None
    choice, count = Counter(votes).most_common(1)[0]
    return choice if count * 2 > len(votes) else None


def total_by_category(entries: list[tuple[str, float]]) -> dict[str, float]:
    """Sum amounts by category.

    Adds every amount to the running sum of its category.

    >>> total_by_category([("food", 12.5), ("rent", 700.0), ("food", 7.5)])
    {'food': 20.0, 'rent': 700.0}
    >>> total_by_category([])
    {}
    """
    totals: dict[str, float] = defaultdict(float)
    for category, amount in entries:
        totals[category] += amount
    return dict(totals)


def flatten_record(record: dict[str, dict[str, int]]) -> dict[str, int]:
    """Flatten a nested mapping by joining the keys with dots.

    Combines each outer key with every inner key and copies the value.

    >>> flatten_record({"size": {"width": 3, "height": 4}})
    {'size.width': 3, 'size.height': 4}
    >>> flatten_record({"empty": {}})
    {}
    """
    return {f"{outer}.{inner}": value for outer, part in record.items() for inner, value in part.items()}


def rank_players(scores: dict[str, int]) -> list[str]:
    """Order players by falling score, alphabetically among equals.

    Sorts by the negated score and then by the name.

    >>> rank_players({"Zoe": 3, "Ben": 5, "Amy": 3})
    ['Ben', 'Amy', 'Zoe']
    >>> rank_players({"Kim": 0})
    ['Kim']
    """
    return sorted(scores, key=lambda player: (-scores[player], player))


def missing_fields(record: dict[str, str], required: list[str]) -> list[str]:
    """List the required fields that a record lacks or leaves blank.

    Looks up each required field and keeps it when nothing but spaces is stored there.

    >>> missing_fields({"name": "Eva", "city": " "}, ["name", "city", "phone"])
    ['city', 'phone']
    >>> missing_fields({"name": "Eva"}, ["name"])
    []
    """
    missing = []
    for field in required:
        value = record.get(field, "")
        if value.strip() == "":
            missing.append(field)
    return missing


def shared_interests(people: dict[str, list[str]], first: str, second: str) -> list[str]:
    """List what two people both like, sorted.

    Builds a set of each person's interests and takes what lies in both; an unknown person likes nothing.

    >>> shared_interests({"Ida": ["chess", "rowing"], "Leo": ["rowing", "film"]}, "Ida", "Leo")
    ['rowing']
    >>> shared_interests({"Ida": ["chess"]}, "Ida", "Nobody")
    []
    """
    liked = set(people.get(first, []))
    return sorted(interest for interest in set(people.get(second, [])) if interest in liked)
