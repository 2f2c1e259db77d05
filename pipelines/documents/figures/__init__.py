"""Figures of a document: tokens, what they measure, whose they are, and which of them prove each other.

Does not belong here: file formats (``pipelines.documents``).
"""
