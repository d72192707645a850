"""The records in DynamoDB: one table, every write of several items one transaction. See :mod:`.table` for the layout."""
