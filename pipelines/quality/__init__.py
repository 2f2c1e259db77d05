"""Rules, findings, conservation of rows and money, the gate: what decides whether figures can be trusted.

Does not belong here: reading files (ingest), where accepted rows lie (warehouse).
"""
