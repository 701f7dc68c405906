"""Exchange: what trading asks of an exchange (ports), what can go wrong (errors), and Backpack behind it."""
