"""What each export must look like: the only place that knows a column.

Belongs here: datasets, columns, Chinese labels, header aliases, units, row rules, code lists, and the meaning of
every published figure. Everything else (pandera schemas, DuckDB tables and their comments, the data dictionary, the
Chinese views, header recognition) is derived from these definitions.

Does not belong here: reading files (ingest), applying the rules to rows (quality), SQL (sql/).
"""
