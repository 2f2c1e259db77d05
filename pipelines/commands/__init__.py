"""What the commands of ``district-finance`` do and print, one module per command.

Does not belong here: options and help (``pipelines.cli``), and anything that the nightly run itself needs.
"""
