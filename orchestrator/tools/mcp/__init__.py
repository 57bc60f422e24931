"""Speaking to the real tool server: a call's budget, the transport, and the wires on top."""
