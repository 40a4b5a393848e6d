"""Lists: searching, splitting, merging."""

from __future__ import annotations

import bisect
import heapq
import itertools
from collections import deque


def moving_average(values: list[float], window: int) -> list[float]:
    """Average every run of neighbouring values of a given width.

    Takes each slice of that width along the list and divides its sum by the width.

    >>> moving_average([1.0, 2.0, 3.0, 4.0], 2)
    [1.5, 2.5, 3.5]
    >>> moving_average([5.0], 1)
    [5.0]
    """
    averages = []
    for start in range(len(values) - window + 1):
        averages.append(sum(values[start : start + window]) / window)
    return averages


def binary_search(values: list[int], target: int) -> int:
    """Find the position of a number in a sorted list, or -1.

    Halves the range that can hold the number by looking at its middle until the range is empty.

    >>> binary_search([1, 3, 5, 8, 13], 8)
    3
    >>> binary_search([1, 3, 5], 4)
    -1
    """
    low, high = 0, len(values) - 1
    while low <= high:
        middle = (low + high) // 2
        if values[middle] == target:
            return middle
        if values[middle] < target:
            low = middle + 1
        else:
            high = middle - 1
    return -1


def merge_sorted(first: list[int], second: list[int]) -> list[int]:
    """Merge two sorted lists into one sorted list.

    Takes the smaller of the two heads each time and appends what remains of the longer list.

    >>> merge_sorted([1, 4, 9], [2, 3, 10])
    [1, 2, 3, 4, 9, 10]
    >>> merge_sorted([], [5])
    [5]
    """
    merged = []
    left = right = 0
    while left < len(first) and right < len(second):
        if first[left] <= second[right]:
            merged.append(first[left])
            left += 1
        else:
            merged.append(second[right])
            right += 1
    return merged + first[left:] + second[right:]


def split_into_chunks(items: list[int], size: int) -> list[list[int]]:
    """Split a list into pieces of equal size, the last one possibly shorter.

    Steps through the list by the size and cuts a slice at each step.

    >>> split_into_chunks([1, 2, 3, 4, 5], 2)
    [[1, 2], [3, 4], [5]]
    >>> split_into_chunks([7, 8], 4)
    [[7, 8]]
    """
    if size < 1:
        raise ValueError(f"the size must be at least 1, got {size}")
    return [items[start : start + size] for start in range(0, len(items), size)]


def without_duplicates(items: list[int]) -> list[int]:
    """Drop repeated items and keep the order of first appearance.

    Remembers the items already met in a set and appends only new ones.

    >>> without_duplicates([3, 1, 3, 2, 1])
    [3, 1, 2]
    >>> without_duplicates([4, 4, 4])
    [4]
    """
    seen = set()
    kept = []
    for item in items:
        if item not in seen:
            seen.add(item)
            kept.append(item)
    return kept


def largest_sum(values: list[int]) -> int:
    """Find the largest sum of neighbouring numbers in a list.

    Extends the best run that ends at each number or starts anew there, and remembers the best of all (Kadane).

    >>> largest_sum([-2, 1, -3, 4, -1, 2, 1, -5, 4])
    6
    >>> largest_sum([-3, -1])
    -1
    """
    best = current = values[0]
    for value in values[1:]:
        current = max(value, current + value)
        best = max(best, current)
    return best


def rotate_left(items: list[int], places: int) -> list[int]:
    """Rotate a list to the left by some places.

    Moves the head to the end, place by place, on a double-ended queue.

    >>> rotate_left([1, 2, 3, 4], 1)
    [2, 3, 4, 1]
    >>> rotate_left([1, 2, 3], 4)
    [2, 3, 1]
    """
    if not items:
        return []
    queue = deque(items)
    for _ in range(places % len(items)):
        queue.append(queue.popleft())
    return list(queue)


def pairs_with_sum(values: list[int], target: int) -> list[tuple[int, int]]:
    """Find the pairs of numbers in a list that add up to a target.

    Walks along the list and looks for each number's partner among the numbers already seen.

    >>> pairs_with_sum([1, 5, 3, 7, 9], 10)
    [(3, 7), (1, 9)]
    >>> pairs_with_sum([2, 2], 5)
    []
    """
    seen = set()
    pairs = []
    for value in values:
        if target - value in seen:
            pairs.append((target - value, value))
        seen.add(value)
    return pairs


def running_totals(values: list[int]) -> list[int]:
    """List the running totals of a list of numbers.

    Adds each number to the sum of all before it.

    >>> running_totals([1, 2, 3, 4])
    [1, 3, 6, 10]
    >>> running_totals([10, -10])
    [10, 0]
    """
    return list(itertools.accumulate(values))


def smallest_items(values: list[int], count: int) -> list[int]:
    """Pick the smallest numbers of a list in rising order.

    Keeps a heap so that the whole list never needs to be sorted.

    >>> smallest_items([9, 2, 7, 1, 5], 2)
    [1, 2]
    >>> smallest_items([4], 3)
    [4]
    """
    return heapq.nsmallest(count, values)


def insert_position(values: list[int], number: int) -> int:
    """Find where a number belongs in a list once the list is sorted.

    Sorts the list and searches the leftmost place that keeps the order.

    >>> insert_position([7, 1, 4], 5)
    2
    >>> insert_position([3, 3], 3)
    0
    """
    ordered = sorted(values)
    return bisect.bisect_left(ordered, number)


def longest_rising_run(values: list[int]) -> int:
    """Measure the longest stretch of strictly rising neighbours.

    Counts on while each number exceeds the one before and starts again at one when it does not.

    >>> longest_rising_run([1, 2, 3, 1, 2])
    3
    >>> longest_rising_run([5, 4])
    1
    """
    longest = current = 1 if values else 0
    for before, after in zip(values, values[1:], strict=False):
        current = current + 1 if after > before else 1
        longest = max(longest, current)
    return longest
