"""The accepted store, the build, the publication, and opening it for reading.

Does not belong here: how a file is read (ingest), whether a row is right (quality), what people read (reports).
"""
