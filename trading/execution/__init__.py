"""Execution: from a market's state to orders, stops and closed positions, one account never touching another's."""
