"""Market data for the sandbox: sources of (symbol, event) and their replay against the clock."""
