"""Matrices, boards and graphs."""

from __future__ import annotations

import heapq
from collections import deque


def transpose(matrix: list[list[int]]) -> list[list[int]]:
    """Swap the rows and columns of a matrix.

    Reads the matrix column by column and makes each column a row.

    >>> transpose([[1, 2, 3], [4, 5, 6]])
    [[1, 4], [2, 5], [3, 6]]
    >>> transpose([[7]])
    [[7]]
    """
    return [list(column) for column in zip(*matrix, strict=False)]


def multiply_matrices(left: list[list[int]], right: list[list[int]]) -> list[list[int]]:
    """Multiply two matrices.

    Sums, for every row of the left and column of the right matrix, the products of their entries.

    >>> multiply_matrices([[1, 2], [3, 4]], [[0, 1], [1, 0]])
    [[2, 1], [4, 3]]
    >>> multiply_matrices([[2]], [[5]])
    [[10]]
    """
    product = []
    for row in left:
        entries = []
        for column in zip(*right, strict=False):
            entries.append(sum(a * b for a, b in zip(row, column, strict=False)))
        product.append(entries)
    return product


def count_islands(grid: list[list[int]]) -> int:
    """Count the groups of touching ones in a grid.

    Starts at each unvisited one and marks everything reachable up, down, left and right with a stack.

    >>> count_islands([[1, 1, 0], [0, 0, 1], [1, 0, 1]])
    3
    >>> count_islands([[0, 0]])
    0
    """
    land = {(row, col) for row, cells in enumerate(grid) for col, cell in enumerate(cells) if cell == 1}
    islands = 0
    while land:
        islands += 1
        stack = [land.pop()]
        while stack:
            row, col = stack.pop()
            for place in ((row + 1, col), (row - 1, col), (row, col + 1), (row, col - 1)):
                if place in land:
                    land.remove(place)
                    stack.append(place)
    return islands


def neighbours_alive(board: list[list[int]], row: int, col: int) -> int:
    """Count the living cells around a place on a Game of Life board.

    Looks at the eight places around it and skips those beyond the edge.

    >>> neighbours_alive([[1, 1, 0], [0, 1, 0], [0, 0, 1]], 1, 1)
    3
    >>> neighbours_alive([[1]], 0, 0)
    0
    """
    alive = 0
    for other_row in range(max(0, row - 1), min(len(board), row + 2)):
        for other_col in range(max(0, col - 1), min(len(board[0]), col + 2)):
            if (other_row, other_col) != (row, col) and board[other_row][other_col]:
                alive += 1
    return alive


def shortest_path_length(graph: dict[str, list[str]], start: str, goal: str) -> int:
    """Count the edges of the shortest path between two nodes, or -1.

    Visits the graph in widening circles with a queue until the goal turns up.

    >>> shortest_path_length({"a": ["b", "c"], "b": ["d"], "c": [], "d": []}, "a", "d")
    2
    >>> shortest_path_length({"a": []}, "a", "z")
    -1
    """
    queue = deque([(start, 0)])
    visited = {start}
    while queue:
        node, distance = queue.popleft()
        if node == goal:
            return distance
        for neighbour in graph.get(node, []):
            if neighbour not in visited:
                visited.add(neighbour)
                queue.append((neighbour, distance + 1))
    return -1


def cheapest_route(roads: dict[str, dict[str, int]], start: str, goal: str) -> int | None:
    """Find the lowest total cost between two towns, or None.

    Always continues from the cheapest unfinished town, which a heap delivers (Dijkstra's algorithm).

    >>> cheapest_route({"a": {"b": 4, "c": 1}, "c": {"b": 2}}, "a", "b")
    3
    >>> cheapest_route({"a": {}}, "a", "b") is None
    True
    """
    heap = [(0, start)]
    done = set()
    while heap:
        cost, town = heapq.heappop(heap)
        if town == goal:
            return cost
        if town in done:
            continue
        done.add(town)
        for neighbour, price in roads.get(town, {}).items():
            heapq.heappush(heap, (cost + abs(price), neighbour))
    return None


def build_order(needs: dict[str, list[str]]) -> list[str]:
    """Order tasks so that each comes after all that it needs.

    Visits the needs of a task before the task itself, each one once.

    >>> build_order({"bake": ["mix"], "mix": ["buy"], "buy": []})
    ['buy', 'mix', 'bake']
    >>> build_order({})
    []
    """
    ordered: list[str] = []
    visited = set()

    def visit(task: str) -> None:
        if task in visited:
            return
        visited.add(task)
        for need in needs.get(task, []):
            visit(need)
        ordered.append(task)

    for task in sorted(needs):
        visit(task)
    return ordered


def spiral_order(matrix: list[list[int]]) -> list[int]:
    """Read a matrix in a spiral from the upper left corner inwards.

    Takes the first row off and turns the rest to the left until nothing remains.

    >>> spiral_order([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
    [1, 2, 3, 6, 9, 8, 7, 4, 5]
    >>> spiral_order([])
    []
    """
    rest = [list(row) for row in matrix]
    spiral: list[int] = []
    while rest:
        spiral.extend(rest.pop(0))
        rest = [list(column) for column in zip(*rest, strict=False)][::-1]
    return spiral


def row_maxima(matrix: list[list[int]]) -> list[int]:
    """List the largest number of every row that is not empty.

    Compares the numbers of each row and passes over rows without any.

    >>> row_maxima([[3, 9, 2], [], [5]])
    [9, 5]
    >>> row_maxima([[-1, -4]])
    [-1]
    """
    maxima = []
    for row in matrix:
        if len(row) > 0:
            maxima.append(max(row))
    return maxima


def flood_fill(image: list[list[int]], row: int, col: int, color: int) -> list[list[int]]:
    """Paint the region of one color around a place in an image.

    Spreads from the place to neighbours of the same old color and works on a copy.

    >>> flood_fill([[1, 1], [0, 1]], 0, 0, 2)
    [[2, 2], [0, 2]]
    >>> flood_fill([[3]], 0, 0, 3)
    [[3]]
    """
    painted = [list(cells) for cells in image]
    old = painted[row][col]
    stack = [(row, col)]
    while stack:
        r, c = stack.pop()
        inside = 0 <= r < len(painted) and 0 <= c < len(painted[r])
        if inside and painted[r][c] == old and old != color:
            painted[r][c] = color
            stack.extend([(r + 1, c), (r - 1, c), (r, c + 1), (r, c - 1)])
    return painted


def degree_counts(edges: list[tuple[str, str]]) -> dict[str, int]:
    """Count how many edges touch each node of a graph.

    Adds one to both ends of every edge.

    >>> degree_counts([("a", "b"), ("b", "c")])
    {'a': 1, 'b': 2, 'c': 1}
    >>> degree_counts([])
    {}
    """
    degrees: dict[str, int] = {}
    for start, end in edges:
        degrees[start] = degrees.get(start, 0) + 1
        degrees[end] = degrees.get(end, 0) + 1
    return degrees
