"""Published reports: read (figures with their place), compared with themselves, and written.

A report is a fact about what was published. Nothing that is computed is ever taken from one.
Does not belong here: deliveries (``pipelines.ingest``), the comparison with the warehouse (``sql/rules``).
"""
