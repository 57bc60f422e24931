"""The provider tools: what may be asked, over which wire, and what an answer must look like.

`contract` names the tools and reads their results, `mcp` speaks to the real server, `mock` holds
the sample catalogue, and `toolbox` is the one door that the rest of the service uses. Nothing in
here knows the signup flow or a database row.
"""
