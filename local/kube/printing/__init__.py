"""Objects as people see them: Tables (``tables``), with the columns of each resource (``columns``, ``pods``), and metadata alone."""
