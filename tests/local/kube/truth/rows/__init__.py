"""The rows of the truth table, one module a folder of recordings."""
