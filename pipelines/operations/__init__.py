"""What keeps the warehouse running with nobody watching: logs, messages, doctor, backup, prune, migration.

Does not belong here: the night itself (``pipelines.nightly``), anything about figures (``pipelines.warehouse``).
"""
