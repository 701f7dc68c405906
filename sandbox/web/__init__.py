"""The protocol: signatures, REST handlers, streams and the shapes that go over the wire."""
