"""The exchange itself: pure, synchronous and deterministic; the clock is passed in and nothing is read or written."""
