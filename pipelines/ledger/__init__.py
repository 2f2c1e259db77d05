"""The ledger: frozen records of every file, table and line that was delivered, and of what became of it with its money.

Every other room reads these records; nothing is counted a second time. Does not belong here: reading files (ingest),
judging rows (quality), where records lie on disk (warehouse.store).
"""
