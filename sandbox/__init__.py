"""A local exchange that speaks Backpack's REST and WebSocket protocol: the test bench, paper trading and the demo."""
