"""Strategies: pure state machines `decide(params, market, bot) -> decision`, one file per mode."""
