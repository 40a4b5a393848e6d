"""Money, statistics and measurements."""

from __future__ import annotations

import math
import statistics


def compound_interest(amount: float, rate: float, years: int) -> float:
    """Compute what an amount grows to with yearly interest, rounded to cents.

    Multiplies the balance by one plus the rate once for every year.

    >>> compound_interest(1000.0, 0.05, 2)
    1102.5
    >>> compound_interest(200.0, 0.0, 10)
    200.0
    """
    balance = amount
    for _ in range(years):
        balance *= 1 + rate
    return round(balance, 2)


def make_change(amount: int, coins: list[int]) -> dict[int, int]:
    """Pay an amount with as few coins as a greedy choice allows.

    Takes each coin as often as it fits, from the largest to the smallest.

    >>> make_change(87, [50, 20, 10, 5, 2, 1])
    {50: 1, 20: 1, 10: 1, 5: 1, 2: 1}
    >>> make_change(4, [3, 1])
    {3: 1, 1: 1}
    """
    change: dict[int, int] = {}
    for coin in sorted(coins, reverse=True):
        if 0 < coin <= amount:
            change[coin] = amount // coin
            amount %= coin
    return change


def fewest_coins(amount: int, coins: list[int]) -> int:
    """Find the smallest number of coins that make up an amount, or -1.

    Solves every smaller amount first and extends the best solution by one coin (dynamic programming).

    >>> fewest_coins(11, [1, 5, 6])
    2
    >>> fewest_coins(3, [2])
    -1
    """
    best = [0] + [amount + 1] * amount
    for part in range(1, amount + 1):
        for coin in coins:
            if 0 < coin <= part:
                best[part] = min(best[part], best[part - coin] + 1)
    return best[amount] if best[amount] <= amount else -1


def median(values: list[float]) -> float:
    """Find the middle of the sorted values.

    Takes the value in the middle, or the mean of the two middle ones when their number is even.

    >>> median([5.0, 1.0, 3.0])
    3.0
    >>> median([4.0, 1.0, 3.0, 2.0])
    2.5
    """
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2 == 1:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2


def standard_deviation(values: list[float]) -> float:
    """Measure how far values spread around their mean, rounded to four places.

    Averages the squared distances from the mean and takes the square root.

    >>> standard_deviation([2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0])
    2.0
    >>> standard_deviation([3.0])
    0.0
    """
    mean = statistics.fmean(values)
    variance = sum((value - mean) ** 2 for value in values) / len(values)
    return round(math.sqrt(variance), 4)


def scale_to_unit(values: list[float]) -> list[float]:
    """Scale values to the range from zero to one.

    Subtracts the smallest value and divides by the distance between the largest and the smallest.

    >>> scale_to_unit([10.0, 20.0, 15.0])
    [0.0, 1.0, 0.5]
    >>> scale_to_unit([7.0, 7.0])
    [0.0, 0.0]
    """
    low, high = min(values), max(values)
    if low == high:
        return [0.0 for _ in values]
    return [(value - low) / (high - low) for value in values]


def letter_grade(points: int) -> str:
    """Turn points out of a hundred into a letter grade.

    Compares the points with the lower bound of each grade from A downwards.

    >>> letter_grade(91)
    'A'
    >>> letter_grade(55)
    'F'
    """
    if points < 0 or points > 100:
        raise ValueError(f"points lie between 0 and 100, got {points}")
    for bound, grade in ((90, "A"), (80, "B"), (70, "C"), (60, "D")):
        if points >= bound:
            return grade
    return "F"


def order_total(prices: list[float], discount_code: str) -> float:
    """Add up the prices of an order and take off a discount.

    Takes a tenth off for SAVE10, a quarter off above one hundred for BIG25, and nothing for other codes.

    >>> order_total([60.0, 60.0], "BIG25")
    90.0
    >>> order_total([10.0], "SAVE10")
    9.0
    """
    total = sum(prices)
    if discount_code == "SAVE10":
        total *= 0.9
    elif discount_code == "BIG25" and total > 100:
        total *= 0.75
    return round(total, 2)


def weighted_mean(pairs: list[tuple[float, float]]) -> float:
    """Average values by their weights.

    Divides the sum of value times weight by the sum of the weights.

    >>> weighted_mean([(2.0, 1.0), (4.0, 3.0)])
    3.5
    >>> weighted_mean([(5.0, 2.0)])
    5.0
    """
    weight_sum = sum(weight for _, weight in pairs)
    return sum(value * weight for value, weight in pairs) / weight_sum


def outliers(values: list[float], limit: float) -> list[float]:
    """Pick the values that lie further from the mean than a limit.

    Computes the mean first and keeps each value whose distance from it is above the limit.

    >>> outliers([1.0, 2.0, 30.0], 15.0)
    [30.0]
    >>> outliers([4.0, 4.0], 1.0)
    []
    """
    mean = sum(values) / len(values)
    far = []
    for value in values:
        if abs(value - mean) > limit:
            far.append(value)
    return far


def distance_travelled(points: list[tuple[float, float]]) -> float:
    """Measure the length of a path through points on a plane, rounded to three places.

    Adds the straight distances between each point and the next.

    >>> distance_travelled([(0.0, 0.0), (3.0, 4.0), (3.0, 10.0)])
    11.0
    >>> distance_travelled([(1.0, 1.0)])
    0.0
    """
    length = 0.0
    for start, end in zip(points, points[1:], strict=False):
        length += math.dist(start, end)
    return round(length, 3)


def body_mass_class(weight_kg: float, height_m: float) -> str:
    """Classify a body mass index as low, normal or high.

    Divides the weight by the squared height and compares the result with 18.5 and 25.

    >>> body_mass_class(70.0, 1.75)
    'normal'
    >>> body_mass_class(100.0, 1.7)
    'high'
    """
    index = weight_kg / height_m**2
    if 18.5 <= index < 25:
        return "normal"
    return "low" if index < 18.5 else "high"
