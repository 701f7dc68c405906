"""Recorded markets: the file format, its reader and writer, and importers of foreign recordings."""
