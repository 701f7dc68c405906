"""The board: what the feed posts in Redis and the workers read: books, marks, and which evaluations are under way."""
