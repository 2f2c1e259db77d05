"""Reports written from the published database, each read back by the program's own reader.

Does not belong here: reading documents, computing figures (``sql``).
"""
