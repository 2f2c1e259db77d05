"""The district finance warehouse: exports in, execution and adjustment rates out.

The rooms and the direction in which they may import each other are drawn in docs/architecture.md.
"""
