"""What people read: the bulletin workbook and the page of one district and year, from the published database.

Does not belong here: figures. Everything shown is read from published tables, labels and meanings from the contracts.
"""
