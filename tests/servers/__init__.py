"""Servers that tests and developers run on loopback: real sockets, real HTTP."""
