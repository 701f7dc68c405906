"""Trading: the pure core, the exchange client, the feed, execution and the rows they keep."""
