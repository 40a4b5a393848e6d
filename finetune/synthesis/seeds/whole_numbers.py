"""Whole numbers: divisors, digits, sequences."""

from __future__ import annotations

import math


def is_prime(number: int) -> bool:
    """Tell whether a number is prime.

    Refuses numbers below two and tries every divisor up to the square root.

    >>> is_prime(29)
    True
    >>> is_prime(91)
    False
    """
    if number < 2:
        return False
    return all(number % divisor != 0 for divisor in range(2, math.isqrt(number) + 1))


def primes_below(limit: int) -> list[int]:
    """List the prime numbers below a limit.

    Crosses out the multiples of each prime in a table, beginning at its square (the sieve of Eratosthenes).

    >>> primes_below(20)
    [2, 3, 5, 7, 11, 13, 17, 19]
    >>> primes_below(2)
    []
    """
    marks = [True] * max(limit, 0)
    for number in range(2, limit):
        if marks[number]:
            for multiple in range(number * number, limit, number):
                marks[multiple] = False
    return [number for number in range(2, limit) if marks[number]]


def digit_sum(number: int) -> int:
    """Add up the decimal digits of a number.

    Takes off the last digit by division by ten until nothing is left, ignoring the sign.

    >>> digit_sum(4096)
    19
    >>> digit_sum(-12)
    3
    """
    rest = abs(number)
    total = 0
    while rest > 0:
        total += rest % 10
        rest //= 10
    return total


def fibonacci(position: int) -> int:
    """Compute the Fibonacci number at a position.

    Moves a pair of neighbours forward, replacing the smaller by the sum of both.

    >>> fibonacci(10)
    55
    >>> fibonacci(1)
    1
    """
    previous, current = 0, 1
    for _ in range(position):
        previous, current = current, previous + current
    return previous


def prime_factors(number: int) -> list[int]:
    """Split a number into its prime factors.

    Divides by each candidate as long as it goes in evenly; what is left above one is prime itself.

    >>> prime_factors(60)
    [2, 2, 3, 5]
    >>> prime_factors(97)
    [97]
    """
    factors: list[int] = []
    divisor = 2
    while divisor * divisor <= number:
        while number % divisor == 0:
            factors.append(divisor)
            number //= divisor
        divisor += 1
    if number > 1:
        factors.append(number)
    return factors


def least_common_multiple(numbers: list[int]) -> int:
    """Find the smallest number that all given numbers divide.

    Multiplies the numbers in one by one and divides each product by the greatest common divisor.

    >>> least_common_multiple([4, 6, 10])
    60
    >>> least_common_multiple([7])
    7
    """
    multiple = 1
    for number in numbers:
        multiple = multiple * number // math.gcd(multiple, number)
    return multiple


def to_roman(number: int) -> str:
    """Write a number in Roman numerals.

    Goes through the signs from the largest down and takes each as often as it fits.

    >>> to_roman(1994)
    'MCMXCIV'
    >>> to_roman(8)
    'VIII'
    """
    signs = [(1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL")]
    signs += [(10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")]
    numeral = ""
    for value, sign in signs:
        while number >= value:
            numeral += sign
            number -= value
    return numeral


def to_base(number: int, base: int) -> str:
    """Write a number in another base between two and sixteen.

    Collects the remainders of repeated division by the base and reads them backwards.

    >>> to_base(255, 16)
    'ff'
    >>> to_base(10, 2)
    '1010'
    """
    if not 2 <= base <= 16:
        raise ValueError(f"the base must lie between 2 and 16, got {base}")
    if number == 0:
        return "0"
    digits: list[str] = []
    rest = abs(number)
    while rest:
        digits.append("0123456789abcdef"[rest % base])
        rest //= base
    text = "".join(reversed(digits))
    return f"-{text}" if number < 0 else text


def perfect_numbers(limit: int) -> list[int]:
    """List the numbers up to a limit that equal the sum of their proper divisors.

    Adds up all smaller divisors of every number and keeps the number when the sum equals it.

    >>> perfect_numbers(30)
    [6, 28]
    >>> perfect_numbers(5)
    []
    """
    found = []
    for number in range(2, limit + 1):
        total = sum(divisor for divisor in range(1, number // 2 + 1) if number % divisor == 0)
        if total == number:
            found.append(number)
    return found


def collatz_steps(start: int) -> int:
    """Count the steps of the Collatz sequence until it reaches one.

    Halves even numbers, triples odd ones and adds one, and counts until the value is one.

    >>> collatz_steps(6)
    8
    >>> collatz_steps(1)
    0
    """
    if start < 1:
        raise ValueError(f"the sequence begins at 1 or more, got {start}")
    steps = 0
    value = start
    while value != 1:
        value = value // 2 if value % 2 == 0 else 3 * value + 1
        steps += 1
    return steps
