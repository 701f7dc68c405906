"""Backpack: REST, streams and the wire's words, behind the ports of `trading.exchange`."""
