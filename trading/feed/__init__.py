"""Market data: from the exchange's streams to the proven book in Redis."""
