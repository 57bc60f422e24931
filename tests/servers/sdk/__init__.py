"""Real MCP servers, built with the official SDK: referees that owe our client nothing.

`serve_2x` runs in the suite's own environment, `serve_1x` in one of its own (`environment`), since
the two majors of the SDK cannot share one. Both serve the sample catalogue (`tools`) in several
manners at once, each at a path of its own (`hosting`); `running` is the handle that tests hold.
"""
