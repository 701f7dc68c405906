"""The pure core: functions over values. No Django, no I/O, no clock, no randomness, no logging."""
