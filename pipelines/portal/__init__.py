"""``district-finance serve``: the published file and the reports as pages, read-only, in a browser.

Nothing here writes to the warehouse, and nothing here calculates a figure: pages show what summary tables publish.
Does not belong here: what is published (``sql/``), what a report holds (``pipelines.reports``).
"""
